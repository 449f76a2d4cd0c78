/* SPDX-License-Identifier: Apache-2.0 */
/* Cell means that a few odd pixels do not move. */
#include "calib/flat_cells.h"

#include <math.h>

#include "base/alloc.h"
#include "base/log.h"

#define MOST_CELLS 64 /* along the longer side */
#define LEAST_CELLS 12
#define LEAST_SIDE 6
#define OUTLIER 3.5
#define ROUNDS 4
#define DARKEST 0.002
#define CLIPPED 0.02 /* share of a cell's samples at the white level that makes it useless */
#define HOT 2        /* broken pixels that a cell may have */
#define CLIPPED_CELLS 0.002

/* The samples of one cell: raw pixels x0, x0 + step, ... below x1. */
typedef struct {
    int x0, x1, y0, y1, step;
} area;

typedef struct {
    const cf_flat_frame *frame;
    const unsigned char *broken; /* one byte a pixel, NULL: none */
    float black, white;
} source;

static int step_of(const cf_flat_grid *g) {
    return g->planes == 4 ? 2 : 1;
}

static int cells_along(int samples, int longest) {
    int side = (longest + MOST_CELLS - 1) / MOST_CELLS;
    return samples / (side < LEAST_SIDE ? LEAST_SIDE : side);
}

cf_status cf_flat_grid_of(const cf_flat_frame *frame, cf_flat_grid *grid) {
    int width = frame->codes->width, height = frame->codes->height;
    *grid = (cf_flat_grid){
        .planes = frame->profile->is_color ? 4 : 1, .width = width, .height = height};
    int w = width / step_of(grid), h = height / step_of(grid);
    grid->columns = cells_along(w, w > h ? w : h);
    grid->rows = cells_along(h, w > h ? w : h);
    if (grid->columns < LEAST_CELLS || grid->rows < LEAST_CELLS)
        return cf_fail(CF_ERR_INVALID,
                       "%s: %dx%d pixels are too few for a gain map; each side needs "
                       "%d",
                       frame->name, width, height, LEAST_CELLS * LEAST_SIDE * step_of(grid));
    return CF_OK;
}

/* First and one behind the last sample of a cell along an axis. */
static void range_of(const cf_flat_grid *g, int index, int count, int size, int offset, int *from,
                     int *to) {
    int step = step_of(g), samples = size / step;
    *from = offset + step * (int)((long)samples * index / count);
    *to = offset + step * (int)((long)samples * (index + 1) / count);
}

double cf_flat_center(const cf_flat_grid *g, int index, int count, int size, int offset) {
    int from, to;
    range_of(g, index, count, size, offset, &from, &to);
    return ((from + to - step_of(g)) / 2.0 + 0.5) / size;
}

/* Mean and standard deviation of the samples within low..high; returns how many. */
static double moments(const source *s, const area *a, double low, double high, double *mean,
                      double *deviation) {
    double n = 0, sum = 0, squares = 0, middle = isfinite(low) ? (low + high) / 2 : 0;
    for (int y = a->y0; y < a->y1; y += a->step) {
        const unsigned short *row = cf_image_row(s->frame->codes, 0, y);
        const unsigned char *broken =
            s->broken ? s->broken + (size_t)y * (size_t)s->frame->codes->width : NULL;
        for (int x = a->x0; x < a->x1; x += a->step) {
            double v = row[x];
            if (v < low || v > high || (broken && broken[x]))
                continue;
            n++;
            sum += v - middle;
            squares += (v - middle) * (v - middle);
        }
    }
    *mean = n > 0 ? middle + sum / n : 0;
    *deviation = n > 1 ? sqrt(fmax(0, (squares - sum * sum / n) / (n - 1))) : 0;
    return n;
}

/* 1 when the cell clips. */
static int average(const source *s, const area *a, double *mean, double *variance) {
    double m, deviation, unused, n = moments(s, a, -INFINITY, INFINITY, &m, &deviation);
    double top = (double)s->white - 0.5, range = (double)(s->white - s->black);
    double clipped = moments(s, a, top, INFINITY, &unused, &unused);
    for (int round = 0; round < ROUNDS; round++) {
        double reach = OUTLIER * fmax(deviation, 0.5); /* a code of quantisation */
        n = moments(s, a, m - reach, m + reach, &m, &deviation);
    }
    *mean = (m - (double)s->black) / range;
    *variance = n > 8 ? (deviation * deviation + 1.0 / 12) / n / (range * range) : 0;
    if (!(*mean > DARKEST) || *mean < 4 * sqrt(*variance))
        *variance = 0;
    return clipped > CLIPPED * n + HOT;
}

static cf_status mark_defects(const cf_flat_frame *f, unsigned char **out) {
    size_t width = (size_t)f->codes->width;
    *out = NULL;
    if (!f->profile->defect_count)
        return CF_OK;
    *out = cf_alloc(width * (size_t)f->codes->height, 1);
    for (int i = 0; *out && i < f->profile->defect_count; i++) {
        const cf_defect *d = &f->profile->defects[i];
        if (d->x >= 0 && d->x < f->codes->width && d->y >= 0 && d->y < f->codes->height)
            (*out)[(size_t)d->y * width + (size_t)d->x] = 1;
    }
    return *out ? CF_OK : CF_ERR_MEMORY;
}

cf_status cf_flat_cells(const cf_flat_frame *frame, const cf_flat_grid *g, double *mean,
                        double *variance) {
    static const char *const colors[] = {"red", "green", "blue"};
    unsigned char *broken;
    CF_TRY(mark_defects(frame, &broken));
    int cells = g->columns * g->rows, clipped = 0;
    for (int p = 0; p < g->planes && clipped <= CLIPPED_CELLS * cells; p++) {
        const source s = {frame, broken, frame->profile->black[p], frame->profile->white};
        clipped = 0;
        for (int i = 0; i < cells; i++) {
            area a = {.step = step_of(g)};
            range_of(g, i % g->columns, g->columns, g->width, p & 1, &a.x0, &a.x1);
            range_of(g, i / g->columns, g->rows, g->height, p >> 1, &a.y0, &a.y1);
            clipped += average(&s, &a, mean + p * cells + i, variance + p * cells + i);
        }
        if (clipped > CLIPPED_CELLS * cells)
            cf_log(
                CF_LOG_ERROR,
                "%s: %s is clipped in %.1f %% of the picture; expose so that the brightest place "
                "reaches half of the range",
                frame->name, g->planes == 4 ? colors[frame->profile->cfa[p] % 3] : "light",
                100.0 * clipped / cells);
    }
    cf_free(broken);
    return clipped > CLIPPED_CELLS * cells ? CF_ERR_INVALID : CF_OK;
}
