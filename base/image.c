/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation of host pictures and their size limits. */
#include "base/image.h"

#include "base/alloc.h"
#include "base/log.h"

size_t cf_pixel_bytes(cf_pixel format) {
    switch (format) {
    case CF_PIXEL_NONE: return 0;
    case CF_PIXEL_U8: return 1;
    case CF_PIXEL_U16: return 2;
    case CF_PIXEL_F32: return 4;
    case CF_PIXEL_RGB8: return 3;
    case CF_PIXEL_RGB16: return 6;
    case CF_PIXEL_RGBF32: return 12;
    }
    return 0;
}

int cf_image_size_ok(long width, long height) {
    return width >= 1 && height >= 1 && width <= CF_IMAGE_MAX_SIDE && height <= CF_IMAGE_MAX_SIDE &&
           (size_t)width * (size_t)height <= CF_IMAGE_MAX_AREA;
}

cf_status cf_image_alloc(int width, int height, int planes, cf_pixel format, cf_image *out) {
    *out = (cf_image){0};
    if (!cf_image_size_ok(width, height) || planes < 1 || planes > 16 || !cf_pixel_bytes(format))
        return cf_fail(CF_ERR_INVALID, "no picture can have %dx%d pixels and %d planes", width,
                       height, planes);
    size_t stride = ((size_t)width * cf_pixel_bytes(format) + CF_ALIGN - 1) / CF_ALIGN * CF_ALIGN;
    size_t plane = stride * (size_t)height;
    void *data = cf_alloc((size_t)planes, plane);
    if (!data)
        return CF_ERR_MEMORY;
    *out = (cf_image){data, width, height, planes, stride, plane, format};
    return CF_OK;
}

void cf_image_free(cf_image *image) {
    if (!image)
        return;
    cf_free(image->data);
    *image = (cf_image){0};
}
