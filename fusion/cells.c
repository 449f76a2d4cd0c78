/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `cells`. */
#include "fusion/cells.h"

CF_CL_SOURCE(cells);

enum { MONO, HINT, CONFIDENCE, SIGMA, TRANSFERRED, DOUBT };

static const char no_params;

static int cells_of(int pixels) {
    int cells = (pixels + 1) / 2;
    return (cells + CF_CELLS_MULTIPLE - 1) / CF_CELLS_MULTIPLE * CF_CELLS_MULTIPLE;
}

static cf_status shape(const cf_stage_io *io, const void *params, int port, int *width,
                       int *height) {
    (void)params;
    (void)port;
    *width = cells_of(io->in[0].width);
    *height = cells_of(io->in[0].height);
    return CF_OK;
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    static const int plain[] = {MONO, SIGMA, TRANSFERRED, DOUBT};
    const cf_plane_set *hint = &io->in[HINT], *trust = &io->in[CONFIDENCE];
    const cf_plane_set *to = &io->out[HINT], *to_trust = &io->out[CONFIDENCE];
    const cf_range range = CF_RANGE(to->width / 8, to->height, 8, 1);
    (void)params;
    for (int i = 0; i < 4; i++) {
        const cf_plane_set *in = &io->in[plain[i]], *out = &io->out[plain[i]];
        CF_TRY(cf_launch(cl, &cf_kernel_cells, "cells_mean", "", range,
                         CF_ARGS(CF_BUF(in->buf), CF_INT(in->pitch), CF_INT(in->width),
                                 CF_INT(in->height), CF_BUF(out->buf), CF_INT(out->pitch),
                                 CF_INT(out->width), CF_INT(out->height), CF_INT(in->planes))));
    }
    return cf_launch(cl, &cf_kernel_cells, "cells_hint", "", range,
                     CF_ARGS(CF_BUF(hint->buf), CF_INT(hint->pitch), CF_BUF(trust->buf),
                             CF_INT(trust->pitch), CF_INT(hint->width), CF_INT(hint->height),
                             CF_BUF(to->buf), CF_INT(to->pitch), CF_BUF(to_trust->buf),
                             CF_INT(to_trust->pitch), CF_INT(to->width), CF_INT(to->height)));
}

const cf_stage cf_stage_cells = {
    .name = "cells",
    .summary = "the network's inputs: means over 2x2 pixels",
    .in = {{.name = "mono", .domain = CF_DOMAIN_UNIT, .planes = 1},
           {.name = "hint", .domain = CF_DOMAIN_CHROMA, .planes = 2},
           {.name = "confidence", .domain = CF_DOMAIN_UNIT, .planes = 1},
           {.name = "sigma", .domain = CF_DOMAIN_SIGMA, .planes = 1},
           {.name = "transferred", .domain = CF_DOMAIN_CHROMA, .planes = 2},
           {.name = "doubt", .domain = CF_DOMAIN_SIGMA, .planes = 1}},
    .out = {{.name = "mono", .domain = CF_DOMAIN_UNIT, .planes = 1, .size = CF_SIZE_FREE},
            {.name = "hint", .domain = CF_DOMAIN_CHROMA, .planes = 2, .size = CF_SIZE_FREE},
            {.name = "confidence", .domain = CF_DOMAIN_UNIT, .planes = 1, .size = CF_SIZE_FREE},
            {.name = "sigma", .domain = CF_DOMAIN_SIGMA, .planes = 1, .size = CF_SIZE_FREE},
            {.name = "transferred", .domain = CF_DOMAIN_CHROMA, .planes = 2, .size = CF_SIZE_FREE},
            {.name = "doubt", .domain = CF_DOMAIN_SIGMA, .planes = 1, .size = CF_SIZE_FREE}},
    .params_size = sizeof no_params,
    .defaults = &no_params,
    .margin = 1,
    .tol_max = 2e-6,
    .tol_mean = 2e-7,
    .tol_why = "four numbers summed in another order, and a division of 2.5 ulp",
    .shape = shape,
    .run_ref = cf_cells_ref,
    .run_cl = run_cl,
};
