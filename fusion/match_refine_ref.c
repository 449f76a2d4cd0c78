/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `match_refine`. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "fusion/match_refine.h"

#define BASES 9             /* different coarse disparities */
#define CHOICES (3 * BASES) /* each also -1 and +1 */
#define BLOCK 8

/* What the pixels of one block choose from. */
typedef struct {
    int count, bases;          /* the steps of one follow the bases */
    int shift[CHOICES];        /* rounded disparity */
    int margin[CHOICES];       /* added to the sum of differences */
    float disparity[CHOICES];  /* unrounded */
    float confidence[CHOICES]; /* of the coarse pixel it comes from */
} choices;

static int clamp(int v, int low, int high) {
    return v < low ? low : v > high ? high : v;
}

static int rounded(float disparity) {
    return (int)floorf(disparity + 0.5F);
}

static int find(const choices *c, int shift) {
    for (int i = 0; i < c->count; i++)
        if (c->shift[i] == shift)
            return i;
    return -1;
}

static void add(choices *c, float disparity, float confidence, int margin) {
    c->shift[c->count] = rounded(disparity);
    c->disparity[c->count] = disparity;
    c->confidence[c->count] = confidence;
    c->margin[c->count++] = margin;
}

static float coarse_at(const cf_stage_io *io, int level, int x, int y) {
    float d = cf_row(&io->in[2], 0, y)[x] * (float)level;
    return fabsf(d) < 65536 ? d : 0;
}

/* Adds the coarse pixels from (x0, y0) to (x1, y1), without those of the block when it is a ring
 * around them. */
static void add_cells(const cf_stage_io *io, int level, const int block[4], int ring, int margin,
                      choices *c) {
    const cf_plane_set *coarse = &io->in[2];
    for (int y = block[1] - ring; y <= block[3] + ring; y++)
        for (int x = block[0] - ring; x <= block[2] + ring; x++) {
            int inside = x >= block[0] && x <= block[2] && y >= block[1] && y <= block[3];
            int outside = x < 0 || y < 0 || x >= coarse->width || y >= coarse->height;
            if (outside || (ring && inside) || c->count == BASES)
                continue;
            float trust = cf_row(&io->in[3], 0, y)[x];
            if (!(trust > 0))
                continue;
            float d = coarse_at(io, level, x, y);
            int s = rounded(d);
            if (find(c, s - 1) < 0 && find(c, s) < 0 && find(c, s + 1) < 0)
                add(c, d, trust, margin);
        }
}

static void collect(const cf_stage_io *io, const cf_match_refine_params *p, int level, int x, int y,
                    choices *c) {
    const cf_plane_set *coarse = &io->in[2];
    int n = (2 * p->radius + 1) * (2 * p->radius + 1);
    int other = (int)((float)n * p->other + 0.5F), more = (int)((float)n * p->step + 0.5F);
    const int block[4] = {clamp(x / level, 0, coarse->width - 1),
                          clamp(y / level, 0, coarse->height - 1),
                          clamp((x + BLOCK - 1) / level, 0, coarse->width - 1),
                          clamp((y + BLOCK - 1) / level, 0, coarse->height - 1)};
    c->count = 0;
    add_cells(io, level, block, 0, 0, c);
    add_cells(io, level, block, 1, other, c);
    c->bases = c->count;
    for (int i = 0; i < c->bases; i++)
        for (int step = -1; step <= 1; step += 2)
            if (find(c, c->shift[i] + step) < 0)
                add(c, (float)(c->shift[i] + step), c->confidence[i], more);
}

