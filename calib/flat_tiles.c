/* SPDX-License-Identifier: Apache-2.0 */
/* Tiles of flat frames: robust means, temporal and fixed variance. */
#include "calib/flat_tiles.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"

#define TILE_SIDE 32   /* samples */
#define MAX_TILES 4096 /* of one site; large sensors get larger tiles */
#define SUM_LIMIT 8
#define DIFFERENCE_LIMIT 6

void cf_flat_grid_init(int width, int height, int is_color, cf_flat_grid *grid) {
    int step = is_color ? 2 : 1, w = width / step, h = height / step;
    double side = fmax(TILE_SIDE, sqrt((double)w * h / MAX_TILES));
    int columns = (int)lround(w / side), rows = (int)lround(h / side);
    *grid = (cf_flat_grid){.width = width, .height = height, .step = step};
    grid->columns = columns > 1 ? columns : 1;
    grid->rows = rows > 1 ? rows : 1;
    grid->room = (w / grid->columns + 1) * (h / grid->rows + 1);
}

cf_flat_cell cf_flat_grid_cell(const cf_flat_grid *grid, int site, int column, int row) {
    long w = grid->width / grid->step, h = grid->height / grid->step;
    return (cf_flat_cell){
        .site = site,
        .x0 = (int)(w * column / grid->columns),
        .x1 = (int)(w * (column + 1) / grid->columns),
        .y0 = (int)(h * row / grid->rows),
        .y1 = (int)(h * (row + 1) / grid->rows),
    };
}

cf_status cf_flat_scratch_alloc(const cf_flat_grid *grid, cf_flat_scratch *scratch) {
    size_t room = (size_t)grid->room;
    scratch->sum = cf_alloc(room, sizeof *scratch->sum);
    scratch->difference = cf_alloc(room, sizeof *scratch->difference);
    scratch->sorted = cf_alloc(room, sizeof *scratch->sorted);
    if (scratch->sum && scratch->difference && scratch->sorted)
        return CF_OK;
    cf_flat_scratch_free(scratch);
    return CF_ERR_MEMORY;
}

void cf_flat_scratch_free(cf_flat_scratch *scratch) {
    cf_free(scratch->sum);
    cf_free(scratch->difference);
    cf_free(scratch->sorted);
    *scratch = (cf_flat_scratch){0};
}

/* Hoare's selection. */
float cf_select_float(float *v, int count, int k) {
    int low = 0, high = count - 1;
    while (low < high) {
        float pivot = v[low + (high - low) / 2];
        int i = low, j = high;
        while (i <= j) {
            while (v[i] < pivot)
                i++;
            while (v[j] > pivot)
                j--;
            if (i <= j) {
                float t = v[i];
                v[i++] = v[j];
                v[j--] = t;
            }
        }
        if (k <= j)
            high = j;
        else if (k >= i)
            low = i;
        else
            break;
    }
    return v[k];
}

void cf_robust_float(float *v, int count, float *median, float *deviation) {
    *median = cf_select_float(v, count, count / 2);
    for (int i = 0; i < count; i++)
        v[i] = fabsf(v[i] - *median);
    *deviation = 1.4826F * cf_select_float(v, count, count / 2);
}

/* Takes the samples; returns how many. */
static int gather(const cf_flat_grid *grid, const cf_flat_cell *c, const cf_image *a,
                  const cf_image *b, cf_flat_scratch *s) {
    int n = 0, dx = c->site % 2, dy = c->site / 2;
    for (int y = c->y0; y < c->y1; y++) {
        const unsigned short *p = cf_image_row(a, 0, y * grid->step + dy);
        const unsigned short *q = cf_image_row(b, 0, y * grid->step + dy);
        for (int x = c->x0; x < c->x1; x++, n++) {
            int u = p[x * grid->step + dx], v = q[x * grid->step + dx];
            s->sum[n] = u + v;
            s->sorted[n] = (float)(u + v);
            s->difference[n] = u - v;
        }
    }
    return n;
}

