/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `vst_inverse`. */
#include "isp/vst_inverse.h"

CF_CL_SOURCE(vst_inverse);

static const cf_vst_inverse_params defaults = CF_VST_DEFAULTS;

static const cf_option options[] = {
    {"scale", CF_OPTION_FLOAT, offsetof(cf_vst_inverse_params, scale), 1, CF_VST_SCALE_MIN, 1,
     "noise variance per signal"},
    {"offset", CF_OPTION_FLOAT, offsetof(cf_vst_inverse_params, offset), 1, 0, 1,
     "noise variance at black"},
    CF_OPTION_END,
};

static cf_status bind(const cf_stage_context *context, void *params) {
    *(cf_vst_inverse_params *)params = cf_vst_from_context(context);
    return CF_OK;
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_vst_inverse_params *p = params;
    const cf_plane_set *in = io->in, *out = io->out;
    int rows = in[0].height * in[0].planes;
    return cf_launch(cl, &cf_kernel_vst_inverse, "vst_inverse", "",
                     CF_RANGE((in[0].width + 15) / 16, rows, 16, 1),
                     CF_ARGS(CF_BUF(in[0].buf), CF_INT(in[0].pitch), CF_BUF(in[1].buf),
                             CF_INT(in[1].pitch), CF_BUF(out[0].buf), CF_INT(out[0].pitch),
                             CF_BUF(out[1].buf), CF_INT(out[1].pitch), CF_INT(in[0].width),
                             CF_INT(rows), CF_FLOAT(p->scale), CF_FLOAT(p->offset)));
}

const cf_stage cf_stage_vst_inverse = {
    .name = "vst_inverse",
    .summary = "denoised stabilised values back to linear light",
    .in = {{.name = "clean", .domain = CF_DOMAIN_STABLE},
           {.name = "sigma", .domain = CF_DOMAIN_SIGMA}},
    .out = {{.name = "linear", .domain = CF_DOMAIN_LINEAR},
            {.name = "sigma", .domain = CF_DOMAIN_SIGMA}},
    .params_size = sizeof(cf_vst_inverse_params),
    .defaults = &defaults,
    .options = options,
    .margin = 0,
    .tol_max = 1e-4,
    .tol_mean = 5e-6,
    .tol_why =
        "exp, sqrt and division within their ulp; the kernel skips the correction of clipped "
        "means where it is below 1e-4 sigma",
    .bind = bind,
    .run_ref = cf_vst_inverse_ref,
    .run_cl = run_cl,
};
