/* SPDX-License-Identifier: Apache-2.0 */
/* RGB pictures as video devices take them: YUYV, NV12, YU12, RGB24, BGR24. */
#ifndef CHROMAFUSE_CAPTURE_V4L2_PACK_H
#define CHROMAFUSE_CAPTURE_V4L2_PACK_H

#include "base/image.h"
#include "capture/v4l2_node.h"

/* Y'CbCr of R'G'B' codes 0..255, in 1/65536: y[] weighs R, G, B, cb[] and cr[] too. */
typedef struct {
    int y[3], cb[3], cr[3];
    int black; /* code of Y' 0 */
} cf_v4l2_matrix;

/*
 * By the format's encoding and quantization; where they are default, by its colour space, as the
 * kernel's V4L2_MAP_YCBCR_ENC_DEFAULT and V4L2_MAP_QUANTIZATION_DEFAULT say. Weights from ITU-R
 * BT.601-7, BT.709-6, BT.2020-2 and SMPTE 240M; any other encoding counts as BT.601.
 */
void cf_v4l2_matrix_for(const cf_v4l2_picture *format, cf_v4l2_matrix *out);

/* The formats that can be packed, the best first; ends with 0. */
extern const uint32_t cf_v4l2_pack_formats[];

/* Bytes of the shortest row (of the first plane) and of a picture of format's fourcc, size and
 * stride (0: the shortest). */
size_t cf_v4l2_pack_row(const cf_v4l2_picture *format);
size_t cf_v4l2_pack_size(const cf_v4l2_picture *format);

/*
 * Writes a CF_PIXEL_RGB8 picture of the format's size to `out` of cf_v4l2_pack_size bytes. Chroma
 * is the mean of the 2 or 2x2 pixels that share it; at an odd border the last pixel counts twice.
 */
void cf_v4l2_pack(const cf_image *rgb, const cf_v4l2_picture *format, const cf_v4l2_matrix *matrix,
                  unsigned char *out);

#endif
