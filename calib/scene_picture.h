/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of two cameras as registration looks at them: roots of brightness, at a working size. */
#ifndef CHROMAFUSE_CALIB_SCENE_PICTURE_H
#define CHROMAFUSE_CALIB_SCENE_PICTURE_H

#include "base/image.h"
#include "calib/gray.h"
#include "calib/profile.h"
#include "calib/rectify.h"

/* One camera's picture. */
typedef struct {
    cf_gray gray;      /* means of bin x bin pixels */
    int bin;           /* 1..; pixel (i, j) has its centre at (i * bin + (bin - 1) / 2, ...) */
    int width, height; /* of the whole picture */
} cf_scene_picture;

/* What both cameras saw at one moment. */
typedef struct {
    cf_scene_picture mono, color;
} cf_scene_pair;

/*
 * From a raw picture (1 plane U16) and its profile (levels, mosaic, neutral); spectral: response of
 * the mono camera, which a colour raw is weighted with. columns: of the working size, about; never
 * more than the picture's. CF_ERR_INVALID for a picture without a pixel left, CF_ERR_MEMORY; *out
 * is then cleared.
 */
cf_status cf_scene_picture_from_raw(const cf_image *raw, const cf_camera_profile *profile,
                                    const float spectral[3], int columns, cf_scene_picture *out);

/* From brightness (1 plane F32; about even noise is best: roots, or sRGB's coding). */
cf_status cf_scene_picture_from_gray(const cf_image *gray, int columns, cf_scene_picture *out);

void cf_scene_picture_free(cf_scene_picture *picture);
void cf_scene_pair_free(cf_scene_pair *pair);

#define CF_SCENE_LEVELS 3

/* A pair on the rectified grid, one pixel per `step` of the grid's, and halved twice. */
typedef struct {
    cf_gray left[CF_SCENE_LEVELS], right[CF_SCENE_LEVELS]; /* mono, colour */
    double step;
} cf_scene_pyramid;

/* Pixels of the grid that one of the finest level covers when the picture is worked on in `columns`
 * columns. */
double cf_scene_step(int width, int columns);

/* CF_ERR_INVALID: the common view is too small; CF_ERR_MEMORY; *out is then cleared. */
cf_status cf_scene_pyramid_build(const cf_scene_pair *pair, const cf_rectification *r, double step,
                                 cf_scene_pyramid *out);
void cf_scene_pyramid_free(cf_scene_pyramid *p);

#endif
