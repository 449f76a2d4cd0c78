/* SPDX-License-Identifier: Apache-2.0 */
/* P-splines in two dimensions. */
#include "calib/smooth_surface.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "calib/solve.h"

#define DEGREE 3
#define ORDER 4 /* of the differences */
#define MIN_CELLS 64
#define PENALTIES 11 /* tried: 1e-6 .. 1e4, of the data's weight */
#define FIRST_PENALTY 1e-6

enum { ALL = -1, EVEN = 0, ODD = 1 };

/* Normal equations of one choice of cells. */
typedef struct {
    const cf_smooth_data *data;
    int n;                                 /* coefficients */
    double *normal, *right, *rough, *work; /* n x n, n, n x n, n x n */
    double scale;                          /* makes a penalty of 1 weigh as much as the data */
} problem;

/* The four cubic pieces that are not 0 at t, and the first one's index. */
static int basis(double t, int spans, double b[4]) {
    double at = t * spans;
    int first = at < 0 ? 0 : at >= spans ? spans - 1 : (int)at;
    double x = at - first, y = 1 - x;
    b[0] = y * y * y / 6;
    b[1] = (3 * x * x * x - 6 * x * x + 4) / 6;
    b[2] = (3 * y * y * y - 6 * y * y + 4) / 6;
    b[3] = x * x * x / 6;
    return first;
}

double cf_smooth_at(const cf_smooth *s, double u, double v) {
    double bu[4], bv[4], sum = 0;
    int x = basis(u, s->spans[0], bu), y = basis(v, s->spans[1], bv), width = s->spans[0] + DEGREE;
    for (int j = 0; j < 4; j++)
        for (int i = 0; i < 4; i++)
            sum += bv[j] * bu[i] * s->coefficient[(y + j) * width + x + i];
    return sum;
}

static int taken(const cf_smooth_data *d, int column, int row, int half) {
    return d->variance[row * d->columns + column] > 0 &&
           (half == ALL || ((column + row) & 1) == half);
}

static void add_cell(problem *q, const cf_smooth *s, int column, int row) {
    double bu[4], bv[4], b[16];
    int index[16], i = row * q->data->columns + column, width = s->spans[0] + DEGREE;
    int x = basis(q->data->u[column], s->spans[0], bu), y = basis(q->data->v[row], s->spans[1], bv);
    double weight = 1 / q->data->variance[i];
    for (int k = 0; k < 16; k++) {
        index[k] = (y + k / 4) * width + x + k % 4;
        b[k] = bv[k / 4] * bu[k % 4];
    }
    for (int k = 0; k < 16; k++) {
        double *line = q->normal + (size_t)index[k] * (size_t)q->n;
        q->right[index[k]] += weight * b[k] * q->data->value[i];
        for (int m = 0; m < 16; m++)
            line[index[m]] += weight * b[k] * b[m];
    }
}

/* Squares of fourth differences along one direction. */
static void add_roughness(problem *q, int start, int step) {
    static const double difference[ORDER + 1] = {1, -4, 6, -4, 1};
    for (int k = 0; k <= ORDER; k++)
        for (int m = 0; m <= ORDER; m++)
            q->rough[(size_t)(start + k * step) * (size_t)q->n + (size_t)(start + m * step)] +=
                difference[k] * difference[m];
}

static void assemble(problem *q, const cf_smooth *s, int half) {
    size_t n = (size_t)q->n;
    int width = s->spans[0] + DEGREE, height = s->spans[1] + DEGREE;
    double data = 0, rough = 0;
    memset(q->normal, 0, n * n * sizeof(double));
    memset(q->right, 0, n * sizeof(double));
    memset(q->rough, 0, n * n * sizeof(double));
    for (int row = 0; row < q->data->rows; row++)
        for (int column = 0; column < q->data->columns; column++)
            if (taken(q->data, column, row, half))
                add_cell(q, s, column, row);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            if (x + ORDER < width)
                add_roughness(q, y * width + x, 1);
            if (y + ORDER < height)
                add_roughness(q, y * width + x, width);
        }
    for (size_t i = 0; i < n; i++) {
        data += q->normal[i * n + i];
        rough += q->rough[i * n + i];
    }
    q->scale = data / rough;
}

