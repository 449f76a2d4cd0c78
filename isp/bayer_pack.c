/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `bayer_pack`. */
#include "isp/bayer_pack.h"

#include <math.h>

CF_CL_SOURCE(bayer_pack);

static const cf_bayer_params defaults = CF_BAYER_DEFAULTS;

const cf_option cf_bayer_options[] = {
    {"scale", CF_OPTION_FLOAT, offsetof(cf_bayer_params, scale), 1, CF_VST_SCALE_MIN, 1,
     "noise variance per signal"},
    {"offset", CF_OPTION_FLOAT, offsetof(cf_bayer_params, offset), 1, 0, 1,
     "noise variance at black"},
    {"tint", CF_OPTION_FLOAT, offsetof(cf_bayer_params, tint), 4, 0.05, 20,
     "root of the raw value of grey, per site"},
    CF_OPTION_END,
};

cf_bayer_params cf_bayer_from_context(const cf_stage_context *context) {
    cf_vst_params noise = cf_vst_from_context(context);
    cf_bayer_params p = {.scale = noise.scale, .offset = noise.offset};
    const cf_camera_profile *camera = context->camera;
    for (int i = 0; i < 4; i++) {
        float neutral = camera->is_color ? camera->neutral[camera->cfa[i]] : 1;
        p.tint[i] = neutral > 0.0025F ? fminf(sqrtf(neutral), 20) : 0.05F;
    }
    return p;
}

static cf_status bind(const cf_stage_context *context, void *params) {
    *(cf_bayer_params *)params = cf_bayer_from_context(context);
    return CF_OK;
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_bayer_params *p = params;
    const cf_plane_set *in = &io->in[0], *out = &io->out[0];
    float basis[4][4];
    cf_bayer_basis(p->tint, basis);
    return cf_launch(cl, &cf_kernel_bayer_pack, "bayer_pack", "",
                     CF_RANGE((out->width + 15) / 16, out->height, 16, 1),
                     CF_ARGS(CF_BUF(in->buf), CF_INT(in->pitch), CF_INT(in->width),
                             CF_INT(in->height), CF_BUF(out->buf), CF_INT(out->pitch),
                             CF_FLOAT(p->scale), CF_FLOAT(p->offset),
                             CF_BYTES(basis, sizeof basis)));
}

const cf_stage cf_stage_bayer_pack = {
    .name = "bayer_pack",
    .summary = "mosaic to four decorrelated planes with noise of sigma 1",
    .in = {{.name = "raw", .domain = CF_DOMAIN_RAW, .planes = 1}},
    .out = {{.name = "planes", .domain = CF_DOMAIN_STABLE, .planes = 4, .size = CF_SIZE_HALF}},
    .params_size = sizeof(cf_bayer_params),
    .defaults = &defaults,
    .options = cf_bayer_options,
    .margin = 2,
    .tol_max = 5e-3,
    .tol_mean = 5e-4,
    .tol_why = "differences of values up to 2e4 (offset 1 with scale 1e-4), where a float ulp is "
               "2e-3; sigma is 1",
    .bind = bind,
    .run_ref = cf_bayer_pack_ref,
    .run_cl = run_cl,
};
