/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `provenance`. */
#include "fusion/provenance.h"

CF_CL_SOURCE(provenance);

static const cf_provenance_params defaults = CF_PROVENANCE_DEFAULTS;

static const cf_option options[] = {
    {"half", CF_OPTION_FLOAT, offsetof(cf_provenance_params, half), 1, 0x1p-10, 1,
     "confidence at which a hint counts as much as its surroundings"},
    {"invented-error", CF_OPTION_FLOAT, offsetof(cf_provenance_params, invented_error), 1, 1, 1000,
     "error of a guess without hints, Lab ab units"},
    CF_OPTION_END,
};

static cf_status bind(const cf_stage_context *context, void *params) {
    cf_provenance_params *p = params;
    if (context->network)
        p->invented_error = CF_PROVENANCE_NETWORK_ERROR;
    return CF_OK;
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_provenance_params *p = params;
    const cf_plane_set *confidence = &io->in[0], *match = &io->in[1];
    const cf_plane_set *error = &io->in[2], *shares = &io->out[0];
    return cf_launch(cl, &cf_kernel_provenance, "provenance", "",
                     CF_RANGE((confidence->width + 15) / 16, confidence->height, 16, 1),
                     CF_ARGS(CF_BUF(confidence->buf), CF_INT(confidence->pitch), CF_BUF(match->buf),
                             CF_INT(match->pitch), CF_BUF(error->buf), CF_INT(error->pitch),
                             CF_BUF(shares->buf), CF_INT(shares->pitch), CF_INT(confidence->width),
                             CF_INT(confidence->height), CF_FLOAT(p->half),
                             CF_FLOAT(1 / p->invented_error)));
}

const cf_stage cf_stage_provenance = {
    .name = "provenance",
    .summary = "shares of invented, measured and guided chroma",
    .in = {{.name = "confidence", .domain = CF_DOMAIN_UNIT, .planes = 1},
           {.name = "match", .domain = CF_DOMAIN_UNIT, .planes = 1},
           {.name = "error", .domain = CF_DOMAIN_SIGMA, .planes = 1}},
    .out = {{.name = "shares", .domain = CF_DOMAIN_UNIT, .planes = 3}},
    .params_size = sizeof(cf_provenance_params),
    .defaults = &defaults,
    .options = options,
    .margin = 0,
    .tol_max = 1.001 / 255,
    .tol_mean = 2e-5,
    .tol_why = "a value halfway between two steps of 1/255 may round to either",
    .bind = bind,
    .run_ref = cf_provenance_ref,
    .run_cl = run_cl,
};