/* Broken pixels clip whatever the light: only the others count. */
static void count_clipped(const cf_flat_scratch *s, int n, double white, cf_flat_stats *out) {
    int low = 0, high = 0, kept = 0;
    for (int i = 0; i < n; i++) {
        if (s->sum[i] == INT_MIN)
            continue;
        int u = (s->sum[i] + s->difference[i]) / 2, v = s->sum[i] - u;
        low += (u == 0) + (v == 0);
        high += (u >= white) + (v >= white);
        kept += 2;
    }
    out->low = kept ? (float)low / (float)kept : 0;
    out->high = kept ? (float)high / (float)kept : 0;
}

/* Marks what is far from limit times deviation in sum. */
static void drop_sums(cf_flat_scratch *s, int n, double median, double deviation) {
    double room = SUM_LIMIT * deviation + 4;
    for (int i = 0; i < n; i++)
        if (fabs(s->sum[i] - median) > room)
            s->sum[i] = INT_MIN;
}

static void drop_differences(cf_flat_scratch *s, int n, double mean, double variance) {
    double room = DIFFERENCE_LIMIT * sqrt(variance) + 1;
    for (int i = 0; i < n; i++)
        if (fabs(s->difference[i] - mean) > room)
            s->sum[i] = INT_MIN;
}

/* Moments of the samples that are not marked. */
typedef struct {
    int n;
    double mean, difference, difference_variance;
} moments;

static moments measure(const cf_flat_scratch *s, int n) {
    moments m = {0};
    double sum = 0, difference = 0, squares = 0;
    for (int i = 0; i < n; i++)
        if (s->sum[i] != INT_MIN) {
            m.n++;
            sum += s->sum[i];
            difference += s->difference[i];
        }
    if (m.n < 2)
        return m;
    m.mean = sum / m.n;
    m.difference = difference / m.n;
    for (int i = 0; i < n; i++)
        if (s->sum[i] != INT_MIN) {
            double d = s->difference[i] - m.difference;
            squares += d * d;
        }
    m.difference_variance = squares / (m.n - 1);
    return m;
}

/* Variance of the sums about a plane: few samples are missing, so its slopes are independent. */
static double about_plane(const cf_flat_cell *c, const cf_flat_scratch *s, const moments *m) {
    int width = c->x1 - c->x0, height = c->y1 - c->y0, i = 0;
    double cx = 0.5 * (width - 1), cy = 0.5 * (height - 1);
    double sx = 0, sy = 0, sxx = 0, syy = 0, squares = 0;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++, i++)
            if (s->sum[i] != INT_MIN) {
                double v = s->sum[i] - m->mean;
                sx += (x - cx) * v;
                sy += (y - cy) * v;
                sxx += (x - cx) * (x - cx);
                syy += (y - cy) * (y - cy);
                squares += v * v;
            }
    squares -= (sxx > 0 ? sx * sx / sxx : 0) + (syy > 0 ? sy * sy / syy : 0);
    return squares / fmax(1, m->n - 3);
}

cf_flat_stats cf_flat_tile_measure(const cf_flat_grid *grid, const cf_flat_cell *cell,
                                   const cf_image *a, const cf_image *b, double white,
                                   cf_flat_scratch *scratch) {
    cf_flat_stats out = {0};
    float median, deviation;
    int n = gather(grid, cell, a, b, scratch);
    float upper = cf_select_float(scratch->sorted, n, (int)(0.8413 * n));
    cf_robust_float(scratch->sorted, n, &median, &deviation);
    deviation = fmaxf(deviation, upper - median); /* where more than half of them are 0 */
    drop_sums(scratch, n, (double)median, (double)deviation);
    count_clipped(scratch, n, white, &out);
    moments m = measure(scratch, n);
    if (m.n >= 2) {
        drop_differences(scratch, n, m.difference, m.difference_variance);
        m = measure(scratch, n);
    }
    out.n = m.n;
    if (m.n < 4)
        return out;
    out.mean = (float)(m.mean / 2);
    out.difference = (float)m.difference;
    out.variance = (float)(m.difference_variance / 2);
    out.fixed = (float)((about_plane(cell, scratch, &m) - m.difference_variance) / 4);
    return out;
}
