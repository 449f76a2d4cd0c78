/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `fetch`: the colour of every mono pixel, read once from the colour picture at its full
 * resolution. */
#ifndef CHROMAFUSE_FUSION_FETCH_H
#define CHROMAFUSE_FUSION_FETCH_H

#include "calib/rectify.h"
#include "isp/stage.h"

/*
 * in  picture    any planes at the colour picture's own size, linear
 *     disparity  1 plane on the rectified grid: x matches x - d in the virtual colour camera
 *     confidence 1 plane on the rectified grid, how far the disparity is to be trusted
 *     back       2 planes, coarse map mono picture -> rectified grid
 *     color      2 planes, coarse map rectified grid -> colour picture
 * out fetched    as many planes as picture, width x height (the mono picture's size)
 *     match      1 plane: the confidence of the disparity that was used, times 1 where position and
 *                disparity are inside their pictures, falling to 0 half a pixel outside; 0 where
 *                disparity, confidence or a map has no number
 *
 * The pixel p is read at color(back(p) - (d, 0)), Catmull-Rom between pixels, averaged over samples
 * x samples points where the colour picture's pixels are smaller than the mono picture's. Between
 * rectified pixels the disparity is interpolated inside a surface (neighbours within 1 pixel), else
 * the nearest one is taken. With maps that move by whole pixels and whole disparities the output is
 * an exact copy of samples. Outside, the border's values; 0 without number.
 */
typedef struct {
    int width, height;   /* of the mono picture; 0: as disparity */
    int back_step_log2;  /* pixels between nodes of `back`: 3..6 */
    int color_step_log2; /* the same of `color` */
    int samples;         /* 1..8; cf_map_samples(color_scale) */
} cf_fetch_params;
#define CF_FETCH_DEFAULTS                                                                          \
    { .width = 0, .height = 0, .back_step_log2 = 3, .color_step_log2 = 3, .samples = 1 }

/* Parameters for a rig's geometry. */
cf_fetch_params cf_fetch_params_for(const cf_rectification *geometry);

/* The definition of correct; cf_stage_fetch holds both. */
cf_status cf_fetch_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_fetch;

#endif
