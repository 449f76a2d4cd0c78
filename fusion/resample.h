/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `resample`: a picture as another picture's grid sees it, through a coarse map. */
#ifndef CHROMAFUSE_FUSION_RESAMPLE_H
#define CHROMAFUSE_FUSION_RESAMPLE_H

#include "calib/rectify.h"
#include "isp/stage.h"

/*
 * in  picture    any planes, any size
 *     map        2 planes x, y: where every step-th output pixel lies in picture; see cf_map
 * out resampled  as many planes, width x height
 *     valid      1 plane: 1 where the position is inside picture, 0 half a pixel outside or where
 *                the map has no number; values outside are those of the border, or 0 without number
 *
 * Positions between nodes are interpolated linearly. Between pixels the picture is interpolated by
 * `kind`; where the output's pixels are larger than the picture's (map scale above 1), samples x
 * samples points of each output pixel are averaged. A map that moves by whole pixels copies
 * exactly. Not finite samples spread 2 pixels far. In a pipeline the step for the mono
 * camera uses cf_rectification.mono, that for the colour camera .color; either is left out where
 * nothing would move.
 */
typedef struct {
    int width, height; /* of the output; 0: as picture */
    int step_log2;     /* pixels between the map's nodes: 3 (8 pixels) .. 6 */
    int kind;          /* 0 nearest, 1 linear, 2 cubic (Catmull-Rom); see fusion/lookup.h */
    int samples;       /* 1..8; cf_map_samples gives it */
} cf_resample_params;
#define CF_RESAMPLE_DEFAULTS                                                                       \
    { .width = 0, .height = 0, .step_log2 = 3, .kind = 2, .samples = 1 }

/* Parameters for a map, cubic. */
cf_resample_params cf_resample_params_for(const cf_map *map);

/* Sub-samples along each side that a map's scale asks for, 1..8. */
int cf_map_samples(float scale);

/* Copies a map to the device, as the stages `resample` and `fetch` read it; put set->buf back. */
cf_status cf_map_upload(cf_cl *cl, const cf_map *map, cf_plane_set *set);

/* The definition of correct; cf_stage_resample holds both. */
cf_status cf_resample_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_resample;

#endif
