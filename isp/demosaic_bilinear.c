/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `demosaic_bilinear`. */
#include "isp/demosaic_bilinear.h"

CF_CL_SOURCE(demosaic_bilinear);

static const cf_demosaic_params defaults = CF_DEMOSAIC_DEFAULTS;

static const cf_option options[] = {
    {"red-x", CF_OPTION_INT, offsetof(cf_demosaic_params, red_x), 1, 0, 1, "column of red"},
    {"red-y", CF_OPTION_INT, offsetof(cf_demosaic_params, red_y), 1, 0, 1, "row of red"},
    {"gain", CF_OPTION_FLOAT, offsetof(cf_demosaic_params, gain), 3, 0.0625, 16,
     "white balance of R, G, B"},
    CF_OPTION_END,
};

static cf_status bind(const cf_stage_context *context, void *params) {
    return cf_stage_demosaic.bind(context, params);
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_demosaic_params *p = params;
    const cf_plane_set *raw = &io->in[0], *rgb = &io->out[0];
    const float gain[4] = {p->gain[0], p->gain[1], p->gain[2], 0};
    return cf_launch(cl, &cf_source_demosaic_bilinear, "demosaic_bilinear", "",
                     CF_RANGE((raw->width + 15) / 16, raw->height, 16, 1),
                     CF_ARGS(CF_BUF(raw->buf), CF_INT(raw->pitch), CF_BUF(rgb->buf),
                             CF_INT(rgb->pitch), CF_INT(raw->width), CF_INT(raw->height),
                             CF_INT(p->red_x), CF_INT(p->red_y), CF_BYTES(gain, sizeof gain)));
}

const cf_stage cf_stage_demosaic_bilinear = {
    .name = "demosaic_bilinear",
    .summary = "white balance, and three colours at every site by averages",
    .in = {{.name = "raw", .domain = CF_DOMAIN_RAW, .planes = 1}},
    .out = {{.name = "rgb", .domain = CF_DOMAIN_LINEAR, .planes = 3}},
    .params_size = sizeof(cf_demosaic_params),
    .defaults = &defaults,
    .options = options,
    .margin = 1,
    .tol_max = 1e-6,
    .tol_mean = 2e-7,
    .tol_why = "sums in another order",
    .bind = bind,
    .run_ref = cf_demosaic_bilinear_ref,
    .run_cl = run_cl,
};
