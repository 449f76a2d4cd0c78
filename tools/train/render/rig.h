/* SPDX-License-Identifier: Apache-2.0 */
/* A random dual-lens rig before a layered scene, and what the library's own chain makes of it. */
#ifndef CHROMAFUSE_TOOLS_TRAIN_RENDER_RIG_H
#define CHROMAFUSE_TOOLS_TRAIN_RENDER_RIG_H

#include "calib/rectify.h"
#include "capture/frame.h"
#include "cl/device.h"
#include "tools/train/render/layers.h"
#include "tools/train/render/record.h"

/* What stays the same over the light levels of a scene. `told` is what the chain is told where that
 * differs from the truth, as with a rig that was calibrated a while ago. */
typedef struct {
    float spectral[3], told_spectral[3]; /* sum 1; red and blue may be slightly negative */
    float neutral[3];                    /* camera RGB of a neutral, green 1 */
    float saturation;                    /* of the colour matrix: (1 + s) I - s / 3 */
    double exposure;                     /* signal of a white surface, 1 = both sensors' white */
    double mono_gain;                    /* electrons of a mono pixel per electron of a green one */
    double ratio;                        /* mono resolution over colour resolution, 1..4 */
    int color_width, color_height;       /* pixels of the colour raw, even */
    double origin[2], told_origin[2];    /* of the colour view in the right view, mono pixels */
    double grain; /* noise of the square roots of what the lenses see: the world is no clean file */
    uint64_t grain_seed;
    double search; /* disparities that the matcher expects, pixels */
} cf_train_rig;

void cf_train_rig_draw(const cf_layered_scene *scene, cf_random *random, cf_train_rig *out);

/* For photos without a rig: only the mono response counts, mostly Rec.709 luminance. */
void cf_train_rig_draw_photo(cf_random *random, cf_train_rig *out);

/* One sample of a scene. */
typedef struct {
    double electrons; /* photo-electrons at white in a green pixel; 0: no noise at all */
    int measured;     /* 1: hints come from the colour camera; 0: there is none, only points */
    int points;       /* user's colour points where measured is 0 */
    uint64_t seed;    /* of noise and points */
} cf_train_level;

/* What the lenses look at, CF_PIXEL_RGBF32, linear, exposed, not clipped. */
typedef struct {
    cf_image rgb;   /* left view: the mono camera's grid and the truth */
    cf_image color; /* right view at the colour camera's resolution; no data: there is none */
} cf_train_views;

/* pair 0: no colour view. Free with cf_train_views_free, which is safe on a zeroed one. */
cf_status cf_train_views_make(const cf_layered_scene *scene, const cf_train_rig *rig, int pair,
                              cf_train_views *out);
void cf_train_views_free(cf_train_views *views);

/* Writes the true colours and who sees what (unknown without a colour view) into the record. */
cf_status cf_train_scene_write(const cf_layered_scene *scene, const cf_train_rig *rig,
                               const cf_train_views *views, cf_record *record);

/* Exposes, runs the library's chain up to the classical transfer, writes a level's planes. Levels
 * with noise need the colour view, even where measured is 0. */
cf_status cf_train_level_write(cf_cl *cl, const cf_train_views *views, const cf_train_rig *rig,
                               const cf_train_level *level, int index, cf_record *record);

/* The raws of a level with noise, and the geometry that the chain is told. Free all three in any
 * case. */
cf_status cf_train_level_expose(const cf_train_views *views, const cf_train_rig *rig,
                                const cf_train_level *level, cf_frame **mono, cf_frame **color,
                                cf_rectification *geometry);

/* Confidence of a user's point, of which the colour is a mean over its square. */
#define CF_TRAIN_POINT_CONFIDENCE 0.9F

/* Draws squares in their mean true colour: hint (2 planes) and confidence (1), of rgb's size. */
void cf_train_points_draw(const cf_image *rgb, const float spectral[3], int count,
                          cf_random *random, const cf_image *hint, const cf_image *confidence);

#endif
