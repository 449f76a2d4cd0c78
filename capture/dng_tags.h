/* SPDX-License-Identifier: Apache-2.0 */
/* DNG tags that LibRaw does not hand out. */
#ifndef CHROMAFUSE_CAPTURE_DNG_TAGS_H
#define CHROMAFUSE_CAPTURE_DNG_TAGS_H

#include "calib/profile.h"

#define CF_TAG_NOISE_PROFILE 51041 /* DNG 1.3: 2 doubles (scale, offset) per colour plane */

/*
 * NoiseProfile of the raw picture in the DNG at path, or of IFD 0 where the raw directory has none.
 * Several planes are averaged (one sensor, one analogue gain: they hardly differ). *noise becomes
 * {0,0} where the tag is missing, or has a wrong type, count or value (warned). Never fails: a raw
 * without a noise model is still a raw.
 */
void cf_dng_noise_read(const char *path, cf_noise *noise);

#endif
