/* SPDX-License-Identifier: Apache-2.0 */
/* DNG tags that LibRaw does not hand out. */
#ifndef CHROMAFUSE_CAPTURE_DNG_TAGS_H
#define CHROMAFUSE_CAPTURE_DNG_TAGS_H

#include <stdint.h>

#include "calib/profile.h"

#define CF_TAG_NOISE_PROFILE 51041 /* DNG 1.3: 2 doubles (scale, offset) per colour plane */

typedef struct {
    int is_dng; /* the file is a TIFF with DNGVersion */
    cf_noise noise;
    uint32_t active_left, active_top; /* ActiveArea's corner; 0,0 where the tag is missing */
    uint32_t width, height;           /* of the raw directory; 0 unknown */
    uint16_t bits, samples, compression;
} cf_dng_tags;

/*
 * Reads the directory of the raw picture (the SubIFD of a full-resolution CFA or LinearRaw picture,
 * else IFD 0). noise: its NoiseProfile, or IFD 0's where it has none; several planes are averaged
 * (one sensor, one analogue gain: they hardly differ), negative offsets count as 0; {0,0} where the
 * tag is missing or has a wrong type, count or value (warned). Never fails: what cannot be read
 * stays 0.
 */
void cf_dng_tags_read(const char *path, cf_dng_tags *tags);

#endif