static int solve(problem *q, cf_smooth *s, double penalty) {
    size_t n = (size_t)q->n;
    for (size_t i = 0; i < n * n; i++)
        q->work[i] = q->normal[i] + penalty * q->scale * q->rough[i];
    for (size_t i = 0; i < n; i++) /* decides where neither data nor roughness do */
        q->work[i * n + i] += 1e-9 * q->scale;
    memcpy(s->coefficient, q->right, n * sizeof(double));
    if (!cf_cholesky(q->work, q->n))
        return 0;
    cf_cholesky_solve(q->work, q->n, s->coefficient);
    s->penalty = penalty;
    return 1;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* How well the surface predicts the cells of one half; room: one double a cell. */
static double judge(const cf_smooth_data *d, cf_smooth *s, int half, double *room) {
    double weighted = 0, squares = 0, noise = 0;
    size_t count = 0;
    for (int row = 0; row < d->rows; row++)
        for (int column = 0; column < d->columns; column++) {
            int i = row * d->columns + column;
            if (!taken(d, column, row, half))
                continue;
            double e = d->value[i] - cf_smooth_at(s, d->u[column], d->v[row]);
            weighted += e * e / d->variance[i];
            squares += e * e;
            noise += d->variance[i];
            room[count++] = fabs(e);
        }
    double share = count ? 1 / (double)count : 0;
    qsort(room, count, sizeof *room, ascending);
    s->held_out_rms = sqrt(squares * share);
    s->held_out_robust = count ? 1.4826 * room[count / 2] : 0;
    s->noise_rms = sqrt(noise * share);
    return weighted;
}

/* Held-out errors of one surface under every penalty are added to errors. */
static void try_penalties(problem *q, cf_smooth *s, double errors[PENALTIES], double *room) {
    double penalty = FIRST_PENALTY;
    assemble(q, s, EVEN);
    for (int i = 0; i < PENALTIES; i++, penalty *= 10)
        errors[i] += solve(q, s, penalty) ? judge(q->data, s, ODD, room) : INFINITY;
}

/* The surface under a penalty: what it predicts of the odd cells from the even ones, then of all.
 */
static int fit_one(problem *q, cf_smooth *s, double penalty, double *room) {
    assemble(q, s, EVEN);
    if (!solve(q, s, penalty))
        return 0;
    judge(q->data, s, ODD, room);
    assemble(q, s, ALL);
    return solve(q, s, penalty);
}

static cf_status fit_all(problem *q, const cf_smooth_data *data, int count, cf_smooth *out,
                         double *room) {
    double errors[PENALTIES] = {0}, penalty = FIRST_PENALTY;
    int best = 0, ok = 1;
    for (int k = 0; k < count; k++) {
        q->data = &data[k];
        try_penalties(q, &out[k], errors, room);
    }
    for (int i = 1; i < PENALTIES; i++)
        best = errors[i] < errors[best] ? i : best;
    for (int i = 0; i < best; i++)
        penalty *= 10;
    for (int k = 0; k < count && ok; k++) {
        q->data = &data[k];
        ok = fit_one(q, &out[k], penalty, room);
    }
    return ok ? CF_OK : cf_fail(CF_ERR_INVALID, "flat field: no smooth surface fits the cells");
}

static cf_status check(const cf_smooth_data *data) {
    int known = 0;
    for (int i = 0; i < data->columns * data->rows; i++)
        known += data->variance[i] > 0;
    if (known < MIN_CELLS)
        return cf_fail(CF_ERR_INVALID,
                       "flat field: only %d cells of the picture can be used, %d are needed", known,
                       MIN_CELLS);
    return CF_OK;
}

cf_status cf_smooth_fit(const cf_smooth_data *data, int count, double aspect, cf_smooth *out) {
    size_t cells = 0;
    int wide = aspect >= 1;
    int shorter = (int)rint(CF_SMOOTH_SPANS * (wide ? 1 / aspect : aspect));
    shorter = shorter < 3 ? 3 : shorter;
    for (int k = 0; k < count; k++) {
        size_t own = (size_t)data[k].columns * (size_t)data[k].rows;
        CF_TRY(check(&data[k]));
        cells = own > cells ? own : cells;
        out[k] = (cf_smooth){
            .spans = {wide ? CF_SMOOTH_SPANS : shorter, wide ? shorter : CF_SMOOTH_SPANS}};
    }
    problem q = {.n = (shorter + DEGREE) * (CF_SMOOTH_SPANS + DEGREE)};
    size_t n = (size_t)q.n;
    double *block = cf_alloc(3 * n * n + n + cells, sizeof *block);
    if (!block)
        return CF_ERR_MEMORY;
    q.normal = block;
    q.rough = block + n * n;
    q.work = block + 2 * n * n;
    q.right = block + 3 * n * n;
    cf_status status = fit_all(&q, data, count, out, q.right + n);
    cf_free(block);
    return status;
}
