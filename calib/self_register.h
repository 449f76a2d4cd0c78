/* SPDX-License-Identifier: Apache-2.0 */
/* Checks, mends or makes up a rig's geometry from one pair of pictures; run once per rig, on the
 * host. */
#ifndef CHROMAFUSE_CALIB_SELF_REGISTER_H
#define CHROMAFUSE_CALIB_SELF_REGISTER_H

#include "base/image.h"
#include "calib/camera_model.h"
#include "calib/profile.h"
#include "calib/rectify.h"
#include "calib/scene.h"

/* One camera's raw picture (1 plane U16) and its profile: levels, mosaic, neutral; the mono
 * camera's spectral weights. */
typedef struct {
    const cf_image *raw;
    const cf_camera_profile *profile;
} cf_self_view;

/* cf_scene_check on one pair of raws. */
cf_status cf_self_register_rig(const cf_self_view *mono, const cf_self_view *color,
                               const cf_camera_model *mono_model,
                               const cf_camera_model *color_model, cf_rectify_params *params,
                               cf_camera_model **mended, cf_self_registration *out);

/*
 * cf_scene_calibrate, the quick way, on one pair of raws. focal_px: of the mono camera, 0 unknown;
 * the fusion does not depend on it much. *params gets the disparity range that was seen. CF_OK with
 * a low confidence and parallel models when the pictures do not match.
 */
cf_status cf_self_register_pictures(const cf_self_view *mono, const cf_self_view *color,
                                    double focal_px, cf_camera_model **mono_model,
                                    cf_camera_model **color_model, cf_rectify_params *params,
                                    cf_self_registration *out);

#endif
