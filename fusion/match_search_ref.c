/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `match_search`: plain loops, costs in int. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "fusion/match_search.h"

typedef struct {
    const cf_match_search_params *p;
    int width, height, d_max;        /* entry e of a pixel's costs stands for disparity d_max - e */
    const unsigned char *picture[2]; /* left, right */
    int pitch[2];
    unsigned short *census[2];
    unsigned char *low, *high; /* span of a right pixel and its half-way neighbours */
    int *cost, *sum;           /* [y][x][e] */
} search;

static int clamp(int v, int low, int high) {
    return v < low ? low : v > high ? high : v;
}

static int smaller(int a, int b) {
    return a < b ? a : b;
}

static int at(const search *s, int side, int x, int y) {
    x = clamp(x, 0, s->width - 1);
    y = clamp(y, 0, s->height - 1);
    return s->picture[side][(size_t)y * (size_t)s->pitch[side] + (size_t)x];
}

/* A chequerboard of 7 x 5 pixels without its centre: 16 comparisons. */
static unsigned census(const search *s, int side, int x, int y) {
    unsigned word = 0;
    int centre = at(s, side, x, y);
    for (int j = -2; j <= 2; j++)
        for (int i = -3; i <= 3; i++)
            if (((i + j) & 1) == 0 && (i || j))
                word = word * 2 + (at(s, side, x + i, y + j) > centre);
    return word;
}

static void fill_features(search *s) {
    for (int y = 0; y < s->height; y++)
        for (int x = 0; x < s->width; x++) {
            size_t i = (size_t)y * (size_t)s->width + (size_t)x;
            int r = at(s, 1, x, y);
            int a = (r + at(s, 1, x - 1, y) + 1) / 2, b = (r + at(s, 1, x + 1, y) + 1) / 2;
            s->low[i] = (unsigned char)smaller(r, smaller(a, b));
            s->high[i] = (unsigned char)-smaller(-r, smaller(-a, -b));
            for (int side = 0; side < 2; side++)
                s->census[side][i] = (unsigned short)census(s, side, x, y);
        }
}

static int pair_cost(const search *s, int x, int xr, int y) {
    size_t row = (size_t)y * (size_t)s->width;
    size_t left = row + (size_t)clamp(x, 0, s->width - 1);
    size_t right = row + (size_t)clamp(xr, 0, s->width - 1);
    int l = at(s, 0, x, y), low = s->low[right], high = s->high[right];
    int difference = l > high ? l - high : l < low ? low - l : 0, hamming = 0;
    for (int word = s->census[0][left] ^ s->census[1][right]; word; word &= word - 1)
        hamming++;
    return smaller(difference, s->p->truncate) + hamming * 5 / 4;
}

static void fill_costs(search *s) {
    int r = s->p->radius, n = (2 * r + 1) * (2 * r + 1);
    for (int y = 0; y < s->height; y++)
        for (int x = 0; x < s->width; x++)
            for (int e = 0; e < s->p->count; e++) {
                int xr = x - s->d_max + e, total = n / 2;
                for (int j = -r; j <= r; j++)
                    for (int i = -r; i <= r; i++)
                        total += pair_cost(s, x + i, xr + i, clamp(y + j, 0, s->height - 1));
                if (xr < 0 || xr >= s->width)
                    total = s->p->outside * n;
                s->cost[((size_t)y * (size_t)s->width + (size_t)x) * (size_t)s->p->count +
                        (size_t)e] = total / n;
            }
}

/* One step of a path: `last` holds the previous pixel's costs and is replaced. */
static void step(const search *s, int x, int y, int difference, int first, int *last) {
    const cf_match_search_params *p = s->p;
    size_t here = ((size_t)y * (size_t)s->width + (size_t)x) * (size_t)s->p->count;
    int p2 = p->p2 * 20 / (20 + difference), best = last[0], before = 1 << 20;
    p2 = p2 < p->p2_min ? p->p2_min : p2;
    for (int e = 1; e < s->p->count; e++)
        best = smaller(best, last[e]);
    for (int e = 0; e < s->p->count; e++) {
        int after = e + 1 < s->p->count ? last[e + 1] : 1 << 20, own = last[e];
        int least = smaller(smaller(own, smaller(before, after) + p->p1), best + p2);
        last[e] = s->cost[here + (size_t)e] + (first ? 0 : least - best);
        s->sum[here + (size_t)e] += last[e];
        before = own;
    }
}

