/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator's own scene: a table of textured things before a brick wall, ray-cast for two
 * parallel pinhole cameras, with exact disparities. */
#ifndef CHROMAFUSE_CAPTURE_SCENE_H
#define CHROMAFUSE_CAPTURE_SCENE_H

#include <stdint.h>

#include "base/image.h"
#include "base/status.h"

/*
 * What is in it: a wooden floor and a brick wall, a board with the 24 patches of the classic colour
 * chart (its published sRGB values), a sheet with print down to one dot a pixel and a Siemens star,
 * saturated stripes, a glossy ball whose highlight clips, a plant and pencils whose leaves and
 * shafts hide a little of much, crates, books, a hue wheel. The same seed and size give the same
 * pictures.
 */
typedef struct {
    int width, height; /* pixels, 64x48 .. the limits of cf_image */
    double focal;      /* pixels; 0: 1.15 times the width, a moderate wide angle */
    double baseline_m; /* metres from the left to the right camera, 0..0.5 */
    uint64_t seed;     /* of the textures and the leaves */
    int threads;       /* 0: as many as the machine has, 8 at most */
} cf_scene_params;

#define CF_SCENE_DEFAULTS                                                                          \
    { .width = 960, .height = 720, .baseline_m = 0.08, .seed = 1 }

typedef struct {
    cf_image left, right;           /* CF_PIXEL_RGB8, sRGB */
    cf_image disp_left, disp_right; /* CF_PIXEL_F32: left x matches right x - d; at pixel centres */
    double focal, baseline_m;       /* as rendered */
    double max_disparity;           /* largest value in either map, pixels */
} cf_scene_views;

/* CF_ERR_INVALID for a parameter out of range, CF_ERR_MEMORY. Free with cf_scene_free, which is
 * safe on views that were cleared or that failed. */
cf_status cf_scene_render(const cf_scene_params *params, cf_scene_views *out);
void cf_scene_free(cf_scene_views *views);

#endif