static int difference(const cf_stage_io *io, int radius, int x, int y, int shift) {
    const cf_plane_set *l = &io->in[0], *r = &io->in[1];
    int sum = 0;
    for (int j = y - radius; j <= y + radius; j++) {
        size_t row = (size_t)clamp(j, 0, l->height - 1);
        const unsigned char *left = (const unsigned char *)l->data + row * (size_t)l->pitch;
        const unsigned char *right = (const unsigned char *)r->data + row * (size_t)r->pitch;
        for (int i = x - radius; i <= x + radius; i++) {
            int d = abs(left[clamp(i, 0, l->width - 1)] - right[clamp(i - shift, 0, l->width - 1)]);
            sum += d < 60 ? d : 60;
        }
    }
    return sum;
}

static void refine(const cf_stage_io *io, const cf_match_refine_params *p, const choices *c,
                   int level, int x, int y) {
    int n = (2 * p->radius + 1) * (2 * p->radius + 1), sum[CHOICES] = {0}, best = 0;
    for (int i = 0; i < c->count; i++) {
        sum[i] = difference(io, p->radius, x, y, c->shift[i]);
        best = sum[i] + c->margin[i] < sum[best] + c->margin[best] ? i : best;
    }
    int cx = clamp(x / level, 0, io->in[2].width - 1),
        cy = clamp(y / level, 0, io->in[2].height - 1);
    float own = coarse_at(io, level, cx, cy), d = c->disparity[best];
    float confidence = cf_row(&io->in[3], 0, cy)[cx];
    int near = abs(rounded(own) - c->shift[best]) <= 1;
    if (near && best < c->bases)
        d = own;
    if (!near)
        confidence = fminf(confidence, c->confidence[best]);
    int less = find(c, c->shift[best] - 1), more = find(c, c->shift[best] + 1);
    if (p->fit && less >= 0 && more >= 0) {
        int a = sum[less] - sum[best], b = sum[more] - sum[best], top = a > b ? a : b;
        if (a >= 0 && b >= 0 && 10 * top > 3 * n)
            d = (float)c->shift[best] + 0.5F * (float)(a - b) / (float)top;
    }
    cf_row(&io->out[0], 0, y)[x] = d;
    cf_row(&io->out[1], 0, y)[x] = confidence;
}

static void keep_own(const cf_stage_io *io, int level, int x, int y) {
    int cx = clamp(x / level, 0, io->in[2].width - 1);
    int cy = clamp(y / level, 0, io->in[2].height - 1);
    cf_row(&io->out[0], 0, y)[x] = coarse_at(io, level, cx, cy);
    cf_row(&io->out[1], 0, y)[x] = cf_row(&io->in[3], 0, cy)[cx];
}

static void refine_block(const cf_stage_io *io, const cf_match_refine_params *p, int level, int x0,
                         int y0) {
    choices c;
    collect(io, p, level, x0, y0, &c);
    for (int y = y0; y < y0 + BLOCK && y < io->out[0].height; y++)
        for (int x = x0; x < x0 + BLOCK && x < io->out[0].width; x++)
            if (c.count)
                refine(io, p, &c, level, x, y);
            else
                keep_own(io, level, x, y);
}

static void copy(const cf_plane_set *in, const cf_plane_set *out) {
    for (int y = 0; y < out->height; y++)
        memcpy(cf_row(out, 0, y), cf_row(in, 0, y), (size_t)out->width * sizeof(float));
}

cf_status cf_match_refine_ref(const cf_stage_io *io, const void *params) {
    const cf_plane_set *out = &io->out[0], *coarse = &io->in[2];
    int level = (out->width + coarse->width - 1) / coarse->width;
    int tall = (out->height + coarse->height - 1) / coarse->height;
    level = level > tall ? level : tall;
    if (level > 64)
        return cf_fail(CF_ERR_INVALID, "match_refine: %dx%d is too small for %dx%d", coarse->width,
                       coarse->height, out->width, out->height);
    if (level == 1) {
        copy(coarse, out);
        copy(&io->in[3], &io->out[1]);
        return CF_OK;
    }
    for (int y = 0; y < out->height; y += BLOCK)
        for (int x = 0; x < out->width; x += BLOCK)
            refine_block(io, params, level, x, y);
    return CF_OK;
}
