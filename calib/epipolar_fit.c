/* SPDX-License-Identifier: Apache-2.0 */
/* Robust fit of a small rotation to vertical offsets. */
#include "calib/epipolar_fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define N CF_FIT_PARAMS
#define TRIALS 400
#define ROUNDS 8
#define GRID 5
#define CORRELATED                                                                                 \
    2 /* neighbouring matches share errors: so much less certain than independent ones */

/*
 * Row of the design matrix: v = row . (turns, scale). A ray (a, b, 1) of the colour view turned
 * back by w moves by b' - b = w_x (1 + b^2) - w_y a b - w_z a, and is then where the mono view has
 * it.
 */
static void design(const cf_rectification *r, const cf_gray_match *m, double row[N]) {
    double a = ((double)m->x - (double)m->d - r->center[0]) / r->focal;
    double b = ((double)m->y - r->center[1]) / r->focal_y;
    row[CF_FIT_X] = -r->focal_y * (1 + b * b);
    row[CF_FIT_Y] = r->focal_y * a * b;
    row[CF_FIT_Z] = r->focal_y * a;
    row[CF_FIT_SCALE] = r->focal_y * b;
}

static double predict(const double row[N], const double p[N]) {
    return row[0] * p[0] + row[1] * p[1] + row[2] * p[2] + row[3] * p[3];
}

/* Inverse of a symmetric positive matrix, in place, by Gauss and Jordan. */
static void invert(double m[N][N]) {
    for (int k = 0; k < N; k++) {
        double pivot = m[k][k];
        m[k][k] = 1;
        for (int j = 0; j < N; j++)
            m[k][j] /= pivot;
        for (int i = 0; i < N; i++) {
            double f = m[i][k];
            if (i == k)
                continue;
            m[i][k] = 0;
            for (int j = 0; j < N; j++)
                m[i][j] -= f * m[k][j];
        }
    }
}

typedef struct {
    double (*row)[N];
    double *v, *weight, *scratch;
    int count;
    const double *prior;
} problem;

