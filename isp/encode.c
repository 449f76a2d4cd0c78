/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `encode`. */
#include "isp/encode.h"

CF_CL_SOURCE(encode);

static const cf_encode_params defaults = CF_ENCODE_DEFAULTS;

static const cf_option options[] = {
    {"gain", CF_OPTION_FLOAT, offsetof(cf_encode_params, gain), 1, 0, 65536,
     "factor before clipping"},
    CF_OPTION_END,
};

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_encode_params *p = params;
    const cf_plane_set *in = &io->in[0], *out = &io->out[0];
    int rows = in->height * in->planes;
    return cf_launch(
        cl, &cf_kernel_encode, "encode", "", CF_RANGE((in->width + 15) / 16, rows, 16, 1),
        CF_ARGS(CF_BUF(in->buf), CF_INT(in->pitch), CF_BUF(out->buf), CF_INT(out->pitch),
                CF_INT(in->width), CF_INT(rows), CF_FLOAT(p->gain)));
}

const cf_stage cf_stage_encode = {
    .name = "encode",
    .summary = "linear light to display values (sRGB)",
    .in = {{.name = "linear", .domain = CF_DOMAIN_LINEAR}},
    .out = {{.name = "encoded", .domain = CF_DOMAIN_ENCODED}},
    .params_size = sizeof(cf_encode_params),
    .defaults = &defaults,
    .options = options,
    .margin = 0,
    .tol_max = 1e-6,
    .tol_mean = 2e-7,
    .tol_why = "a polynomial instead of pow, a few float roundings",
    .run_ref = cf_encode_ref,
    .run_cl = run_cl,
};
