/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `transfer`: its scales from 8 pixels on, a grid over place and mono level. */
#include <math.h>

#include "base/alloc.h"
#include "fusion/transfer_ref.h"

#define BINS CF_TRANSFER_BINS
#define MAX_GRIDS 16

/* One cell, by mono level. */
typedef struct {
    float weight[BINS], sum[2][BINS];
    float chroma[2][BINS], precision[BINS];
} grid_cell;

typedef struct {
    int width, height;
    grid_cell *cells;
} grid;

static int clampi(int v, int high) {
    return v < 0 ? 0 : v > high ? high : v;
}

static grid_cell *at(const grid *g, int x, int y) {
    return &g->cells[(size_t)y * (size_t)g->width + (size_t)x];
}

/* Share of level bin for the mono value u: a tent over the two nearest levels. */
static float tent(float u, int bin) {
    float z = fminf(fmaxf(u, 0), 1) * (BINS - 1);
    return fmaxf(1 - fabsf(z - (float)bin), 0);
}

static void splat(const cf_transfer_params *p, const cf_transfer_level *from, grid *to) {
    for (int y = 0; y < from->height; y++)
        for (int x = 0; x < from->width; x++) {
            const cf_transfer_cell *c = &from->cells[(size_t)y * (size_t)from->width + (size_t)x];
            grid_cell *t = at(to, x / 2, y / 2);
            float share = 1 / (1 + c->weight * p->crowd);
            float u = c->guide_sum / (c->weight + CF_TRANSFER_TINY);
            for (int b = 0; b < BINS; b++) {
                t->weight[b] += tent(u, b) * share * c->weight;
                t->sum[0][b] += tent(u, b) * share * c->sum[0];
                t->sum[1][b] += tent(u, b) * share * c->sum[1];
            }
        }
}

static void gather(const cf_transfer_params *p, const grid *from, grid *to) {
    for (int y = 0; y < from->height; y++)
        for (int x = 0; x < from->width; x++) {
            const grid_cell *c = at(from, x, y);
            grid_cell *t = at(to, x / 2, y / 2);
            for (int b = 0; b < BINS; b++) {
                float share = 1 / (1 + c->weight[b] * p->crowd);
                t->weight[b] += share * c->weight[b];
                t->sum[0][b] += share * c->sum[0][b];
                t->sum[1][b] += share * c->sum[1][b];
            }
        }
}

/* Weighted sums over the priors of a neighbourhood. */
typedef struct {
    float mass, plain, a, b, square;
} tally;

static void add(tally *t, const grid_cell *c, int bin, float weight) {
    float a = c->chroma[0][bin], b = c->chroma[1][bin];
    t->plain += weight;
    weight *= c->precision[bin];
    t->mass += weight;
    t->a += weight * a;
    t->b += weight * b;
    t->square += weight * (a * a + b * b);
}

static cf_transfer_prior conclude(tally t) {
    float inverse = 1 / (t.mass + CF_TRANSFER_TINY), a = t.a * inverse, b = t.b * inverse;
    float spread = fmaxf(t.square * inverse - a * a - b * b, 0);
    return (cf_transfer_prior){
        {a, b}, fmaxf(t.plain * inverse - CF_TRANSFER_FLOOR, 0) + CF_TRANSFER_DISAGREE * spread};
}

/* The 2 x 2 cells of from nearest to cell (x, y) of the next finer scale, with their weights. */
static void nearest(const grid *from, int x, int y, const grid_cell *cell[4], float weight[4]) {
    for (int i = 0; i < 4; i++) {
        int cx = clampi(x / 2 + (i & 1 ? (x & 1 ? 1 : -1) : 0), from->width - 1);
        int cy = clampi(y / 2 + (i & 2 ? (y & 1 ? 1 : -1) : 0), from->height - 1);
        cell[i] = at(from, cx, cy);
        weight[i] = (i & 1 ? 0.25F : 0.75F) * (i & 2 ? 0.25F : 0.75F);
    }
}

