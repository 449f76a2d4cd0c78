/* SPDX-License-Identifier: Apache-2.0 */
/* Rig file, or pictures alone, to geometry. */
#include "tools/fuse_geometry.h"

#include <math.h>

#include "base/log.h"
#include "calib/noise_estimate.h"
#include "calib/rig.h"

/* What neither the raw nor the rig tells is estimated from the picture. */
static cf_status know_noise(const char *who, cf_frame *frame) {
    cf_noise *noise = &frame->profile.noise;
    if (noise->scale > 0 || noise->offset > 0)
        return CF_OK;
    CF_TRY(cf_noise_estimate(&frame->image, &frame->profile, noise));
    cf_log(CF_LOG_WARNING,
           "%s picture: no noise model in the file or the rig; estimated from the picture: "
           "variance = %.3g x + %.3g",
           who, (double)noise->scale, (double)noise->offset);
    return CF_OK;
}

static cf_status load_models(const cf_rig *rig, const cf_frame *mono, const cf_frame *color,
                             cf_camera_model **m, cf_camera_model **c) {
    CF_TRY(cf_camera_model_load(rig->mono.model, m));
    CF_TRY(cf_camera_model_check_size(*m, mono->image.width, mono->image.height));
    CF_TRY(cf_camera_model_load(rig->color.model, c));
    return cf_camera_model_check_size(*c, color->image.width, color->image.height);
}

static cf_status open_rig(const cf_rig *rig, cf_frame *mono, cf_frame *color,
                          cf_rectification *geometry, cf_fuse_registration *registration) {
    cf_camera_model *m = NULL, *c = NULL;
    CF_TRY(cf_rig_apply(rig, CF_RIG_MONO, mono->gain, &mono->profile));
    CF_TRY(cf_rig_apply(rig, CF_RIG_COLOR, color->gain, &color->profile));
    CF_TRY(know_noise("mono", mono));
    CF_TRY(know_noise("colour", color));
    cf_status status = load_models(rig, mono, color, &m, &c);
    const cf_rectify_params params = {.depth_min_m = rig->depth_min_m};
    if (status == CF_OK)
        status = cf_rectify(m, c, &params, geometry);
    *registration = (cf_fuse_registration){
        .from_rig = 1, .residual_px = NAN, .vertical_px = NAN, .confidence = 1};
    cf_camera_model_destroy(&m);
    cf_camera_model_destroy(&c);
    return status;
}

cf_status cf_fuse_geometry_open(const char *rig_path, cf_frame *mono, cf_frame *color,
                                cf_rectification *geometry, cf_fuse_registration *registration) {
    cf_rig *rig;
    CF_TRY(cf_rig_load(rig_path, &rig));
    cf_status status = open_rig(rig, mono, color, geometry, registration);
    cf_rig_destroy(&rig);
    return status;
}
