/* SPDX-License-Identifier: Apache-2.0 */
/* What both lenses look at, and which of it the colour camera sees. */
#include <math.h>

#include "capture/simulator_optics.h"
#include "tools/train/render/rig.h"

static void scale(const cf_image *rgb, double factor) {
    for (int y = 0; y < rgb->height; y++) {
        float *row = cf_image_row(rgb, 0, y);
        for (int i = 0; i < 3 * rgb->width; i++)
            row[i] *= (float)factor;
    }
}

/* Noise of the square roots, a little smooth as a camera's developer leaves it. */
static cf_status add_grain(const cf_image *rgb, double grain, uint64_t seed) {
    cf_image noise;
    cf_random random;
    if (grain <= 0)
        return CF_OK;
    CF_TRY(cf_image_alloc(rgb->width + 1, rgb->height + 1, 1, CF_PIXEL_RGBF32, &noise));
    cf_random_seed(&random, seed);
    for (int y = 0; y < noise.height; y++) {
        float *row = cf_image_row(&noise, 0, y);
        for (int i = 0; i < 3 * noise.width; i++)
            row[i] = (float)(grain * cf_random_normal(&random));
    }
    for (int y = 0; y < rgb->height; y++) {
        const float *above = cf_image_row(&noise, 0, y), *below = cf_image_row(&noise, 0, y + 1);
        float *row = cf_image_row(rgb, 0, y);
        for (int i = 0; i < 3 * rgb->width; i++) {
            float mean = (above[i] + above[i + 3] + below[i] + below[i + 3]) / 2; /* sigma grain */
            float root = fmaxf(sqrtf(row[i]) + mean, 0);
            row[i] = root * root;
        }
    }
    cf_image_free(&noise);
    return CF_OK;
}

static cf_status look(const cf_layered_scene *scene, const cf_train_rig *rig, cf_image *rgb) {
    const double zero[2] = {0, 0};
    CF_TRY(cf_image_alloc(scene->width, scene->height, 1, CF_PIXEL_RGBF32, rgb));
    cf_layered_scene_view(scene, 0, zero, rgb);
    CF_TRY(add_grain(rgb, rig->grain, rig->grain_seed));
    scale(rgb, rig->exposure);
    return CF_OK;
}

/* The right view, at the colour camera's resolution. */
static cf_status look_right(const cf_layered_scene *scene, const cf_train_rig *rig,
                            cf_image *view) {
    cf_image fine;
    CF_TRY(cf_image_alloc((int)rint(rig->color_width * rig->ratio),
                          (int)rint(rig->color_height * rig->ratio), 1, CF_PIXEL_RGBF32, &fine));
    cf_layered_scene_view(scene, 1, rig->origin, &fine);
    cf_status status = add_grain(&fine, rig->grain, rig->grain_seed + 1);
    scale(&fine, rig->exposure);
    if (status == CF_OK && rig->ratio <= 1) {
        *view = fine;
        return CF_OK;
    }
    if (status == CF_OK)
        status = cf_image_alloc(rig->color_width, rig->color_height, 1, CF_PIXEL_RGBF32, view);
    if (status == CF_OK)
        status = cf_sim_shrink(&fine, rig->ratio, view);
    cf_image_free(&fine);
    return status;
}

cf_status cf_train_views_make(const cf_layered_scene *scene, const cf_train_rig *rig, int pair,
                              cf_train_views *out) {
    *out = (cf_train_views){0};
    cf_status status = look(scene, rig, &out->rgb);
    if (status == CF_OK && pair)
        status = look_right(scene, rig, &out->color);
    if (status != CF_OK)
        cf_train_views_free(out);
    return status;
}

void cf_train_views_free(cf_train_views *views) {
    cf_image_free(&views->rgb);
    cf_image_free(&views->color);
}

/* 1 the colour camera sees it, 2 occluded, 3 outside its view. */
static unsigned char visibility(const cf_layered_scene *scene, const cf_train_rig *rig, int x,
                                int y) {
    int front = cf_layered_scene_front(scene, 0, x, y);
    const double *plane = scene->layers[front].plane;
    double there = x - (plane[0] + plane[1] * x + plane[2] * y);
    double u = there - rig->origin[0], v = y - rig->origin[1];
    if (u < -0.5 || v < -0.5 || u > rig->color_width * rig->ratio - 0.5 ||
        v > rig->color_height * rig->ratio - 0.5)
        return 3;
    return cf_layered_scene_front(scene, 1, there, y) == front ? 1 : 2;
}

cf_status cf_train_scene_write(const cf_layered_scene *scene, const cf_train_rig *rig,
                               const cf_train_views *views, cf_record *record) {
    int pair = views->color.data != NULL;
    cf_image planes = {0}, seen = {0};
    cf_status status = cf_image_alloc(scene->width, scene->height, 3, CF_PIXEL_F32, &planes);
    if (status == CF_OK)
        status = cf_image_alloc(scene->width, scene->height, 1, CF_PIXEL_U8, &seen);
    for (int y = 0; status == CF_OK && y < scene->height; y++)
        for (int x = 0; x < scene->width; x++) {
            for (int c = 0; c < 3; c++)
                ((float *)cf_image_row(&planes, c, y))[x] =
                    sqrtf(fmaxf(((float *)cf_image_row(&views->rgb, 0, y))[3 * x + c], 0));
            ((unsigned char *)cf_image_row(&seen, 0, y))[x] =
                pair ? visibility(scene, rig, x, y) : 0;
        }
    if (status == CF_OK) {
        cf_record_put(record, "rgb", 0, &planes);
        cf_record_put(record, "visibility", 0, &seen);
    }
    cf_image_free(&planes);
    cf_image_free(&seen);
    return status;
}