static void estimate(grid_cell *c, int bin, cf_transfer_prior prior) {
    float sum[2] = {c->sum[0][bin], c->sum[1][bin]}, chroma[2];
    float variance = cf_transfer_correct(prior, c->weight[bin], sum, chroma);
    c->chroma[0][bin] = chroma[0];
    c->chroma[1][bin] = chroma[1];
    c->precision[bin] = 1 / (variance + CF_TRANSFER_FLOOR);
}

/* The coarsest grid has one cell: its levels start from the tint of the whole scene. */
static void start(const cf_transfer_params *p, grid *top) {
    float weight = 1 / p->scene, sum[2] = {0, 0};
    for (int b = 0; b < BINS; b++) {
        float share = 1 / (1 + top->cells->weight[b] * p->hearsay);
        weight += share * top->cells->weight[b];
        sum[0] += share * top->cells->sum[0][b];
        sum[1] += share * top->cells->sum[1][b];
    }
    for (int b = 0; b < BINS; b++)
        estimate(top->cells, b, (cf_transfer_prior){{sum[0] / weight, sum[1] / weight}, p->tint});
}

static void refine(const grid *from, grid *to, float detail) {
    for (int y = 0; y < to->height; y++)
        for (int x = 0; x < to->width; x++) {
            const grid_cell *cell[4];
            float weight[4];
            nearest(from, x, y, cell, weight);
            for (int b = 0; b < BINS; b++) {
                tally t = {0};
                for (int i = 0; i < 4; i++)
                    for (int n = b - 1; n <= b + 1; n++)
                        if (n >= 0 && n < BINS)
                            add(&t, cell[i], n,
                                n == b ? weight[i] : weight[i] * CF_TRANSFER_BIN_LEAK);
                cf_transfer_prior prior = conclude(t);
                prior.variance += detail;
                estimate(at(to, x, y), b, prior);
            }
        }
}

static void slice(const cf_transfer_params *p, const grid *from, cf_transfer_level *to) {
    for (int y = 0; y < to->height; y++)
        for (int x = 0; x < to->width; x++) {
            cf_transfer_cell *c = &to->cells[(size_t)y * (size_t)to->width + (size_t)x];
            const grid_cell *cell[4];
            float weight[4];
            tally t = {0};
            nearest(from, x, y, cell, weight);
            for (int i = 0; i < 4; i++)
                for (int b = 0; b < BINS; b++)
                    add(&t, cell[i], b, weight[i] * tent(c->guide, b));
            cf_transfer_prior prior = conclude(t);
            prior.variance += cf_transfer_detail(p, 2);
            cf_transfer_finish(p, prior, 0, c);
        }
}

static cf_status run(const cf_transfer_params *p, cf_transfer_level *quarter,
                     grid grids[MAX_GRIDS]) {
    int width = quarter->width, height = quarter->height, count = 0;
    do {
        width = (width + 1) / 2;
        height = (height + 1) / 2;
        grids[count] =
            (grid){width, height, cf_alloc((size_t)width * (size_t)height, sizeof(grid_cell))};
        if (!grids[count++].cells)
            return CF_ERR_MEMORY;
    } while (width > 1 || height > 1);
    splat(p, quarter, &grids[0]);
    for (int i = 1; i < count; i++)
        gather(p, &grids[i - 1], &grids[i]);
    start(p, &grids[count - 1]);
    for (int i = count - 2; i >= 0; i--)
        refine(&grids[i + 1], &grids[i], cf_transfer_detail(p, i + 3));
    slice(p, &grids[0], quarter);
    return CF_OK;
}

cf_status cf_transfer_grid_ref(const cf_transfer_params *p, cf_transfer_level *quarter) {
    grid grids[MAX_GRIDS] = {0};
    cf_status status = run(p, quarter, grids);
    for (int i = 0; i < MAX_GRIDS; i++)
        cf_free(grids[i].cells);
    return status;
}
