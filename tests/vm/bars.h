/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's test pattern as the judge of unpacking, bit depth and mosaic order. */
#ifndef CHROMAFUSE_TESTS_VM_BARS_H
#define CHROMAFUSE_TESTS_VM_BARS_H

#include "calib/profile.h"

/* Are these codes vivid's "100% Colorbar" (full range, no text over it)? 0 when they are; else -1,
 * with a line that says which bar, site and code. */
int bars_check(const cf_image *codes, const cf_camera_profile *profile);

#endif
