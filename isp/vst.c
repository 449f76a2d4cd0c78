/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `vst`. */
#include "isp/vst.h"

CF_CL_SOURCE(vst);

static const cf_vst_params defaults = CF_VST_DEFAULTS;

static const cf_option options[] = {
    {"scale", CF_OPTION_FLOAT, offsetof(cf_vst_params, scale), 1, CF_VST_SCALE_MIN, 1,
     "noise variance per signal"},
    {"offset", CF_OPTION_FLOAT, offsetof(cf_vst_params, offset), 1, 0, 1,
     "noise variance at black"},
    CF_OPTION_END,
};

static float within(float v, double low, double high) {
    return v > (float)low ? (v < (float)high ? v : (float)high) : (float)low;
}

cf_vst_params cf_vst_from_context(const cf_stage_context *context) {
    const cf_noise *noise = &context->camera->noise;
    if (!(noise->scale > 0) && !(noise->offset > 0))
        return defaults;
    return (cf_vst_params){.scale = within(noise->scale, CF_VST_SCALE_MIN, 1),
                           .offset = within(noise->offset, 0, 1)};
}

static cf_status bind(const cf_stage_context *context, void *params) {
    *(cf_vst_params *)params = cf_vst_from_context(context);
    return CF_OK;
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_vst_params *p = params;
    const cf_plane_set *in = &io->in[0], *out = &io->out[0];
    int rows = in->height * in->planes;
    return cf_launch(cl, &cf_kernel_vst, "vst", "", CF_RANGE((in->width + 15) / 16, rows, 16, 1),
                     CF_ARGS(CF_BUF(in->buf), CF_INT(in->pitch), CF_BUF(out->buf),
                             CF_INT(out->pitch), CF_INT(in->width), CF_INT(rows),
                             CF_FLOAT(p->scale), CF_FLOAT(p->offset)));
}

const cf_stage cf_stage_vst = {
    .name = "vst",
    .summary = "raw to values whose noise has sigma 1",
    .in = {{.name = "raw", .domain = CF_DOMAIN_RAW}},
    .out = {{.name = "stable", .domain = CF_DOMAIN_STABLE}},
    .params_size = sizeof(cf_vst_params),
    .defaults = &defaults,
    .options = options,
    .margin = 0,
    .tol_max = 2e-4,
    .tol_mean = 1e-6,
    .tol_why = "OpenCL's square root may be 3 ulp off, and the root magnifies what is near 0",
    .bind = bind,
    .run_ref = cf_vst_ref,
    .run_cl = run_cl,
};
