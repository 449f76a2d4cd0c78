/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `transfer`: queues its kernels from the pixels up to the scene's tint and down
 * again. */
#include "fusion/transfer.h"

#include <math.h>

CF_CL_SOURCE(transfer);
CF_CL_SOURCE(transfer_grid);

#define MAX_GRIDS 16

static const cf_transfer_params defaults = CF_TRANSFER_DEFAULTS;

#define FIELD(name) offsetof(cf_transfer_params, name), 1
static const cf_option options[] = {
    {"detail", CF_OPTION_FLOAT, FIELD(detail), 0x1p-20, 1,
     "chroma variance added at the finest scale"},
    {"detail-top", CF_OPTION_FLOAT, FIELD(detail_top), 0x1p-20, 1,
     "the same at the coarsest scales"},
    {"tint", CF_OPTION_FLOAT, FIELD(tint), 0x1p-14, 10, "chroma variance around the scene's tint"},
    {"mono-range", CF_OPTION_FLOAT, FIELD(mono_range), 0x1p-10, 1,
     "difference in sqrt-mono that says little about chroma"},
    {"scene", CF_OPTION_FLOAT, FIELD(scene), 0x1p-14, 10, "variance of scenes' tints"},
    {"crowd", CF_OPTION_FLOAT, FIELD(crowd), 0, 1, "least variance that a cell of hints claims"},
    {"hearsay", CF_OPTION_FLOAT, FIELD(hearsay), 0, 10,
     "least variance with which one mono level tells the scene's tint"},
    {"surprise", CF_OPTION_FLOAT, FIELD(surprise), 1, 1e6,
     "squares of differences from which cells of 2x2 pixels keep what they measured, in variances"},
    {"error-scale", CF_OPTION_FLOAT, FIELD(error_scale), 0, 1000,
     "Lab ab units per unit of chroma"},
    CF_OPTION_END,
};

/* Scratch memory of one frame. Levels have rows longer than their width; grids are packed. */
typedef struct {
    cf_buffer *buf;
    int width, height, pitch;
} layer;

typedef struct {
    layer half, quarter, grid[MAX_GRIDS];
    int grids;
} scratch;

static int half_of(int n) {
    return (n + 1) / 2;
}

static cf_status get_level(cf_cl *cl, int width, int height, layer *l) {
    *l = (layer){NULL, width, height, CF_PITCH(width + 1)};
    return cf_buffer_get(cl, (size_t)l->pitch * (size_t)height * 6 * sizeof(float), &l->buf);
}

static cf_status get_grid(cf_cl *cl, int width, int height, layer *l) {
    *l = (layer){NULL, width, height, width};
    return cf_buffer_get(cl, (size_t)width * (size_t)height * 3 * CF_TRANSFER_BINS * sizeof(float),
                         &l->buf);
}

static cf_status get_scratch(cf_cl *cl, int width, int height, scratch *s) {
    CF_TRY(get_level(cl, half_of(width), half_of(height), &s->half));
    CF_TRY(get_level(cl, half_of(s->half.width), half_of(s->half.height), &s->quarter));
    const layer *finer = &s->quarter;
    do {
        CF_TRY(get_grid(cl, half_of(finer->width), half_of(finer->height), &s->grid[s->grids]));
        finer = &s->grid[s->grids++];
    } while (finer->width > 1 || finer->height > 1);
    return CF_OK;
}

static void put_scratch(scratch *s) {
    cf_buffer_put(&s->half.buf);
    cf_buffer_put(&s->quarter.buf);
    for (int i = 0; i < MAX_GRIDS; i++)
        cf_buffer_put(&s->grid[i].buf);
}

static float detail(const cf_transfer_params *p, int scale) {
    return p->detail * powf(p->detail_top / p->detail, fminf((float)scale / 6, 1));
}

static cf_status go_up(cf_cl *cl, const cf_stage_io *io, const cf_transfer_params *p,
                       const scratch *s) {
    const cf_plane_set *mono = &io->in[0], *hint = &io->in[1];
    const cf_plane_set *confidence = &io->in[2], *sigma = &io->in[3];
    const layer *h = &s->half, *q = &s->quarter;
    CF_TRY(cf_launch(
        cl, &cf_kernel_transfer, "gather_pixels", "", CF_RANGE(h->pitch / 8, h->height, 8, 1),
        CF_ARGS(CF_BUF(mono->buf), CF_INT(mono->pitch), CF_BUF(hint->buf), CF_INT(hint->pitch),
                CF_BUF(confidence->buf), CF_INT(confidence->pitch), CF_BUF(sigma->buf),
                CF_INT(sigma->pitch), CF_INT(mono->width), CF_INT(mono->height), CF_BUF(h->buf),
                CF_INT(h->pitch), CF_FLOAT(p->crowd))));
    CF_TRY(cf_launch(cl, &cf_kernel_transfer, "gather_cells", "",
                     CF_RANGE(q->pitch / 8, q->height, 8, 1),
                     CF_ARGS(CF_BUF(h->buf), CF_INT(h->pitch), CF_INT(h->width), CF_INT(h->height),
                             CF_BUF(q->buf), CF_INT(q->pitch), CF_FLOAT(p->crowd))));
    const layer *g = &s->grid[0];
    CF_TRY(cf_launch(cl, &cf_kernel_transfer_grid, "grid_splat", "",
                     CF_RANGE(g->width, g->height, 8, 1),
                     CF_ARGS(CF_BUF(q->buf), CF_INT(q->pitch), CF_INT(q->width), CF_INT(q->height),
                             CF_BUF(g->buf), CF_FLOAT(p->crowd))));
    for (int i = 1; i < s->grids; i++, g++)
        CF_TRY(cf_launch(cl, &cf_kernel_transfer_grid, "grid_gather", "",
                         CF_RANGE(g[1].width, g[1].height, 8, 1),
                         CF_ARGS(CF_BUF(g->buf), CF_INT(g->width), CF_INT(g->height),
                                 CF_BUF(g[1].buf), CF_FLOAT(p->crowd))));
    return CF_OK;
}

