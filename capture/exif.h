/* SPDX-License-Identifier: Apache-2.0 */
/* EXIF blocks from what is known about a frame. */
#ifndef CHROMAFUSE_CAPTURE_EXIF_H
#define CHROMAFUSE_CAPTURE_EXIF_H

#include <stdint.h>

#include "capture/frame.h"

#define CF_EXIF_MAX 1024

/*
 * Writes an EXIF 2.3 block (little-endian TIFF header first, no "Exif\0\0" before it) into out
 * (CF_EXIF_MAX bytes) and returns its size. What about does not know is left out. NULL software:
 * "chromafuse"; longer than 63 bytes is cut. is_srgb sets the ColorSpace field.
 */
size_t cf_exif_make(const cf_frame *about, const char *software, int is_srgb, unsigned char *out);

/* value (positive) as a fraction for a RATIONAL field: 1/n below one half, else in 1/10000ths. */
void cf_exif_fraction(double value, uint32_t out[2]);

#endif
