/* SPDX-License-Identifier: Apache-2.0 */
/* Brightness of pictures and raws. */
#include "tools/gray_input.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "capture/picture.h"
#include "capture/raw.h"

#define BINS 4096

cf_status cf_gray_input_from_rgb(const cf_image *in, const float weights[3], cf_image *out) {
    CF_TRY(cf_image_alloc(in->width, in->height, 1, CF_PIXEL_F32, out));
    int deep = in->format == CF_PIXEL_RGB16;
    for (int y = 0; y < in->height; y++) {
        const uint8_t *a = cf_image_row(in, 0, y);
        const uint16_t *b = cf_image_row(in, 0, y);
        float *o = cf_image_row(out, 0, y);
        for (int x = 0; x < in->width; x++)
            for (int c = 0; c < 3; c++)
                o[x] +=
                    weights[c] * (deep ? (float)b[3 * x + c] / 65535 : (float)a[3 * x + c] / 255);
    }
    return CF_OK;
}

static cf_status read_picture(const char *path, cf_image *out) {
    static const float luminance[3] = {0.2126F, 0.7152F, 0.0722F}; /* Rec. 709 */
    cf_picture picture;
    CF_TRY(cf_picture_read(path, &picture));
    cf_status status = cf_gray_input_from_rgb(&picture.image, luminance, out);
    cf_picture_free(&picture);
    return status;
}

/* Signal over black, 1 at white, sites of a mosaic divided by what a neutral gives there. */
static void from_codes(const cf_frame *frame, cf_image *out) {
    const cf_camera_profile *p = &frame->profile;
    for (int y = 0; y < out->height; y++) {
        const uint16_t *in = cf_image_row(&frame->image, 0, y);
        float *o = cf_image_row(out, 0, y);
        for (int x = 0; x < out->width; x++) {
            int site = 2 * (y & 1) + (x & 1);
            float neutral = p->is_color ? p->neutral[p->cfa[site]] : 1;
            float v = ((float)in[x] - p->black[site]) / (p->white - p->black[site]);
            o[x] = fmaxf(v, 0) / fmaxf(neutral, 1e-3F);
        }
    }
}

/* The value that all but half a percent are below. */
static float bright(const cf_image *image, float top) {
    size_t counts[BINS] = {0}, above = 0;
    size_t limit = (size_t)image->width * (size_t)image->height / 200;
    for (int y = 0; y < image->height; y++) {
        const float *v = cf_image_row(image, 0, y);
        for (int x = 0; x < image->width; x++) {
            int bin = (int)(v[x] / top * BINS);
            counts[bin < BINS ? bin : BINS - 1]++;
        }
    }
    int bin = BINS - 1;
    for (; bin > 0 && (above += counts[bin]) <= limit; bin--)
        continue;
    return top * (float)(bin + 1) / BINS;
}

cf_status cf_gray_input_from_raw(const cf_frame *frame, cf_image *out) {
    CF_TRY(cf_image_alloc(frame->image.width, frame->image.height, 1, CF_PIXEL_F32, out));
    from_codes(frame, out);
    float scale = 1 / bright(out, 4);
    for (int y = 0; y < out->height; y++) {
        float *v = cf_image_row(out, 0, y);
        for (int x = 0; x < out->width; x++)
            v[x] = sqrtf(fminf(v[x] * scale, 1));
    }
    return CF_OK;
}

static cf_status read_raw(const char *path, cf_image *out, int *is_color) {
    cf_frame *frame;
    CF_TRY(cf_raw_read(path, &frame));
    *is_color = frame->profile.is_color;
    cf_status status = cf_gray_input_from_raw(frame, out);
    cf_frame_unref(&frame);
    return status;
}

cf_status cf_gray_input_read_of(const char *path, cf_image *out, int *is_color) {
    cf_picture_kind kind;
    *out = (cf_image){0};
    *is_color = -1;
    CF_TRY(cf_picture_kind_of(path, &kind));
    return kind != CF_PICTURE_NONE ? read_picture(path, out) : read_raw(path, out, is_color);
}

cf_status cf_gray_input_read(const char *path, cf_image *out) {
    int is_color;
    return cf_gray_input_read_of(path, out, &is_color);
}

/* Each sample to `copies` bytes. */
static cf_status to_bytes(const cf_image *gray, cf_pixel format, int copies, cf_image *out) {
    CF_TRY(cf_image_alloc(gray->width, gray->height, 1, format, out));
    for (int y = 0; y < gray->height; y++) {
        const float *v = cf_image_row(gray, 0, y);
        uint8_t *o = cf_image_row(out, 0, y);
        for (int x = 0; x < gray->width; x++)
            memset(o + copies * x, (int)lrintf(255 * fminf(fmaxf(v[x], 0), 1)), (size_t)copies);
    }
    return CF_OK;
}

cf_status cf_gray_input_8bit(const cf_image *gray, cf_image *out) {
    return to_bytes(gray, CF_PIXEL_U8, 1, out);
}

cf_status cf_gray_input_rgb(const cf_image *gray, cf_image *out) {
    return to_bytes(gray, CF_PIXEL_RGB8, 3, out);
}
