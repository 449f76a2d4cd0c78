/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `upsample`. */
#include "fusion/upsample.h"

CF_CL_SOURCE(upsample);

static const cf_upsample_params defaults = CF_UPSAMPLE_DEFAULTS;

static const cf_option options[] = {
    {"range", CF_OPTION_FLOAT, offsetof(cf_upsample_params, range), 1, 0x1p-10, 16,
     "difference in sqrt-mono that parts surfaces"},
    CF_OPTION_END,
};

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_upsample_params *p = params;
    const cf_plane_set *mono = &io->in[0], *low = &io->in[1];
    const cf_plane_set *chroma_low = &io->in[2], *error_low = &io->in[3];
    const cf_plane_set *chroma = &io->out[0], *error = &io->out[1];
    return cf_launch(cl, &cf_kernel_upsample, "upsample_chroma", "",
                     CF_RANGE((mono->width + 15) / 16, mono->height, 16, 1),
                     CF_ARGS(CF_BUF(mono->buf), CF_INT(mono->pitch), CF_BUF(low->buf),
                             CF_INT(low->pitch), CF_BUF(chroma_low->buf), CF_INT(chroma_low->pitch),
                             CF_BUF(error_low->buf), CF_INT(error_low->pitch), CF_INT(mono->width),
                             CF_INT(mono->height), CF_BUF(chroma->buf), CF_INT(chroma->pitch),
                             CF_BUF(error->buf), CF_INT(error->pitch), CF_FLOAT(1 / p->range)));
}

const cf_stage cf_stage_upsample = {
    .name = "upsample",
    .summary = "chroma at twice the resolution, led by mono",
    .in = {{.name = "mono", .domain = CF_DOMAIN_UNIT, .planes = 1},
           {.name = "mono_low", .domain = CF_DOMAIN_UNIT, .planes = 1, .size = CF_SIZE_HALF},
           {.name = "chroma_low", .domain = CF_DOMAIN_CHROMA, .planes = 2, .size = CF_SIZE_HALF},
           {.name = "error_low", .domain = CF_DOMAIN_SIGMA, .planes = 1, .size = CF_SIZE_HALF}},
    .out = {{.name = "chroma", .domain = CF_DOMAIN_CHROMA, .planes = 2},
            {.name = "error", .domain = CF_DOMAIN_SIGMA, .planes = 1}},
    .params_size = sizeof(cf_upsample_params),
    .defaults = &defaults,
    .options = options,
    .margin = 3,
    .tol_max = 2e-4,
    .tol_mean = 1e-6,
    .tol_why = "with the smallest range a weight is a quotient of numbers near 1e6, and divisions "
               "may be 3 ulp off",
    .run_ref = cf_upsample_ref,
    .run_cl = run_cl,
};
