/* SPDX-License-Identifier: Apache-2.0 */
/* Self-registration of one pair of raws. */
#include "calib/self_register.h"

#include <math.h>
#include <string.h>

#define NOTHING 0.15 /* confidence of a geometry that is only assumed, at most */

static cf_status take_pair(const cf_self_view *mono, const cf_self_view *color,
                           cf_scene_pair *pair) {
    const float *spectral = mono->profile->spectral;
    memset(pair, 0, sizeof *pair);
    CF_TRY(cf_scene_picture_from_raw(mono->raw, mono->profile, spectral, CF_SCENE_COLUMNS,
                                     &pair->mono));
    cf_status status = cf_scene_picture_from_raw(color->raw, color->profile, spectral,
                                                 CF_SCENE_COLUMNS, &pair->color);
    if (status != CF_OK)
        cf_scene_pair_free(pair);
    return status;
}

cf_status cf_self_register_rig(const cf_self_view *mono, const cf_self_view *color,
                               const cf_camera_model *mono_model,
                               const cf_camera_model *color_model, cf_rectify_params *params,
                               cf_camera_model **mended, cf_self_registration *out) {
    cf_scene_pair pair;
    memset(out, 0, sizeof *out);
    *mended = NULL;
    CF_TRY(take_pair(mono, color, &pair));
    cf_status status = cf_scene_check(&pair, 1, mono_model, color_model, params, mended, out);
    cf_scene_pair_free(&pair);
    return status;
}

static cf_status register_pair(const cf_scene_pair *pair, const cf_scene_options *options,
                               cf_camera_model **mono, cf_camera_model **color,
                               cf_rectify_params *params, cf_self_registration *out) {
    cf_scene_result result;
    CF_TRY(cf_scene_calibrate(pair, 1, options, &result));
    *out = result.found;
    if (result.mono) {
        *params = result.params;
        *mono = result.mono;
        *color = result.color;
        result.mono = result.color = NULL;
        cf_scene_result_clear(&result);
        return CF_OK;
    }
    cf_scene_result_clear(&result);
    params->depth_min_m = 0;
    out->applied = 0;
    out->confidence = fmin(out->confidence, NOTHING);
    return cf_scene_parallel(pair, options, mono, color);
}

cf_status cf_self_register_pictures(const cf_self_view *mono, const cf_self_view *color,
                                    double focal_px, cf_camera_model **mono_model,
                                    cf_camera_model **color_model, cf_rectify_params *params,
                                    cf_self_registration *out) {
    const cf_scene_options options = {.focal_px = focal_px, .quick = 1};
    cf_scene_pair pair;
    memset(out, 0, sizeof *out);
    *mono_model = *color_model = NULL;
    CF_TRY(take_pair(mono, color, &pair));
    cf_status status = register_pair(&pair, &options, mono_model, color_model, params, out);
    cf_scene_pair_free(&pair);
    return status;
}
