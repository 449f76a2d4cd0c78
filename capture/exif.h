/* SPDX-License-Identifier: Apache-2.0 */
/* EXIF blocks from what is known about a frame. */
#ifndef CHROMAFUSE_CAPTURE_EXIF_H
#define CHROMAFUSE_CAPTURE_EXIF_H

#include <stdint.h>

#include "capture/frame.h"

#define CF_EXIF_MAX 1024

/*
 * Writes an EXIF 2.31 block (little-endian TIFF header first, no "Exif\0\0" before it) into out
 * (CF_EXIF_MAX bytes) and returns its size. What about does not know is left out. NULL software:
 * "chromafuse"; longer than 63 bytes is cut. is_srgb sets the ColorSpace field.
 */
size_t cf_exif_make(const cf_frame *about, const char *software, int is_srgb, unsigned char *out);

/* When a frame was taken, as EXIF 2.31 writes it; "" unknown. */
typedef struct {
    char date[20];     /* DateTimeOriginal "2026:03:04 05:06:07", local time */
    char fraction[10]; /* SubSecTimeOriginal: the digits after the decimal point */
    char offset[8];    /* OffsetTimeOriginal "+02:00": local minus universal time */
} cf_exif_times;

/* From frame's wall_ns, by this machine's time zone; where that is not known its timestamp, the
 * date only. */
void cf_exif_times_of(const cf_frame *frame, cf_exif_times *out);

/* The ISO value, 1..65535: the frame's, else 100 times its gain, as libcamera's programs have it; 0
 * unknown. */
int cf_exif_iso(const cf_frame *frame);

/* value (positive) as a fraction for a RATIONAL field: 1/n below one half, else in 1/10000ths. */
void cf_exif_fraction(double value, uint32_t out[2]);

#endif
