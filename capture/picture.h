/* SPDX-License-Identifier: Apache-2.0 */
/* Reading of display pictures: PNG, JPEG and TIFF, recognised by content. */
#ifndef CHROMAFUSE_CAPTURE_PICTURE_H
#define CHROMAFUSE_CAPTURE_PICTURE_H

#include "base/image.h"

/*
 * A picture as stored: one plane of CF_PIXEL_RGB8, or CF_PIXEL_RGB16 when the file has more than 8
 * bits a sample. Grey is repeated into R, G and B. Alpha is dropped. Samples are the file's own
 * (usually sRGB): no profile is applied, no orientation either; icc and exif say what they mean.
 */
typedef struct {
    cf_image image;     /* owned */
    int is_gray;        /* the file has no colour */
    int has_alpha;      /* the file has transparency, which was dropped */
    unsigned char *icc; /* ICC profile, owned; NULL: none, take sRGB */
    size_t icc_size;
    unsigned char *exif; /* EXIF block from its TIFF header on, owned; NULL: none (always so for
                            TIFF files) */
    size_t exif_size;
} cf_picture;

/*
 * Reads path. 8 and 16 bit grey and RGB of all three formats, palettes and 1 to 4 bit grey as 8
 * bit, tiled and YCbCr TIFF as 8 bit; of a TIFF with several pages the first.
 * CF_ERR_IO: missing, unreadable, empty. CF_ERR_FORMAT: none of the three, truncated or damaged
 * (nothing is made up for missing rows). CF_ERR_UNSUPPORTED: CMYK, float, too large.
 * A damaged ICC profile is left out, with a warning.
 * Every error logs one line naming the file. On failure *out is cleared.
 */
cf_status cf_picture_read(const char *path, cf_picture *out);

/* The same for a file that the user knows under another name, as what came through a pipe. */
cf_status cf_picture_read_named(const char *path, const char *name, cf_picture *out);

/* What a file is, by its first bytes. A TIFF may be a camera's raw (DNG and many others are):
 * there, and where the bytes say nothing, the ending of the name decides. */
typedef enum {
    CF_PICTURE_NONE = 0, /* no picture of ours; perhaps a raw */
    CF_PICTURE_PNG,
    CF_PICTURE_JPEG,
    CF_PICTURE_TIFF,
} cf_picture_kind;

/* CF_ERR_IO: missing, unreadable. */
cf_status cf_picture_kind_of(const char *path, cf_picture_kind *out);

/* Frees what cf_picture_read made and clears it; safe on NULL and on a cleared one. */
void cf_picture_free(cf_picture *picture);

#endif
