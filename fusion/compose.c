/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `compose`. */
#include "fusion/compose.h"

#include <math.h>
#include <string.h>

CF_CL_SOURCE(compose);

static const cf_compose_params defaults = CF_COMPOSE_DEFAULTS;

static const cf_option options[] = {
    {"spectral", CF_OPTION_FLOAT, offsetof(cf_compose_params, spectral), 3, -4, 4,
     "mono response as weights of R,G,B, sum 1"},
    {"eps", CF_OPTION_FLOAT, offsetof(cf_compose_params, eps), 1, 0x1p-20, 1,
     "offset of the chroma's denominator, linear"},
    CF_OPTION_END,
};

static cf_status bind(const cf_stage_context *context, void *params) {
    cf_compose_params *p = params;
    if (context->mono)
        memcpy(p->spectral, context->mono->spectral, sizeof p->spectral);
    return CF_OK;
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_compose_params *p = params;
    const cf_plane_set *mono = &io->in[0], *chroma = &io->in[1], *rgb = &io->out[0];
    int on = fabsf(p->spectral[1]) >= 1e-3F;
    return cf_launch(cl, &cf_kernel_compose, "compose", "",
                     CF_RANGE((mono->width + 15) / 16, mono->height, 16, 1),
                     CF_ARGS(CF_BUF(mono->buf), CF_INT(mono->pitch), CF_BUF(chroma->buf),
                             CF_INT(chroma->pitch), CF_BUF(rgb->buf), CF_INT(rgb->pitch),
                             CF_INT(mono->width), CF_INT(mono->height), CF_FLOAT(on ? 1 : 0),
                             CF_FLOAT(on ? p->spectral[0] / p->spectral[1] : 0),
                             CF_FLOAT(on ? p->spectral[2] / p->spectral[1] : 0), CF_FLOAT(p->eps)));
}

const cf_stage cf_stage_compose = {
    .name = "compose",
    .summary = "mono and chroma to linear RGB",
    .in = {{.name = "mono", .domain = CF_DOMAIN_LINEAR, .planes = 1},
           {.name = "chroma", .domain = CF_DOMAIN_CHROMA, .planes = 2}},
    .out = {{.name = "rgb", .domain = CF_DOMAIN_LINEAR, .planes = 3}},
    .params_size = sizeof(cf_compose_params),
    .defaults = &defaults,
    .options = options,
    .margin = 0,
    .tol_max = 2e-5,
    .tol_mean = 1e-6,
    .tol_why = "the device's division may be 3 ulp off, and fused multiply-adds round once",
    .bind = bind,
    .run_ref = cf_compose_ref,
    .run_cl = run_cl,
};
