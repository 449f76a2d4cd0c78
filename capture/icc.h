/* SPDX-License-Identifier: Apache-2.0 */
/* ICC profiles of display pictures, made in code. */
#ifndef CHROMAFUSE_CAPTURE_ICC_H
#define CHROMAFUSE_CAPTURE_ICC_H

#include <stddef.h>

#define CF_ICC_MAX 1024

/*
 * Writes a version 4.3 display profile into out (CF_ICC_MAX bytes): sRGB (IEC 61966-2-1), or with
 * grey != 0 a grey profile of the same transfer function. Returns its size. Deterministic.
 * Layout: ICC.1:2010; colorants are sRGB's primaries adapted to D50 by Bradford.
 */
size_t cf_icc_srgb(int grey, unsigned char *out);

#endif
