/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `error_map`. */
#include "fusion/error_map.h"

CF_CL_SOURCE(error_map);

static const char no_params;

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_plane_set *in = io->in, *out = &io->out[0];
    (void)params;
    return cf_launch(cl, &cf_kernel_error_map, "error_map", "",
                     CF_RANGE((out->width + 15) / 16, out->height, 16, 1),
                     CF_ARGS(CF_BUF(in[0].buf), CF_INT(in[0].pitch), CF_BUF(in[1].buf),
                             CF_INT(in[1].pitch), CF_BUF(in[2].buf), CF_INT(in[2].pitch),
                             CF_BUF(in[3].buf), CF_INT(in[3].pitch), CF_BUF(out->buf),
                             CF_INT(out->pitch), CF_INT(out->width), CF_INT(out->height)));
}

const cf_stage cf_stage_error_map = {
    .name = "error_map",
    .summary = "the predicted chroma error as it is told",
    .in = {{.name = "error", .domain = CF_DOMAIN_SIGMA, .planes = 1},
           {.name = "mono", .domain = CF_DOMAIN_LINEAR, .planes = 1},
           {.name = "chroma", .domain = CF_DOMAIN_CHROMA, .planes = 2},
           {.name = "before", .domain = CF_DOMAIN_CHROMA, .planes = 2}},
    .out = {{.name = "map", .domain = CF_DOMAIN_SIGMA, .planes = 1}},
    .params_size = sizeof no_params,
    .defaults = &no_params,
    .margin = 4,
    .tol_max = 1e-5,
    .tol_mean = 1e-6,
    .tol_why = "the device's sqrt, exp and log may be 3 ulp off; 25 terms in another order",
    .run_ref = cf_error_map_ref,
    .run_cl = run_cl,
};
