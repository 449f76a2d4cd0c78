/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `guide`. */
#include "fusion/guide.h"

CF_CL_SOURCE(guide);

static const cf_guide_params defaults = CF_GUIDE_DEFAULTS;

static const cf_option options[] = {
    {"scale", CF_OPTION_FLOAT, offsetof(cf_guide_params, scale), 1, 0, 10,
     "photon noise of the mono raw"},
    {"offset", CF_OPTION_FLOAT, offsetof(cf_guide_params, offset), 1, 0, 10,
     "read noise variance of the mono raw"},
    {"residual", CF_OPTION_FLOAT, offsetof(cf_guide_params, residual), 1, 0, 1,
     "share of the noise variance left by denoising"},
    CF_OPTION_END,
};

static cf_status bind(const cf_stage_context *context, void *params) {
    cf_guide_params *p = params;
    if (context->mono) {
        p->scale = context->mono->gain * context->mono->noise.scale;
        p->offset = context->mono->gain * context->mono->gain * context->mono->noise.offset;
    }
    return CF_OK;
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_guide_params *p = params;
    const cf_plane_set *in = &io->in[0], *mono = &io->out[0], *sigma = &io->out[1];
    return cf_launch(
        cl, &cf_source_guide, "guide", "", CF_RANGE((in->width + 15) / 16, in->height, 16, 1),
        CF_ARGS(CF_BUF(in->buf), CF_INT(in->pitch), CF_BUF(mono->buf), CF_INT(mono->pitch),
                CF_BUF(sigma->buf), CF_INT(sigma->pitch), CF_INT(in->width), CF_INT(in->height),
                CF_FLOAT(p->residual * p->scale), CF_FLOAT(p->residual * p->offset)));
}

const cf_stage cf_stage_guide = {
    .name = "guide",
    .summary = "denoised mono to the network's mono and sigma",
    .in = {{.name = "mono", .domain = CF_DOMAIN_LINEAR, .planes = 1}},
    .out = {{.name = "mono", .domain = CF_DOMAIN_UNIT, .planes = 1},
            {.name = "sigma", .domain = CF_DOMAIN_SIGMA, .planes = 1}},
    .params_size = sizeof(cf_guide_params),
    .defaults = &defaults,
    .options = options,
    .margin = 0,
    .tol_max = 1e-5,
    .tol_mean = 1e-6,
    .tol_why =
        "the device's sqrt and division may be 3 ulp off, and noise * share is rounded first",
    .bind = bind,
    .run_ref = cf_guide_ref,
    .run_cl = run_cl,
};
