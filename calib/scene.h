/* SPDX-License-Identifier: Apache-2.0 */
/* The geometry of a rig from ordinary pictures: is a calibration still right, and what is it when
 * there is none. Runs on the host. */
#ifndef CHROMAFUSE_CALIB_SCENE_H
#define CHROMAFUSE_CALIB_SCENE_H

#include "calib/camera_model.h"
#include "calib/rectify.h"
#include "calib/scene_geometry.h"
#include "calib/scene_picture.h"

#define CF_SCENE_COLUMNS 750       /* working size where the result is for one run */
#define CF_SCENE_FINE_COLUMNS 1600 /* and where it is kept */
#define CF_SCENE_MAX_PAIRS 64

typedef struct {
    int applied;        /* 1: the models were changed */
    int candidates;     /* points that were matched */
    int inliers;        /* of them, those that agree on one geometry */
    double rotation[3]; /* turn of the colour camera that was applied, radians */
    double vertical_px; /* median |vertical offset| of the inliers now, mono pixels */
    double before_px;   /* the same with the models as they came */
    double residual_px; /* robust standard deviation of the offsets around the geometry */
    double error_px;    /* standard error of the geometry's vertical offsets, over the picture */
    double disparity_low, disparity_high; /* of nearly all inliers, pixels of the rectified grid */
    double confidence; /* 0: nothing is known; 1: many points, nearly all agreeing to a fraction of
                          a pixel */
} cf_self_registration;

/*
 * Was the rig knocked out of its calibration? Looks for points in count pairs (1 to
 * CF_SCENE_MAX_PAIRS, of the models' sizes), all of one rig: together they show what one alone does
 * not. When they show beyond doubt (4 standard errors, 0.3 pixels) that the colour camera is turned
 * by up to about half a degree against its model, *mended is the mended model (destroy it), else
 * NULL. The turn about the vertical axis is hardly observable (it is a shift of all disparities)
 * and mostly left as it is. *params (the caller's, for cf_rectify) gets room for disparities that
 * were seen outside its range. out->before_px is the residual vertical disparity of the given
 * models, out->vertical_px that of the mended ones. CF_OK also when the pictures tell nothing
 * (confidence 0).
 */
cf_status cf_scene_check(const cf_scene_pair *pairs, int count, const cf_camera_model *mono,
                         const cf_camera_model *color, cf_rectify_params *params,
                         cf_camera_model **mended, cf_self_registration *out);

typedef struct {
    double focal_px;       /* of the mono lens; 0 unknown: 1.2 times the longer side */
    double color_focal_px; /* of the colour lens; 0 unknown */
    double baseline_m;     /* between the lenses; 0 unknown: made up, so depths have no scale */
    /* Models to begin with, in place of the above (both or none): plain pinholes, OPENCV4 or
     * OPENCV5. */
    const cf_camera_model *mono, *color;
    int quick; /* 1: coarser and faster, for one run's own use */
} cf_scene_options;

#define CF_SCENE_GRID 5

typedef struct {
    int candidates, inliers;
    double rms_px; /* of the inliers' vertical offsets; not-a-number without any */
} cf_scene_picture_result;

/* A point found in both pictures of a pair. */
typedef struct {
    int pair, inlier;
    double mono[2], color[2]; /* pixels of the whole pictures */
    double offset_px;         /* vertical, after rectification, pixels of the mono picture */
} cf_scene_point;

typedef struct {
    cf_camera_model *mono, *color; /* NULL when nothing was found */
    cf_rectify_params params;      /* the disparities that were seen, with room */
    cf_self_registration found;
    double heldout_px; /* root mean square vertical offset of matches that the fit did not know,
                          wrong ones left out: those beyond 4.7 robust standard deviations */
    int heldout;       /* how many */
    int quarter_turns; /* of the colour picture against the mono picture, clockwise 0..3 */
    double baseline_m; /* as in the models */
    double value[CF_SCENE_PARAMS], error[CF_SCENE_PARAMS]; /* the fit's, with standard errors */
    /* Standard error of the vertical offset over the mono picture, rows from the top, pixels; the
     * worst of the depths that were seen. */
    double error_grid[CF_SCENE_GRID * CF_SCENE_GRID];
    cf_scene_picture_result *pictures; /* one a pair */
    cf_scene_point *points;
    int point_count;
} cf_scene_result;

/*
 * The geometry of a rig from count pairs (1 to CF_SCENE_MAX_PAIRS, all of the same sizes) without a
 * rig file or from an old one: rotation, direction to the colour lens, its magnification and
 * distortion, where there is reason the mono lens' distortion too. What ordinary pictures do not
 * show stays at its expected value: the focal length, the baseline's length (made up), principal
 * points, and mostly the turn about the vertical axis. CF_OK with confidence 0 and no models when
 * the pictures do not match; CF_ERR_INVALID for sizes that differ and models of another size or
 * lens, CF_ERR_MEMORY. Free *out with cf_scene_result_clear.
 */
cf_status cf_scene_calibrate(const cf_scene_pair *pairs, int count, const cf_scene_options *options,
                             cf_scene_result *out);
void cf_scene_result_clear(cf_scene_result *result);

/* What to use when nothing was found: parallel lenses that see the same. */
cf_status cf_scene_parallel(const cf_scene_pair *pair, const cf_scene_options *options,
                            cf_camera_model **mono, cf_camera_model **color);

#endif
