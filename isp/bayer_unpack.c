/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `bayer_unpack`. */
#include "isp/bayer_unpack.h"

CF_CL_SOURCE(bayer_unpack);

static const cf_bayer_params defaults = CF_BAYER_DEFAULTS;

static cf_status bind(const cf_stage_context *context, void *params) {
    *(cf_bayer_params *)params = cf_bayer_from_context(context);
    return CF_OK;
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_bayer_params *p = params;
    const cf_plane_set *in = io->in, *out = io->out;
    float basis[4][4];
    cf_bayer_basis(p->tint, basis);
    return cf_launch(cl, &cf_kernel_bayer_unpack, "bayer_unpack", "",
                     CF_RANGE((in[1].width + 15) / 16, in[1].height, 16, 1),
                     CF_ARGS(CF_BUF(in[1].buf), CF_INT(in[1].pitch), CF_BUF(in[2].buf),
                             CF_INT(in[2].pitch), CF_BUF(out[0].buf), CF_INT(out[0].pitch),
                             CF_BUF(out[1].buf), CF_INT(out[1].pitch), CF_INT(out[0].width),
                             CF_INT(out[0].height), CF_FLOAT(p->scale), CF_FLOAT(p->offset),
                             CF_BYTES(basis, sizeof basis)));
}

const cf_stage cf_stage_bayer_unpack = {
    .name = "bayer_unpack",
    .summary = "four denoised planes back to a mosaic",
    .in = {{.name = "raw", .domain = CF_DOMAIN_RAW, .planes = 1},
           {.name = "clean", .domain = CF_DOMAIN_STABLE, .planes = 4, .size = CF_SIZE_HALF},
           {.name = "sigma", .domain = CF_DOMAIN_SIGMA, .planes = 4, .size = CF_SIZE_HALF}},
    .out = {{.name = "raw", .domain = CF_DOMAIN_RAW, .planes = 1},
            {.name = "sigma", .domain = CF_DOMAIN_SIGMA, .planes = 1}},
    .params_size = sizeof(cf_bayer_params),
    .defaults = &defaults,
    .options = cf_bayer_options,
    .margin = 2,
    .tol_max = 2e-4,
    .tol_mean = 5e-6,
    .tol_why =
        "exp, sqrt and division within their ulp; the kernel skips the correction of clipped "
        "means where it is below 1e-4 sigma",
    .bind = bind,
    .run_ref = cf_bayer_unpack_ref,
    .run_cl = run_cl,
};
