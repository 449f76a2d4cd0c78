/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `match_search`: plain loops, costs in int. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "fusion/match_search.h"

/* One view (0 left, 1 right) is the reference. Entry e of the costs of its pixel x compares it with
 * pixel x + offset + e of the other. */
typedef struct {
    const cf_match_search_params *p;
    int width, height, view, offset;
    const unsigned char *picture[2]; /* left, right */
    int pitch[2];
    unsigned short *census[2];
    unsigned char *low[2], *high[2]; /* span of a pixel and its half-way neighbours */
    int *cost, *sum;                 /* [y][x][e] */
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

static void fill_features(search *s, int side) {
    for (int y = 0; y < s->height; y++)
        for (int x = 0; x < s->width; x++) {
            size_t i = (size_t)y * (size_t)s->width + (size_t)x;
            int v = at(s, side, x, y);
            int a = (v + at(s, side, x - 1, y) + 1) / 2, b = (v + at(s, side, x + 1, y) + 1) / 2;
            s->low[side][i] = (unsigned char)smaller(v, smaller(a, b));
            s->high[side][i] = (unsigned char)-smaller(-v, smaller(-a, -b));
            s->census[side][i] = (unsigned short)census(s, side, x, y);
        }
}

static int pair_cost(const search *s, int x, int x2, int y) {
    int other = 1 - s->view;
    size_t row = (size_t)y * (size_t)s->width;
    size_t i = row + (size_t)clamp(x, 0, s->width - 1),
           k = row + (size_t)clamp(x2, 0, s->width - 1);
    int v = at(s, s->view, x, y), low = s->low[other][k], high = s->high[other][k];
    int difference = v > high ? v - high : v < low ? low - v : 0, hamming = 0;
    for (int word = s->census[s->view][i] ^ s->census[other][k]; word; word &= word - 1)
        hamming++;
    return smaller(difference, s->p->truncate) + hamming * 5 / 4;
}

static void fill_costs(search *s) {
    int r = s->p->radius, n = (2 * r + 1) * (2 * r + 1);
    for (int y = 0; y < s->height; y++)
        for (int x = 0; x < s->width; x++)
            for (int e = 0; e < s->p->count; e++) {
                int x2 = x + s->offset + e, total = n / 2;
                for (int j = -r; j <= r; j++)
                    for (int i = -r; i <= r; i++)
                        total += pair_cost(s, x + i, x2 + i, clamp(y + j, 0, s->height - 1));
                if (x2 < 0 || x2 >= s->width)
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
        step(s, x, y, abs(at(s, s->view, x, y) - at(s, s->view, x - dx, y - dy)), first, last);
        x += dx;
        y += dy;
    }
}

static void choose(const search *s, int y, float *disparity) {
    int count = s->p->count, first = s->p->d_min, sign = 1;
    if (s->view == 0) {
        first += count - 1;
        sign = -1;
    }
    for (int x = 0; x < s->width; x++) {
        const int *sum = s->sum + ((size_t)y * (size_t)s->width + (size_t)x) * (size_t)count;
        int best = 0;
        for (int e = 1; e < count; e++)
            best = sum[e] < sum[best] ? e : best;
        float fraction = 0;
        if (best > 0 && best + 1 < count) {
            int a = sum[best - 1] - sum[best], b = sum[best + 1] - sum[best], top = a > b ? a : b;
            fraction = top ? 0.5F * (float)(a - b) / (float)top : 0;
        }
        disparity[x] = (float)(first + sign * best) + (float)sign * fraction;
    }
}

static void search_view(search *s, const cf_plane_set *out, int *line) {
    s->offset = s->view ? s->p->d_min : 1 - s->p->d_min - s->p->count;
    memset(s->sum, 0, (size_t)s->width * (size_t)s->height * (size_t)s->p->count * sizeof *s->sum);
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
        choose(s, y, cf_row(out, 0, y));
}

static void release(search *s, int *line) {
    for (int side = 0; side < 2; side++) {
        cf_free(s->census[side]);
        cf_free(s->low[side]);
        cf_free(s->high[side]);
    }
    cf_free(s->cost);
    cf_free(s->sum);
    cf_free(line);
}

static cf_status reserve(search *s, int **line) {
    size_t pixels = (size_t)s->width * (size_t)s->height, count = (size_t)s->p->count;
    for (int side = 0; side < 2; side++) {
        s->census[side] = cf_alloc(pixels, sizeof *s->census[side]);
        s->low[side] = cf_alloc(pixels, 1);
        s->high[side] = cf_alloc(pixels, 1);
        if (!s->census[side] || !s->low[side] || !s->high[side])
            return CF_ERR_MEMORY;
    }
    s->cost = cf_alloc(pixels * count, sizeof *s->cost);
    s->sum = cf_alloc(pixels * count, sizeof *s->sum);
    *line = cf_alloc(count, sizeof **line);
    return s->cost && s->sum && *line ? CF_OK : CF_ERR_MEMORY;
}

cf_status cf_match_search_ref(const cf_stage_io *io, const void *params) {
    const cf_plane_set *left = &io->in[0], *right = &io->in[1];
    int *line = NULL;
    search s = {
        .p = params,
        .width = left->width,
        .height = left->height,
        .picture = {left->data, right->data},
        .pitch = {left->pitch, right->pitch},
    };
    cf_status status = reserve(&s, &line);
    for (int side = 0; status == CF_OK && side < 2; side++)
        fill_features(&s, side);
    for (; status == CF_OK && s.view < 2; s.view++)
        search_view(&s, &io->out[s.view], line);
    release(&s, line);
    return status;
}