/* Weighted ridge regression; sigma is the noise of one offset. inverse: covariance / sigma^2. */
static void solve(const problem *q, double sigma, double p[N], double inverse[N][N]) {
    double right[N] = {0};
    memset(inverse, 0, sizeof(double[N][N]));
    for (int i = 0; i < N; i++) {
        double spread = q->prior[i] > 0 ? q->prior[i] : 1e-9;
        inverse[i][i] = sigma * sigma / (spread * spread);
    }
    for (int k = 0; k < q->count; k++) {
        double w = q->weight[k];
        for (int i = 0; i < N && w > 0; i++) {
            right[i] += w * q->row[k][i] * q->v[k];
            for (int j = 0; j < N; j++)
                inverse[i][j] += w * q->row[k][i] * q->row[k][j];
        }
    }
    invert(inverse);
    for (int i = 0; i < N; i++)
        p[i] = predict(inverse[i], right);
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median of |v - fit| over matches with weight; p NULL: of |v|. */
static double median_residual(const problem *q, const double *p) {
    int n = 0;
    for (int k = 0; k < q->count; k++)
        if (q->weight[k] > 0)
            q->scratch[n++] = fabs(q->v[k] - (p ? predict(q->row[k], p) : 0));
    if (!n)
        return 0;
    qsort(q->scratch, (size_t)n, sizeof *q->scratch, compare);
    return q->scratch[n / 2];
}

static int weigh_inside(const problem *q, const double p[N], double tolerance) {
    int inliers = 0;
    for (int k = 0; k < q->count; k++) {
        q->weight[k] = fabs(q->v[k] - predict(q->row[k], p)) <= tolerance;
        inliers += q->weight[k] > 0;
    }
    return inliers;
}

static void ransac(const problem *q, double tolerance, double best[N]) {
    unsigned state = 12345;
    int most = weigh_inside(q, best, tolerance); /* no correction at all is the first guess */
    double inverse[N][N], p[N];
    for (int t = 0; t < TRIALS; t++) {
        memset(q->weight, 0, (size_t)q->count * sizeof *q->weight);
        for (int i = 0; i < 3; i++) {
            state = state * 1664525U + 1013904223U;
            q->weight[(state >> 8) % (unsigned)q->count] = 1;
        }
        solve(q, tolerance / 3, p, inverse);
        int inliers = weigh_inside(q, p, tolerance);
        if (inliers > most) {
            most = inliers;
            memcpy(best, p, sizeof p);
        }
    }
}

static void reweigh(const problem *q, const double p[N], double limit) {
    for (int k = 0; k < q->count; k++) {
        double e = (q->v[k] - predict(q->row[k], p)) / limit;
        q->weight[k] = fabs(e) < 1 ? (1 - e * e) * (1 - e * e) : 0;
    }
}

/* Over a grid of the whole picture, not over the matches, which may all lie on one side. */
static void judge(const problem *q, const cf_rectification *r, const double inverse[N][N],
                  double tolerance, cf_epipolar_fit *out) {
    double effect = 0, error = 0;
    for (int k = 0; k < GRID * GRID; k++) {
        const cf_gray_match at = {.x = (float)((k % GRID + 0.5) / GRID * r->width),
                                  .y = (float)(((double)(k / GRID) + 0.5) / GRID * r->height)};
        double row[N], moved;
        design(r, &at, row);
        moved = predict(row, out->value);
        effect += moved * moved;
        for (int i = 0; i < N; i++)
            error += row[i] * predict(inverse[i], row);
    }
    out->inliers = weigh_inside(q, out->value, tolerance);
    out->before_px = median_residual(q, NULL);
    out->effect_px = sqrt(effect / (GRID * GRID));
    out->error_px = CORRELATED * out->residual_px * sqrt(error / (GRID * GRID));
}

static void refine(const problem *q, double tolerance, cf_epipolar_fit *out, double inverse[N][N]) {
    weigh_inside(q, out->value, tolerance);
    for (int i = 0; i < ROUNDS; i++) {
        out->residual_px = fmax(1.4826 * median_residual(q, out->value), 0.02);
        reweigh(q, out->value,
                fmin(fmax(4.685 * out->residual_px, 0.2 * tolerance), 2 * tolerance));
        solve(q, out->residual_px, out->value, inverse);
    }
}

/* Parameters that are not certain by themselves are left at 0: they would move the picture's far
 * sides for nothing. */
static void fit(problem *q, const cf_rectification *r, double tolerance, cf_epipolar_fit *out) {
    double inverse[N][N], kept[N];
    ransac(q, tolerance, out->value);
    refine(q, tolerance, out, inverse);
    for (int i = 0; i < N; i++) {
        double error = CORRELATED * out->residual_px * sqrt(inverse[i][i]);
        kept[i] = fabs(out->value[i]) > 3 * error ? q->prior[i] : 0;
    }
    q->prior = kept;
    refine(q, tolerance, out, inverse);
    judge(q, r, inverse, tolerance, out);
}

void cf_epipolar_fit_run(const cf_rectification *r, cf_gray_match *matches, int count,
                         const double prior[CF_FIT_PARAMS], double tolerance,
                         cf_epipolar_fit *out) {
    memset(out, 0, sizeof *out);
    double *memory = cf_alloc((size_t)count * (N + 3), sizeof *memory);
    problem q = {.prior = prior};
    if (!memory)
        return;
    q.row = (double(*)[N])memory;
    q.v = memory + (size_t)count * N;
    q.weight = q.v + count;
    q.scratch = q.weight + count;
    for (int k = 0; k < count; k++)
        if (matches[k].score > -2) {
            design(r, &matches[k], q.row[q.count]);
            q.v[q.count++] = (double)matches[k].v;
        }
    if (q.count >= 4)
        fit(&q, r, tolerance, out);
    for (int k = 0, i = 0; k < count; k++)
        if (matches[k].score > -2)
            matches[k].score = q.count >= 4 && q.weight[i++] > 0 ? 1 : -2;
    cf_free(memory);
}
