/* SPDX-License-Identifier: Apache-2.0 */
/* Brightness of pictures and raws. */
#include "tools/gray_input.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "capture/picture.h"
#include "capture/raw.h"

#define BINS 4096

/* By its first bytes: what cf_picture_read reads, and no DNG, which is a TIFF too. */
static cf_status is_display_picture(const char *path, int *yes) {
    unsigned char head[8] = {0};
    const char *dot = strrchr(path, '.');
    FILE *f;
    size_t size;
    CF_TRY(cf_file_open(path, &f, &size));
    size_t got = fread(head, 1, sizeof head, f);
    fclose(f);
    int tiff = got == 8 && (!memcmp(head, "II*", 4) || !memcmp(head, "MM\0*", 4));
    int named = dot && (!strcmp(dot, ".tif") || !strcmp(dot, ".tiff") || !strcmp(dot, ".TIF") ||
                        !strcmp(dot, ".TIFF"));
    *yes = (got == 8 && (!memcmp(head, "\x89PNG", 4) || !memcmp(head, "\xff\xd8", 2))) ||
           (tiff && named);
    return CF_OK;
}

static void from_rgb(const cf_image *in, cf_image *out) {
    int deep = in->format == CF_PIXEL_RGB16;
    for (int y = 0; y < in->height; y++) {
        const uint8_t *a = cf_image_row(in, 0, y);
        const uint16_t *b = cf_image_row(in, 0, y);
        float *o = cf_image_row(out, 0, y);
        for (int x = 0; x < in->width; x++) {
            float rgb[3];
            for (int c = 0; c < 3; c++)
                rgb[c] = deep ? (float)b[3 * x + c] / 65535 : (float)a[3 * x + c] / 255;
            o[x] = 0.2126F * rgb[0] + 0.7152F * rgb[1] + 0.0722F * rgb[2];
        }
    }
}

static cf_status read_picture(const char *path, cf_image *out) {
    cf_picture picture;
    CF_TRY(cf_picture_read(path, &picture));
    cf_status status =
        cf_image_alloc(picture.image.width, picture.image.height, 1, CF_PIXEL_F32, out);
    if (status == CF_OK)
        from_rgb(&picture.image, out);
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

static cf_status read_raw(const char *path, cf_image *out, int *is_color) {
    cf_frame *frame;
    CF_TRY(cf_raw_read(path, &frame));
    *is_color = frame->profile.is_color;
    cf_status status =
        cf_image_alloc(frame->image.width, frame->image.height, 1, CF_PIXEL_F32, out);
    if (status == CF_OK) {
        from_codes(frame, out);
        float scale = 1 / bright(out, 4);
        for (int y = 0; y < out->height; y++) {
            float *v = cf_image_row(out, 0, y);
            for (int x = 0; x < out->width; x++)
                v[x] = sqrtf(fminf(v[x] * scale, 1));
        }
    }
    cf_frame_unref(&frame);
    return status;
}

cf_status cf_gray_input_read_of(const char *path, cf_image *out, int *is_color) {
    int display;
    *out = (cf_image){0};
    *is_color = -1;
    CF_TRY(is_display_picture(path, &display));
    return display ? read_picture(path, out) : read_raw(path, out, is_color);
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
