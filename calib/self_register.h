/* SPDX-License-Identifier: Apache-2.0 */
/* Checks, mends or makes up a rig's geometry from one pair of pictures; run once per rig, on the
 * host. */
#ifndef CHROMAFUSE_CALIB_SELF_REGISTER_H
#define CHROMAFUSE_CALIB_SELF_REGISTER_H

#include "base/image.h"
#include "calib/camera_model.h"
#include "calib/profile.h"
#include "calib/rectify.h"

/* One camera's raw picture (1 plane U16) and its profile: levels, mosaic, neutral; the mono
 * camera's spectral weights. */
typedef struct {
    const cf_image *raw;
    const cf_camera_profile *profile;
} cf_self_view;

typedef struct {
    int applied;        /* 1: the models were changed */
    int candidates;     /* points that were matched */
    int inliers;        /* of them, those that agree on one geometry */
    double rotation[3]; /* turn of the colour camera that was applied, radians */
    double vertical_px; /* median |vertical offset| of the inliers now, mono pixels */
    double before_px;   /* the same with the models as they came */
    double residual_px; /* robust standard deviation of the offsets around the geometry */
    double disparity_low, disparity_high; /* of nearly all inliers, pixels of the rectified grid */
    double confidence; /* 0: nothing is known; 1: many points, nearly all agreeing to a fraction of
                          a pixel */
} cf_self_registration;

/*
 * With a rig: looks for points in both rectified pictures and, when they show beyond doubt (4
 * standard errors, 0.2 pixels) that the colour camera is turned by up to about half a degree
 * against its model, gives the mended model. The turn about the vertical axis is hardly observable
 * (it is a shift of all disparities) and mostly left as it is. *mended is NULL when the model
 * stays; *params (the caller's, for cf_rectify) gets room for disparities that were seen outside
 * its range. CF_OK also when the pictures tell nothing (confidence 0).
 */
cf_status cf_self_register_rig(const cf_self_view *mono, const cf_self_view *color,
                               const cf_camera_model *mono_model,
                               const cf_camera_model *color_model, cf_rectify_params *params,
                               cf_camera_model **mended, cf_self_registration *out);

/*
 * Without a rig: pinhole models from the pictures alone, for lenses that look the same way with
 * little distortion. focal_px: of the mono camera, 0 unknown (1.2 times the longer side; the fusion
 * does not depend on it much). The baseline's length is made up, so depths have no scale. *params
 * gets the disparity range that was seen. CF_OK with a low confidence and parallel models when the
 * pictures do not match.
 */
cf_status cf_self_register_pictures(const cf_self_view *mono, const cf_self_view *color,
                                    double focal_px, cf_camera_model **mono_model,
                                    cf_camera_model **color_model, cf_rectify_params *params,
                                    cf_self_registration *out);

#endif
