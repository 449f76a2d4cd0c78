/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of both cameras: once from the first pair, then for each. */
#include <math.h>

#include "base/log.h"
#include "tools/fuse_geometry.h"
#include "tools/live_job.h"

/* A copy of the frame whose pixels are codes and whose profile owns its tables. */
static cf_status as_codes(const cf_frame *frame, cf_frame **out) {
    CF_TRY(cf_frame_create(frame->profile.width, frame->profile.height, out));
    cf_camera_profile *profile = &(*out)->profile;
    *profile = frame->profile;
    profile->defects = NULL; /* the rig's, if any, come later */
    profile->defect_count = 0;
    profile->shading = (cf_shading){0};
    (*out)->exposure_ns = frame->exposure_ns;
    (*out)->gain = frame->gain;
    return cf_frame_codes(frame, &(*out)->image);
}

static int knows_noise(const cf_camera_profile *profile) {
    return profile->noise.scale > 0 || profile->noise.offset > 0;
}

cf_status cf_live_cameras_open(const cf_pair_options *options, cf_frame *const pair[2],
                               cf_live_cameras *out) {
    cf_fuse_registration registration;
    *out = (cf_live_cameras){.options = options};
    CF_TRY(cf_pair_options_apply_rig(options, pair));
    for (int i = 0; i < 2; i++) {
        CF_TRY(as_codes(pair[i], &out->first[i]));
        out->is_estimated[i] = !knows_noise(&pair[i]->profile);
    }
    CF_TRY(cf_fuse_geometry_open(options->rig_path, out->first[0], out->first[1], &out->geometry,
                                 &registration));
    return cf_live_cameras_look(out, pair);
}

void cf_live_cameras_close(cf_live_cameras *c) {
    cf_rectification_clear(&c->geometry);
    cf_frame_unref(&c->first[0]);
    cf_frame_unref(&c->first[1]);
}

/* Shot noise grows with the sensor's gain, read noise with its square; what else is in it is not
 * known where an estimate is all there is. */
static void scale_estimate(const cf_frame *first, const cf_frame *frame, cf_noise *noise) {
    double ratio = first->gain > 0 && frame->gain > 0 ? frame->gain / first->gain : 1;
    noise->scale = (float)((double)first->profile.noise.scale * ratio);
    noise->offset = (float)((double)first->profile.noise.offset * ratio * ratio);
}

/* Light that a frame gathered, in any unit; 0 unknown. */
static double light(const cf_frame *frame) {
    return (double)frame->exposure_ns * (frame->gain > 0 ? frame->gain : 1);
}

/*
 * Settings may change in the course of a recording, and no brain is there to tell what that means:
 * the mono gain of the first pair follows the ratio of the exposures.
 */
static void follow_exposure(const cf_live_cameras *c, cf_frame *const pair[2]) {
    double was = light(c->first[0]) > 0 ? light(c->first[1]) / light(c->first[0]) : 0;
    double is = light(pair[0]) > 0 ? light(pair[1]) / light(pair[0]) : 0;
    if (was > 0 && is > 0)
        pair[0]->profile.gain *= (float)(is / was);
}

cf_status cf_live_cameras_look(cf_live_cameras *c, cf_frame *const pair[2]) {
    int tells_gain = c->options->stream.auto_exposure || pair[0]->profile.gain != 1;
    CF_TRY(cf_pair_options_apply_rig(c->options, pair));
    if (!tells_gain)
        follow_exposure(c, pair);
    for (int i = 0; i < 2; i++) {
        cf_camera_profile *now = &c->now[i];
        *now = pair[i]->profile;
        now->defects = c->first[i]->profile.defects;
        now->defect_count = c->first[i]->profile.defect_count;
        now->shading = c->first[i]->profile.shading;
        if (c->is_estimated[i])
            scale_estimate(c->first[i], pair[i], &now->noise);
    }
    return CF_OK;
}
