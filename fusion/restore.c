/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `restore`. */
#include "fusion/restore.h"

#include "base/log.h"

CF_CL_SOURCE(restore);

enum { TRANSFERRED, DOUBT, MONO, CELL_MONO, CELL_TRANSFERRED, CELL_DOUBT, CHROMA, ERROR };

static const cf_restore_params defaults = CF_RESTORE_DEFAULTS;

static const cf_option options[] = {
    {"spread", CF_OPTION_FLOAT, offsetof(cf_restore_params, spread), 1, 0x1p-10, 1,
     "difference in sqrt-mono that parts surfaces"},
    CF_OPTION_END,
};

static cf_status shape(const cf_stage_io *io, const void *params, int port, int *width,
                       int *height) {
    const cf_plane_set *cells = &io->in[CELL_MONO];
    (void)params;
    (void)port;
    *width = io->in[0].width;
    *height = io->in[0].height;
    if (cells->width < (*width + 1) / 2 || cells->height < (*height + 1) / 2)
        return cf_fail(CF_ERR_INVALID, "restore: %dx%d cells are too few for a picture of %dx%d",
                       cells->width, cells->height, *width, *height);
    return CF_OK;
}

#define PLANES(set) CF_BUF((set)->buf), CF_INT((set)->pitch)

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_restore_params *p = params;
    const cf_plane_set *in = io->in, *out = io->out;
    return cf_launch(
        cl, &cf_kernel_restore, "restore", "", CF_RANGE((in->width + 15) / 16, in->height, 16, 1),
        CF_ARGS(PLANES(&in[TRANSFERRED]), PLANES(&in[DOUBT]), PLANES(&in[MONO]), CF_INT(in->width),
                CF_INT(in->height), PLANES(&in[CELL_MONO]), PLANES(&in[CELL_TRANSFERRED]),
                PLANES(&in[CELL_DOUBT]), PLANES(&in[CHROMA]), PLANES(&in[ERROR]),
                CF_INT(in[CELL_MONO].height), PLANES(&out[0]), PLANES(&out[1]),
                CF_FLOAT(-0.5F / (p->spread * p->spread))));
}

#define CELLS .size = CF_SIZE_SAME, .like = CELL_MONO
const cf_stage cf_stage_restore = {
    .name = "restore",
    .summary = "what was changed on the cells at full resolution, led by mono",
    .in = {{.name = "transferred", .domain = CF_DOMAIN_CHROMA, .planes = 2},
           {.name = "doubt", .domain = CF_DOMAIN_SIGMA, .planes = 1},
           {.name = "mono", .domain = CF_DOMAIN_UNIT, .planes = 1},
           {.name = "cells.mono", .domain = CF_DOMAIN_UNIT, .planes = 1, .size = CF_SIZE_FREE},
           {.name = "cells.transferred", .domain = CF_DOMAIN_CHROMA, .planes = 2, CELLS},
           {.name = "cells.doubt", .domain = CF_DOMAIN_SIGMA, .planes = 1, CELLS},
           {.name = "changed.chroma", .domain = CF_DOMAIN_CHROMA, .planes = 2, CELLS},
           {.name = "changed.error", .domain = CF_DOMAIN_SIGMA, .planes = 1, CELLS}},
    .out = {{.name = "chroma", .domain = CF_DOMAIN_CHROMA, .planes = 2, .size = CF_SIZE_FREE},
            {.name = "error", .domain = CF_DOMAIN_SIGMA, .planes = 1, .size = CF_SIZE_FREE}},
    .params_size = sizeof(cf_restore_params),
    .defaults = &defaults,
    .options = options,
    .margin = -1,
    .tol_max = 1e-5,
    .tol_mean = 1e-6,
    .tol_why = "the device's exp may be 3 ulp off; four terms in another order",
    .shape = shape,
    .run_ref = cf_restore_ref,
    .run_cl = run_cl,
};
