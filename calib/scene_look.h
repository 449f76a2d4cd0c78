/* SPDX-License-Identifier: Apache-2.0 */
/* One look at the pairs with given lenses: rectified, matched, fitted. Inside of scene_check.c and
 * scene_calibrate.c. */
#ifndef CHROMAFUSE_CALIB_SCENE_LOOK_H
#define CHROMAFUSE_CALIB_SCENE_LOOK_H

#include "calib/scene_fit.h"
#include "calib/scene_match.h"

/* What to look at, and how. */
typedef struct {
    const cf_scene_pair *pairs;
    int count;
    const cf_camera_model *mono, *color;
    const cf_rectify_params *params;
    /* NULL: the models' lenses are right, only the colour camera may have turned; the fit is in the
     * grid's axes. Else where the fit starts, its points pinhole coordinates of the models. */
    const cf_scene_geometry *start;
    const double *mono_pinhole, *color_pinhole; /* fx, fy, cx, cy; with start only */
    cf_scene_fit_options fit;                   /* probes and tolerance are the look's own */
    const cf_scene_reach *reach;                /* NULL: the rectification's, and small turns */
    const cf_scene_effort *efforts;             /* NULL: the usual one, or a coarser one in noise */
    int effort_count; /* all of them are made and what they find fitted together */
    int columns;      /* of the working size */
} cf_scene_task;

#define CF_SCENE_PROBES 75 /* 5 x 5 at 3 disparities */

typedef struct {
    cf_rectification rectification; /* the numbers, without its maps */
    cf_scene_fit fit;
    cf_scene_geometry start;
    cf_scene_probe probes[CF_SCENE_PROBES];
    int candidates;
    double step;         /* grid pixels of the finest level that was matched */
    double disparity[3]; /* of the inliers at 8, 50 and 92 percent, pixels: with task.start as
                            fitted, else as the models are */
    cf_scene_matches matches;
} cf_scene_look;

/* CF_ERR_INVALID and CF_ERR_UNSUPPORTED where the models cannot be rectified, CF_ERR_MEMORY. Free
 * *out with cf_scene_look_free after CF_OK. */
cf_status cf_scene_look_take(const cf_scene_task *task, cf_scene_look *out);
void cf_scene_look_free(cf_scene_look *look);

/* 0: nothing is known; 1: many points, most of them agreeing, to a fraction of the working pixel.
 */
double cf_scene_look_confidence(const cf_scene_look *look, int pairs);

#endif
