/* SPDX-License-Identifier: Apache-2.0 */
/* Views of pictures in host memory. */
#ifndef CHROMAFUSE_BASE_IMAGE_H
#define CHROMAFUSE_BASE_IMAGE_H

#include <stddef.h>

#include "base/status.h"

/* Largest side and area of any picture: sizes from files are checked against it before anything is
 * allocated. */
#define CF_IMAGE_MAX_SIDE 32768
#define CF_IMAGE_MAX_AREA ((size_t)512 << 20)

typedef enum {
    CF_PIXEL_NONE = 0,
    CF_PIXEL_U8,     /* planar, 8 bit */
    CF_PIXEL_U16,    /* planar, 16 bit, native endian */
    CF_PIXEL_F32,    /* planar, float */
    CF_PIXEL_RGB8,   /* one plane of interleaved R, G, B */
    CF_PIXEL_RGB16,  /* the same, 16 bit */
    CF_PIXEL_RGBF32, /* the same, float */
} cf_pixel;

/* Bytes of one pixel of one plane; 0 for CF_PIXEL_NONE. */
size_t cf_pixel_bytes(cf_pixel format);

/* A host view; owns nothing. Rows lie stride bytes apart, planes plane_stride bytes apart. */
typedef struct {
    void *data;
    int width, height, planes;
    size_t stride, plane_stride;
    cf_pixel format;
} cf_image;

/*
 * Allocates a zeroed picture (free with cf_image_free), rows padded to CF_ALIGN bytes.
 * CF_ERR_INVALID for a side or area outside 1..limit or planes outside 1..16; CF_ERR_MEMORY when
 * memory is out.
 */
cf_status cf_image_alloc(int width, int height, int planes, cf_pixel format, cf_image *out);

/* Frees the pixels that cf_image_alloc made and clears the view; safe on a cleared view. */
void cf_image_free(cf_image *image);

/* Row y of plane p. No bounds check: callers loop over the view's own sizes. */
static inline void *cf_image_row(const cf_image *image, int plane, int y) {
    return (char *)image->data + (size_t)plane * image->plane_stride + (size_t)y * image->stride;
}

/* 1 when width x height is a picture we accept, else 0. */
int cf_image_size_ok(long width, long height);

#endif
