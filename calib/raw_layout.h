/* SPDX-License-Identifier: Apache-2.0 */
/* How a sensor's codes lie in memory, packed or not. */
#ifndef CHROMAFUSE_CALIB_RAW_LAYOUT_H
#define CHROMAFUSE_CALIB_RAW_LAYOUT_H

/* How codes lie in memory. Bayer and mono twins share a layout: RGGB10P and Y10P are both RAW_10P.
 * The packed ones are MIPI CSI-2's, as V4L2 documents them. */
typedef enum {
    CF_RAW_CODES = 0, /* already uint16 per pixel: nothing to unpack */
    CF_RAW_8,         /* one byte */
    CF_RAW_10,        /* 16-bit little endian, unused high bits are ignored */
    CF_RAW_10P, /* 4 pixels in 5 bytes: 4 x bits 9..2, then 4 x bits 1..0, first pixel lowest */
    CF_RAW_12,  /* 16-bit little endian */
    CF_RAW_12P, /* 2 pixels in 3 bytes: 2 x bits 11..4, then 2 x bits 3..0 */
    CF_RAW_14,  /* 16-bit little endian */
    CF_RAW_14P, /* 4 pixels in 7 bytes: 4 x bits 13..6, then 4 x bits 5..0 */
    CF_RAW_16,  /* 16-bit little endian */
} cf_raw_format;

/* Bits of a code; 16 for CF_RAW_CODES. */
int cf_raw_bits(cf_raw_format format);

/* Whole pixels that fit in a row of bytes, and bytes that a row of pixels needs. An incomplete
 * group at the end of a row is as long as its last pixel needs; its low bits keep their place. */
int cf_raw_pixels(cf_raw_format format, int bytes);
int cf_raw_bytes(cf_raw_format format, int pixels);

/* The first `pixels` codes of a row of packed bytes; the row holds them all. format: any. */
void cf_raw_unpack_row(cf_raw_format format, const unsigned char *row, int pixels,
                       unsigned short *codes);

#endif