static cf_status go_down(cf_cl *cl, const cf_stage_io *io, const cf_transfer_params *p,
                         const scratch *s) {
    const layer *h = &s->half, *q = &s->quarter, *g = &s->grid[s->grids - 1];
    float range2 = p->mono_range * p->mono_range;
    CF_TRY(cf_launch(
        cl, &cf_kernel_transfer_grid, "grid_start", "", CF_RANGE(1, 1, 1, 1),
        CF_ARGS(CF_BUF(g->buf), CF_FLOAT(p->tint), CF_FLOAT(1 / p->scene), CF_FLOAT(p->hearsay))));
    for (int i = s->grids - 2; i >= 0; i--, g--)
        CF_TRY(cf_launch(cl, &cf_kernel_transfer_grid, "grid_refine", "",
                         CF_RANGE(g[-1].width, g[-1].height, 8, 1),
                         CF_ARGS(CF_BUF(g->buf), CF_BUF(g[-1].buf), CF_INT(g[-1].width),
                                 CF_INT(g[-1].height), CF_FLOAT(detail(p, i + 3)))));
    CF_TRY(cf_launch(cl, &cf_kernel_transfer_grid, "grid_slice", "",
                     CF_RANGE(q->width, q->height, 8, 1),
                     CF_ARGS(CF_BUF(g->buf), CF_BUF(q->buf), CF_INT(q->pitch), CF_INT(q->width),
                             CF_INT(q->height), CF_FLOAT(detail(p, 2)), CF_FLOAT(range2))));
    CF_TRY(cf_launch(cl, &cf_kernel_transfer, "refine_cells", "",
                     CF_RANGE((h->width + 15) / 16, h->height, 8, 1),
                     CF_ARGS(CF_BUF(q->buf), CF_INT(q->pitch), CF_BUF(h->buf), CF_INT(h->pitch),
                             CF_INT(h->width), CF_INT(h->height), CF_FLOAT(detail(p, 1)),
                             CF_FLOAT(range2), CF_FLOAT(p->surprise))));
    const cf_plane_set *mono = &io->in[0], *hint = &io->in[1], *confidence = &io->in[2];
    const cf_plane_set *chroma = &io->out[0], *error = &io->out[1];
    return cf_launch(cl, &cf_kernel_transfer, "write_pixels", "",
                     CF_RANGE((mono->width + 15) / 16, mono->height, 16, 1),
                     CF_ARGS(CF_BUF(h->buf), CF_INT(h->pitch), CF_BUF(mono->buf),
                             CF_INT(mono->pitch), CF_BUF(hint->buf), CF_INT(hint->pitch),
                             CF_BUF(confidence->buf), CF_INT(confidence->pitch),
                             CF_INT(mono->width), CF_INT(mono->height), CF_BUF(chroma->buf),
                             CF_INT(chroma->pitch), CF_BUF(error->buf), CF_INT(error->pitch),
                             CF_FLOAT(detail(p, 0)), CF_FLOAT(p->error_scale)));
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    scratch s = {0};
    cf_status status = get_scratch(cl, io->in[0].width, io->in[0].height, &s);
    if (status == CF_OK)
        status = go_up(cl, io, params, &s);
    if (status == CF_OK)
        status = go_down(cl, io, params, &s);
    put_scratch(&s);
    return status;
}

const cf_stage cf_stage_transfer = {
    .name = "transfer",
    .summary = "chroma for every pixel from hints, guided by mono",
    .in = {{.name = "mono", .domain = CF_DOMAIN_UNIT, .planes = 1},
           {.name = "hint", .domain = CF_DOMAIN_CHROMA, .planes = 2},
           {.name = "confidence", .domain = CF_DOMAIN_UNIT, .planes = 1},
           {.name = "sigma", .domain = CF_DOMAIN_SIGMA, .planes = 1}},
    .out = {{.name = "chroma", .domain = CF_DOMAIN_CHROMA, .planes = 2},
            {.name = "error", .domain = CF_DOMAIN_SIGMA, .planes = 1}},
    .params_size = sizeof(cf_transfer_params),
    .defaults = &defaults,
    .options = options,
    .margin = -1,
    .tol_max = 2e-3,
    .tol_mean = 1e-4,
    .tol_why = "a dozen scales of sums in another order; the error's unit is Lab, of order 10",
    .run_ref = cf_transfer_ref,
    .run_cl = run_cl,
};
