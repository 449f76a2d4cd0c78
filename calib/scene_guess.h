/* SPDX-License-Identifier: Apache-2.0 */
/* What is believed of two lenses while they are worked out, and the camera models of it. Inside of
 * scene_calibrate.c. */
#ifndef CHROMAFUSE_CALIB_SCENE_GUESS_H
#define CHROMAFUSE_CALIB_SCENE_GUESS_H

#include "calib/scene.h"
#include "calib/scene_fit.h"

typedef struct {
    int mono_size[2], color_size[2];
    double mono[4], color[4]; /* pinholes that the points are traced with: fx, fy, cx, cy */
    cf_scene_geometry start;
    double value[CF_SCENE_PARAMS], prior[CF_SCENE_PARAMS];
    double baseline_m;
    int given;         /* 1: started from models */
    int quarter_turns; /* as in cf_scene_result */
} cf_scene_guess;

/* Number `index` of the places to start from when nothing is known: magnifications, sides, quarter
 * turns. 0: there are no more. */
int cf_scene_guess_start(const cf_scene_pair *pair, const cf_scene_options *options, int index,
                         cf_scene_guess *out);

/* From models. CF_ERR_UNSUPPORTED for other lenses than pinhole, OPENCV4, OPENCV5; CF_ERR_INVALID
 * for other sizes. */
cf_status cf_scene_guess_from_models(const cf_scene_pair *pair, const cf_scene_options *options,
                                     cf_scene_guess *out);

/* The models as value has them; destroy both. */
cf_status cf_scene_guess_models(const cf_scene_guess *guess, cf_camera_model **mono,
                                cf_camera_model **color);

/* The colour lens is on the other side: the same geometry, its frame turned by half a turn. */
void cf_scene_guess_mirror(cf_scene_guess *guess);

/* Moves all disparities by `pixels` (a turn about the frame's y axis), for good. */
void cf_scene_guess_shift(cf_scene_guess *guess, double pixels);

#endif
