/* SPDX-License-Identifier: Apache-2.0 */
/* Display pictures as video wants them: Y'CbCr with chroma at half the resolution. */
#ifndef CHROMAFUSE_CAPTURE_YUV_H
#define CHROMAFUSE_CAPTURE_YUV_H

#include "base/image.h"

/* Three planes, the caller's: Y' of width x height, Cb and Cr of (width + 1) / 2 x (height + 1) /
 * 2; strides in bytes. */
typedef struct {
    unsigned char *plane[3];
    size_t stride[3];
} cf_yuv420;

/*
 * CF_PIXEL_RGB8 to Y'CbCr of ITU-R BT.709 in limited range (Y' 16..235, Cb and Cr 16..240), 4:2:0
 * with MPEG-2's siting: a chroma sample lies on every second column and between two rows; it is the
 * mean of both rows, weighted 1 2 1 across. Rounded to nearest; off by 1 at most. scratch: room
 * for 3 * width values.
 */
void cf_yuv420_from_rgb(const cf_image *rgb, unsigned short *scratch, const cf_yuv420 *to);

/* The same of CF_PIXEL_RGB16 with samples of 9..16 bits, each in a native 16-bit word: Y' 16..235,
 * Cb and Cr 16..240 times 2^(bits - 8). Rounded to nearest. */
void cf_yuv420_from_rgb16(const cf_image *rgb, int bits, const cf_yuv420 *to);

#endif