static void run_path(const search *s, int x, int y, int dx, int dy, int *last) {
    memset(last, 0, (size_t)s->p->count * sizeof *last);
    for (int first = 1; x >= 0 && y >= 0 && x < s->width && y < s->height; first = 0) {
        step(s, x, y, abs(at(s, 0, x, y) - at(s, 0, x - dx, y - dy)), first, last);
        x += dx;
        y += dy;
    }
}

static void choose(const search *s, int y, float *disparity, float *right, int *right_best) {
    for (int x = 0; x < s->width; x++) {
        right_best[x] = 1 << 20;
        right[x] = (float)(s->p->d_min - 1);
    }
    for (int x = 0; x < s->width; x++) {
        const int *sum = s->sum + ((size_t)y * (size_t)s->width + (size_t)x) * (size_t)s->p->count;
        int best = 0;
        for (int e = 0; e < s->p->count; e++) {
            int xr = x - s->d_max + e;
            best = sum[e] < sum[best] ? e : best;
            if (xr >= 0 && xr < s->width && sum[e] < right_best[xr]) {
                right_best[xr] = sum[e];
                right[xr] = (float)(s->d_max - e);
            }
        }
        float fraction = 0;
        if (best > 0 && best + 1 < s->p->count) {
            int a = sum[best - 1] - sum[best], b = sum[best + 1] - sum[best], top = a > b ? a : b;
            fraction = top ? 0.5F * (float)(a - b) / (float)top : 0;
        }
        disparity[x] = (float)(s->d_max - best) - fraction;
    }
}

static void search_volume(search *s, const cf_stage_io *io, int *line) {
    fill_features(s);
    fill_costs(s);
    for (int y = 0; y < s->height; y++) {
        run_path(s, 0, y, 1, 0, line);
        run_path(s, s->width - 1, y, -1, 0, line);
    }
    for (int x = 0; x < s->width; x++) {
        run_path(s, x, 0, 0, 1, line);
        run_path(s, x, s->height - 1, 0, -1, line);
    }
    for (int y = 0; y < s->height; y++)
        choose(s, y, cf_row(&io->out[0], 0, y), cf_row(&io->out[1], 0, y), line);
}

static void release(search *s, int *line) {
    cf_free(s->census[0]);
    cf_free(s->census[1]);
    cf_free(s->low);
    cf_free(s->high);
    cf_free(s->cost);
    cf_free(s->sum);
    cf_free(line);
}

cf_status cf_match_search_ref(const cf_stage_io *io, const void *params) {
    const cf_match_search_params *p = params;
    const cf_plane_set *left = &io->in[0], *right = &io->in[1];
    size_t pixels = (size_t)left->width * (size_t)left->height;
    size_t longest = (size_t)(left->width > p->count ? left->width : p->count);
    int *line = cf_alloc(longest, sizeof *line);
    search s = {
        .p = p,
        .width = left->width,
        .height = left->height,
        .d_max = p->d_min + p->count - 1,
        .picture = {left->data, right->data},
        .pitch = {left->pitch, right->pitch},
        .census = {cf_alloc(pixels, sizeof(short)), cf_alloc(pixels, sizeof(short))},
        .low = cf_alloc(pixels, 1),
        .high = cf_alloc(pixels, 1),
        .cost = cf_alloc(pixels * (size_t)p->count, sizeof *s.cost),
        .sum = cf_alloc(pixels * (size_t)p->count, sizeof *s.sum),
    };
    cf_status status = CF_ERR_MEMORY;
    if (line && s.census[0] && s.census[1] && s.low && s.high && s.cost && s.sum) {
        search_volume(&s, io, line);
        status = CF_OK;
    }
    release(&s, line);
    return status;
}
