/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `halve`. */
#include "fusion/halve.h"

CF_CL_SOURCE(halve);

static const char no_params;

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_plane_set *in = &io->in[0], *out = &io->out[0];
    int rows = out->height * out->planes;
    (void)params;
    return cf_launch(
        cl, &cf_kernel_halve, "halve", "", CF_RANGE((out->width + 15) / 16, rows, 16, 1),
        CF_ARGS(CF_BUF(in->buf), CF_INT(in->pitch), CF_INT(in->width), CF_INT(in->height),
                CF_BUF(out->buf), CF_INT(out->pitch), CF_INT(rows)));
}

const cf_stage cf_stage_halve = {
    .name = "halve",
    .summary = "means of 2 x 2 pixels",
    .in = {{.name = "picture", .domain = CF_DOMAIN_LINEAR}},
    .out = {{.name = "half", .domain = CF_DOMAIN_LINEAR, .size = CF_SIZE_HALF}},
    .params_size = sizeof no_params,
    .defaults = &no_params,
    .margin = 1,
    .tol_max = 1e-6,
    .tol_mean = 1e-7,
    .tol_why = "the same additions in the same order",
    .run_ref = cf_halve_ref,
    .run_cl = run_cl,
};
