/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `match_refine`. */
#include <math.h>
#include <stdlib.h>

#include "fusion/match_refine.h"

#define CHOICES 27 /* 9 coarse pixels, each also +-1 */

/* What the pixels of one coarse pixel choose from. */
typedef struct {
    int count;
    int shift[CHOICES];        /* rounded disparity */
    int margin[CHOICES];       /* added to the sum of differences */
    float disparity[CHOICES];  /* unrounded */
    float confidence[CHOICES]; /* of the coarse pixel it comes from */
} choices;

static int clamp(int v, int low, int high) {
    return v < low ? low : v > high ? high : v;
}

static int find(const choices *c, int shift) {
    for (int i = 0; i < c->count; i++)
        if (c->shift[i] == shift)
            return i;
    return -1;
}

static void add(choices *c, float disparity, float confidence, int margin) {
    float bounded = fabsf(disparity) < 65536 ? disparity : 0;
    int shift = (int)floorf(bounded + 0.5F);
    if (find(c, shift) >= 0)
        return;
    c->shift[c->count] = shift;
    c->disparity[c->count] = bounded;
    c->confidence[c->count] = confidence;
    c->margin[c->count++] = margin;
}

static void collect(const cf_stage_io *io, const cf_match_refine_params *p, int level, int cx,
                    int cy, choices *c) {
    const cf_plane_set *coarse = &io->in[2];
    int n = (2 * p->radius + 1) * (2 * p->radius + 1);
    int other = (int)((float)n * p->other + 0.5F), more = (int)((float)n * p->step + 0.5F);
    c->count = 0;
    for (int t = 0; t < 9; t++) {
        int k = t == 0 ? 4 : t <= 4 ? t - 1 : t; /* own first, the others row by row */
        int x = clamp(cx + k % 3 - 1, 0, coarse->width - 1);
        int y = clamp(cy + k / 3 - 1, 0, coarse->height - 1);
        add(c, cf_row(coarse, 0, y)[x] * (float)level, cf_row(&io->in[3], 0, y)[x], t ? other : 0);
    }
    for (int i = 0, own = c->count; i < own; i++) {
        add(c, (float)(c->shift[i] - 1), c->confidence[i], more);
        add(c, (float)(c->shift[i] + 1), c->confidence[i], more);
    }
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

static float bilinear(const cf_plane_set *in, int level, int x, int y) {
    float fx = ((float)x + 0.5F) / (float)level - 0.5F,
          fy = ((float)y + 0.5F) / (float)level - 0.5F;
    int x0 = (int)floorf(fx), y0 = (int)floorf(fy);
    float u = fx - (float)x0, v = fy - (float)y0;
    int left = clamp(x0, 0, in->width - 1), right = clamp(x0 + 1, 0, in->width - 1);
    const float *top = cf_row(in, 0, clamp(y0, 0, in->height - 1));
    const float *bottom = cf_row(in, 0, clamp(y0 + 1, 0, in->height - 1));
    float a = top[left] + u * (top[right] - top[left]);
    float b = bottom[left] + u * (bottom[right] - bottom[left]);
    return a + v * (b - a);
}

static void refine(const cf_stage_io *io, const cf_match_refine_params *p, const choices *c,
                   int level, int x, int y) {
    int n = (2 * p->radius + 1) * (2 * p->radius + 1), sum[CHOICES], best = 0;
    for (int i = 0; i < c->count; i++) {
        sum[i] = difference(io, p->radius, x, y, c->shift[i]);
        best = sum[i] + c->margin[i] < sum[best] + c->margin[best] ? i : best;
    }
    float d = c->disparity[best];
    int less = find(c, c->shift[best] - 1), more = find(c, c->shift[best] + 1);
    if (p->fit && less >= 0 && more >= 0) {
        int a = sum[less] - sum[best], b = sum[more] - sum[best], top = a > b ? a : b;
        if (a >= 0 && b >= 0 && 10 * top > 3 * n)
            d = (float)c->shift[best] + 0.5F * (float)(a - b) / (float)top;
    }
    cf_row(&io->out[0], 0, y)[x] = d;
    cf_row(&io->out[1], 0, y)[x] = fminf(c->confidence[best], bilinear(&io->in[3], level, x, y));
}

cf_status cf_match_refine_ref(const cf_stage_io *io, const void *params) {
    const cf_plane_set *out = &io->out[0], *coarse = &io->in[2];
    int level = (out->width + coarse->width - 1) / coarse->width;
    int tall = (out->height + coarse->height - 1) / coarse->height;
    level = level > tall ? level : tall;
    for (int y = 0; y < out->height; y++)
        for (int x = 0; x < out->width; x++) {
            choices c;
            if (level == 1) {
                cf_row(out, 0, y)[x] = cf_row(coarse, 0, y)[x];
                cf_row(&io->out[1], 0, y)[x] = cf_row(&io->in[3], 0, y)[x];
                continue;
            }
            collect(io, params, level, x / level, y / level, &c);
            refine(io, params, &c, level, x, y);
        }
    return CF_OK;
}
