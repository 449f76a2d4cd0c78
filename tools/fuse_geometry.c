/* SPDX-License-Identifier: Apache-2.0 */
/* Rig file, or pictures alone, to geometry. */
#include "tools/fuse_geometry.h"

#include <math.h>

#include "base/log.h"
#include "calib/noise_estimate.h"
#include "calib/rig.h"
#include "calib/self_register.h"

#define SURE 0.5 /* confidence below which a person should look at the result */

/* The geometry while it is worked out. */
typedef struct {
    cf_camera_model *mono, *color;
    cf_rectify_params params;
    cf_self_registration found;
} estimate;

/* What neither the raw nor the rig tells is estimated from the picture. */
static cf_status know_noise(const char *who, cf_frame *frame) {
    cf_noise *noise = &frame->profile.noise;
    if (noise->scale > 0 || noise->offset > 0)
        return CF_OK;
    CF_TRY(cf_noise_estimate(&frame->image, &frame->profile, noise));
    cf_log(CF_LOG_WARNING,
           "%s picture: neither the file nor the rig tells the noise; estimated from the picture: "
           "variance = %.3g x + %.3g",
           who, (double)noise->scale, (double)noise->offset);
    return CF_OK;
}

static cf_status load_models(const cf_rig *rig, const cf_frame *mono, const cf_frame *color,
                             estimate *e) {
    CF_TRY(cf_camera_model_load(rig->mono.model, &e->mono));
    CF_TRY(cf_camera_model_check_size(e->mono, mono->image.width, mono->image.height));
    CF_TRY(cf_camera_model_load(rig->color.model, &e->color));
    return cf_camera_model_check_size(e->color, color->image.width, color->image.height);
}

/* A rig may have been knocked since its calibration: the pictures themselves tell. */
static cf_status mend(const cf_self_view *mono, const cf_self_view *color, estimate *e) {
    cf_camera_model *mended;
    CF_TRY(cf_self_register_rig(mono, color, e->mono, e->color, &e->params, &mended, &e->found));
    if (!mended)
        return CF_OK;
    cf_log(CF_LOG_WARNING,
           "the rig's calibration is off: the colour camera is turned by %.2f degrees against it "
           "(%.1f pixels of vertical disparity, now %.1f); corrected for this run",
           sqrt(e->found.rotation[0] * e->found.rotation[0] +
                e->found.rotation[1] * e->found.rotation[1] +
                e->found.rotation[2] * e->found.rotation[2]) *
               57.29577951,
           e->found.before_px, e->found.vertical_px);
    cf_camera_model_destroy(&e->color);
    e->color = mended;
    return CF_OK;
}

static cf_status use_rig(const char *path, cf_frame *mono, cf_frame *color, estimate *e) {
    cf_rig *rig;
    CF_TRY(cf_rig_load(path, &rig));
    const cf_self_view m = {&mono->image, &mono->profile}, c = {&color->image, &color->profile};
    e->params.depth_min_m = rig->depth_min_m;
    cf_status status = cf_rig_apply(rig, CF_RIG_MONO, mono->gain, &mono->profile);
    if (status == CF_OK)
        status = cf_rig_apply(rig, CF_RIG_COLOR, color->gain, &color->profile);
    if (status == CF_OK)
        status = load_models(rig, mono, color, e);
    if (status == CF_OK)
        status = mend(&m, &c, e);
    cf_rig_destroy(&rig);
    return status;
}

static cf_status use_pictures(const cf_frame *mono, const cf_frame *color, estimate *e) {
    const cf_self_view m = {&mono->image, &mono->profile}, c = {&color->image, &color->profile};
    CF_TRY(cf_self_register_pictures(&m, &c, 0, &e->mono, &e->color, &e->params, &e->found));
    cf_log(CF_LOG_WARNING,
           "no --rig: registration estimated from the pictures, confidence %.2f (%d of %d points "
           "agree, residual %.2f pixels)%s",
           e->found.confidence, e->found.inliers, e->found.candidates, e->found.residual_px,
           e->found.confidence < SURE ? "; this is a guess, look at the result before using it"
                                      : "");
    return CF_OK;
}

cf_status cf_fuse_geometry_open(const char *rig_path, cf_frame *mono, cf_frame *color,
                                cf_rectification *geometry, cf_fuse_registration *registration) {
    estimate e = {.params = CF_RECTIFY_DEFAULTS};
    cf_status status =
        rig_path ? use_rig(rig_path, mono, color, &e) : use_pictures(mono, color, &e);
    if (status == CF_OK)
        status = know_noise("mono", mono);
    if (status == CF_OK)
        status = know_noise("colour", color);
    if (status == CF_OK)
        status = cf_rectify(e.mono, e.color, &e.params, geometry);
    cf_camera_model_destroy(&e.mono);
    cf_camera_model_destroy(&e.color);
    *registration = (cf_fuse_registration){
        .from_rig = rig_path != NULL,
        .residual_px = e.found.inliers ? e.found.residual_px : NAN,
        .vertical_px = e.found.inliers ? e.found.vertical_px : NAN,
        .confidence = rig_path && !e.found.inliers ? NAN : e.found.confidence,
    };
    return status;
}
