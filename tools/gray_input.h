/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of any kind as brightness at full resolution, for finding boards and points in them. */
#ifndef CHROMAFUSE_TOOLS_GRAY_INPUT_H
#define CHROMAFUSE_TOOLS_GRAY_INPUT_H

#include "base/image.h"
#include "capture/frame.h"

/*
 * Reads a PNG, JPEG or TIFF (Rec.709 luminance of its coded samples), or else a raw (square root of
 * the signal over black; the sites of a mosaic brought to one level by the picture's neutral), as
 * one plane of CF_PIXEL_F32 in 0..1. Raws are stretched so that their brightest half percent is
 * at 1. Free with cf_image_free. Fails as cf_picture_read and cf_raw_read do: one line that names
 * the file.
 */
cf_status cf_gray_input_read(const char *path, cf_image *out);

/* The same, and whose picture it is: *is_color 0 or 1 for the raw of a mono or a colour sensor, -1
 * where the file does not tell. */
cf_status cf_gray_input_read_of(const char *path, cf_image *out, int *is_color);

/* The same for a raw that is in memory. CF_ERR_MEMORY. */
cf_status cf_gray_input_from_raw(const cf_frame *frame, cf_image *out);

/* weights . (R, G, B) of a picture's coded samples (CF_PIXEL_RGB8 or RGB16), each 0..1; *out is
 * allocated. CF_ERR_MEMORY. */
cf_status cf_gray_input_from_rgb(const cf_image *in, const float weights[3], cf_image *out);

/* A gray picture as CF_PIXEL_U8. CF_ERR_MEMORY. */
cf_status cf_gray_input_8bit(const cf_image *gray, cf_image *out);

/* And as CF_PIXEL_RGB8, for plots. */
cf_status cf_gray_input_rgb(const cf_image *gray, cf_image *out);

#endif
