/* SPDX-License-Identifier: Apache-2.0 */
/* Working pictures for registration. */
#include "calib/scene_picture.h"

#include <math.h>
#include <string.h>

#include "base/log.h"

void cf_scene_picture_free(cf_scene_picture *picture) {
    cf_gray_free(&picture->gray);
}

void cf_scene_pair_free(cf_scene_pair *pair) {
    cf_scene_picture_free(&pair->mono);
    cf_scene_picture_free(&pair->color);
}

double cf_scene_step(int width, int columns) {
    return fmax(1, width / (double)columns);
}

/* A mosaic is read in whole cells, but pixel by pixel where the picture is small. */
static int raw_bin(int width, int is_color, int columns) {
    if (!is_color)
        return (int)floor(cf_scene_step(width, columns) + 0.25);
    return width < columns ? 1 : 2 * (int)fmax(1, round(width / (2.0 * columns)));
}

cf_status cf_scene_picture_from_raw(const cf_image *raw, const cf_camera_profile *profile,
                                    const float spectral[3], int columns, cf_scene_picture *out) {
    *out = (cf_scene_picture){.bin = raw_bin(raw->width, profile->is_color, columns),
                              .width = raw->width,
                              .height = raw->height};
    return cf_gray_from_raw(raw, profile, spectral, out->bin, &out->gray);
}

cf_status cf_scene_picture_from_gray(const cf_image *gray, int columns, cf_scene_picture *out) {
    int bin = (int)floor(cf_scene_step(gray->width, columns) + 0.25);
    *out = (cf_scene_picture){.bin = bin, .width = gray->width, .height = gray->height};
    int width = gray->width / bin, height = gray->height / bin;
    if (width < 1 || height < 1)
        return cf_fail(CF_ERR_INVALID, "registration: a picture of %dx%d is too small", gray->width,
                       gray->height);
    CF_TRY(cf_gray_alloc(width, height, &out->gray));
    for (int y = 0; y < height * bin; y++) {
        const float *row = cf_image_row(gray, 0, y);
        float *to = out->gray.v + (size_t)(y / bin) * (size_t)width;
        for (int x = 0; x < width * bin; x++)
            to[x / bin] += row[x] / (float)(bin * bin);
    }
    return CF_OK;
}

static float bilinear(const cf_scene_picture *picture, const double at[2]) {
    const cf_gray *g = &picture->gray;
    double x = (at[0] + 0.5) / picture->bin - 0.5, y = (at[1] + 0.5) / picture->bin - 0.5;
    if (!(x >= 0 && y >= 0 && x <= g->width - 1 && y <= g->height - 1))
        return NAN;
    int i = (int)x, j = (int)y, right = i + 1 < g->width, down = j + 1 < g->height ? g->width : 0;
    float u = (float)(x - i), v = (float)(y - j);
    const float *p = g->v + (size_t)j * (size_t)g->width + i;
    float top = p[0] + u * (p[right] - p[0]);
    float bottom = p[down] + u * (p[down + right] - p[down]);
    return top + v * (bottom - top);
}

void cf_scene_pyramid_free(cf_scene_pyramid *p) {
    for (int i = 0; i < CF_SCENE_LEVELS; i++) {
        cf_gray_free(&p->left[i]);
        cf_gray_free(&p->right[i]);
    }
}

static void resample(const cf_scene_picture *picture, const cf_map *map, double step,
                     cf_gray *out) {
    for (int y = 0; y < out->height; y++)
        for (int x = 0; x < out->width; x++) {
            double q[2];
            int seen = cf_map_at(map, (x + 0.5) * step - 0.5, (y + 0.5) * step - 0.5, q);
            out->v[(size_t)y * (size_t)out->width + (size_t)x] = seen ? bilinear(picture, q) : NAN;
        }
}

cf_status cf_scene_pyramid_build(const cf_scene_pair *pair, const cf_rectification *r, double step,
                                 cf_scene_pyramid *p) {
    memset(p, 0, sizeof *p);
    p->step = step;
    int width = (int)(r->width / step), height = (int)(r->height / step);
    if (width < 1 || height < 1)
        return cf_fail(CF_ERR_INVALID, "registration: the common view is too small");
    cf_status status = cf_gray_alloc(width, height, &p->left[0]);
    if (status == CF_OK)
        status = cf_gray_alloc(width, height, &p->right[0]);
    if (status == CF_OK) {
        resample(&pair->mono, &r->mono, step, &p->left[0]);
        resample(&pair->color, &r->color, step, &p->right[0]);
    }
    for (int i = 1; i < CF_SCENE_LEVELS && status == CF_OK; i++) {
        status = cf_gray_half(&p->left[i - 1], &p->left[i]);
        if (status == CF_OK)
            status = cf_gray_half(&p->right[i - 1], &p->right[i]);
    }
    if (status != CF_OK)
        cf_scene_pyramid_free(p);
    return status;
}
