/* SPDX-License-Identifier: Apache-2.0 */
/* Writing of pictures: PNG, JPEG, TIFF by the file name's extension, whole or not at all. */
#ifndef CHROMAFUSE_CAPTURE_PICTURE_OUT_H
#define CHROMAFUSE_CAPTURE_PICTURE_OUT_H

#include "base/file.h"
#include "capture/frame.h"

typedef enum {
    CF_COLORS_SRGB = 0, /* display picture: an sRGB (or sRGB-curve grey) ICC profile is embedded */
    CF_COLORS_DATA,     /* linear light, maps, shares: no profile */
} cf_colors;

typedef struct {
    int depth;        /* bits per sample in the file: 8, 16, or 32 (float TIFF only); 0: as the
                         picture, but 8 for JPEG */
    int quality;      /* JPEG 1..100; 0: 95. From 90 on chroma is stored at full resolution */
    cf_colors colors; /* what the samples mean; float files never get a profile */
    const cf_frame
        *about;           /* camera, time, exposure and orientation for EXIF; NULL: none of these */
    const char *software; /* EXIF Software; NULL: "chromafuse" */
    const void *icc; /* profile to embed in place of ours, as read with a picture; NULL: ours */
    size_t icc_size;
    const void *exif; /* EXIF block (TIFF header first) to embed as it is; NULL: from `about`.
                         Ignored by TIFF files, which take `about` only */
    size_t exif_size;
} cf_picture_out_params;

#define CF_PICTURE_OUT_DEFAULTS                                                                    \
    { 0, 0, CF_COLORS_SRGB, NULL, NULL, NULL, 0, NULL, 0 }

/*
 * Whether path's extension (.png .jpg .jpeg .tif .tiff, any case) can hold depth bits (0: whatever
 * fits; 8, 16, 32). CF_ERR_INVALID with a line that names the accepted extensions or depths; to be
 * asked before any work is done.
 */
cf_status cf_picture_out_supported(const char *path, int depth);

/*
 * Writes image (1 or 3 planes of U8, U16 or F32, or one of RGB8, RGB16 or RGBF32) to path.
 * Depths are converted: 16 to 8 bit by rounding; float to integers from 0..1, clipped, NaN as 0;
 * integers to float as 0..1. A 32-bit float TIFF keeps floats bit for bit, interleaved, so that
 * readers see height x width or height x width x 3.
 * Nothing is left at path, and a file already there stays, unless CF_OK is returned.
 * CF_ERR_INVALID: extension, depth or pixel format; CF_ERR_IO: cannot write, disk full;
 * CF_ERR_UNSUPPORTED: larger than the format can be (JPEG: 65500 pixels a side).
 */
cf_status cf_picture_write(const char *path, const cf_image *image,
                           const cf_picture_out_params *params);

/* The same up to the last step: the picture waits in *out for cf_file_commit or cf_file_discard, so
 * that several files can appear together or not at all. */
cf_status cf_picture_prepare(const char *path, const cf_image *image,
                             const cf_picture_out_params *params, cf_file_out **out);

#endif
