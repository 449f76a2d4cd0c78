/* SPDX-License-Identifier: Apache-2.0 */
/* Robust fit of two lenses to vertical offsets. */
#include "calib/scene_fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define P CF_SCENE_PARAMS
#define TRIALS 400
#define ROUNDS 8
#define STEP 1e-6     /* of a parameter, for its derivative */
#define SMALLEST 0.02 /* pixels: no match is better */
#define CORRELATED                                                                                 \
    2 /* neighbouring matches share errors: so much less certain than independent ones */

/* The equations linearised at `value`; only the parameters that may move, in the order of
 * `active`. */
typedef struct {
    const cf_scene_geometry *start;
    const cf_scene_rays *rays;
    const cf_scene_fit_options *options;
    int count, n, active[P];
    double prior[P];
    double value[P]; /* all of them */
    double *row, *offset, *weight, *scratch;
} problem;

static void choose(problem *q, const double prior[P]) {
    q->n = 0;
    for (int i = 0; i < P; i++)
        if (prior[i] > 0) {
            q->active[q->n] = i;
            q->prior[q->n++] = prior[i];
        }
}

static void linearise(problem *q) {
    cf_scene_geometry g;
    double p[P];
    cf_scene_geometry_change(q->start, q->value, &g);
    for (int k = 0; k < q->count; k++)
        q->offset[k] = cf_scene_offset(&g, &q->rays[k]);
    for (int i = 0; i < q->n; i++) {
        memcpy(p, q->value, sizeof p);
        p[q->active[i]] += STEP;
        cf_scene_geometry_change(q->start, p, &g);
        for (int k = 0; k < q->count; k++) {
            double slope = (cf_scene_offset(&g, &q->rays[k]) - q->offset[k]) / STEP;
            q->row[k * q->n + i] = isfinite(slope) ? slope : 0;
        }
    }
}

/* Inverse of a symmetric positive n x n matrix, in place, by Gauss and Jordan. */
static void invert(double m[P][P], int n) {
    for (int k = 0; k < n; k++) {
        double pivot = m[k][k];
        m[k][k] = 1;
        for (int j = 0; j < n; j++)
            m[k][j] /= pivot;
        for (int i = 0; i < n; i++) {
            double f = m[i][k];
            if (i == k)
                continue;
            m[i][k] = 0;
            for (int j = 0; j < n; j++)
                m[i][j] -= f * m[k][j];
        }
    }
}

/* Offset of a match after a step from the point of linearisation. */
static double stepped(const problem *q, int k, const double *step) {
    double v = q->offset[k];
    for (int i = 0; i < q->n; i++)
        v += q->row[k * q->n + i] * step[i];
    return v;
}

static void add_match(const problem *q, int k, double inverse[P][P], double right[P]) {
    const double *row = q->row + (size_t)k * (size_t)q->n;
    double w = q->weight[k] / (q->rays[k].sigma * q->rays[k].sigma);
    for (int i = 0; i < q->n; i++) {
        right[i] -= w * row[i] * q->offset[k];
        for (int j = 0; j < q->n; j++)
            inverse[i][j] += w * row[i] * row[j];
    }
}

/* Weighted ridge regression; sigma is the noise of one offset. inverse: covariance / sigma^2. */
static void solve(const problem *q, double sigma, double step[P], double inverse[P][P]) {
    double right[P] = {0};
    memset(inverse, 0, sizeof(double[P][P]));
    for (int i = 0; i < q->n; i++) {
        inverse[i][i] = sigma * sigma / (q->prior[i] * q->prior[i]);
        right[i] = -inverse[i][i] * q->value[q->active[i]];
    }
    for (int k = 0; k < q->count; k++)
        if (q->weight[k] > 0)
            add_match(q, k, inverse, right);
    invert(inverse, q->n);
    for (int i = 0; i < q->n; i++) {
        step[i] = 0;
        for (int j = 0; j < q->n; j++)
            step[i] += inverse[i][j] * right[j];
    }
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median of |offset| over matches with weight; usual: each against its expected error. */
static double median_offset(const problem *q, int usual) {
    int n = 0;
    for (int k = 0; k < q->count; k++)
        if (q->weight[k] > 0)
            q->scratch[n++] = fabs(q->offset[k]) / (usual ? q->rays[k].sigma : 1);
    if (!n)
        return 0;
    qsort(q->scratch, (size_t)n, sizeof *q->scratch, compare);
    return q->scratch[n / 2];
}

static const double nowhere[P];

static int weigh_inside(const problem *q, const double *step, double tolerance) {
    int inliers = 0;
    for (int k = 0; k < q->count; k++) {
        q->weight[k] = fabs(stepped(q, k, step)) <= tolerance;
        inliers += q->weight[k] > 0;
    }
    return inliers;
}

static void take_step(problem *q, const double *step) {
    for (int i = 0; i < q->n; i++)
        q->value[q->active[i]] += step[i];
}

/* With few parameters, so that few points decide: the turns, the magnification, the barrel. */
static void ransac(problem *q) {
    double few[P] = {0}, inverse[P][P], step[P], best[P] = {0}, tolerance = q->options->tolerance;
    unsigned state = 12345;
    memcpy(few, q->options->prior, (CF_SCENE_K1 + 1) * sizeof *few);
    choose(q, few);
    linearise(q);
    int most = weigh_inside(q, nowhere, tolerance), points = q->n > 4 ? 4 : 3;
    for (int t = 0; t < TRIALS; t++) {
        memset(q->weight, 0, (size_t)q->count * sizeof *q->weight);
        for (int i = 0; i < points; i++) {
            state = state * 1664525U + 1013904223U;
            int k = (int)((state >> 8) % (unsigned)q->count);
            q->weight[k] = isfinite(q->offset[k]);
        }
        solve(q, tolerance / 3, step, inverse);
        int inliers = weigh_inside(q, step, tolerance);
        if (inliers > most) {
            most = inliers;
            memcpy(best, step, sizeof step);
        }
    }
    take_step(q, best);
}

static void reweigh(const problem *q, double limit) {
    for (int k = 0; k < q->count; k++) {
        double e = q->offset[k] / (limit * q->rays[k].sigma);
        q->weight[k] = fabs(e) < 1 ? (1 - e * e) * (1 - e * e) : 0;
    }
}

static void refine(problem *q, cf_scene_fit *out, double inverse[P][P]) {
    double step[P], tolerance = q->options->tolerance;
    for (int i = 0; i < ROUNDS; i++) {
        linearise(q);
        if (!i)
            weigh_inside(q, nowhere, tolerance);
        out->residual_px = fmax(1.4826 * median_offset(q, 1), SMALLEST);
        reweigh(q, fmin(fmax(4.685 * out->residual_px, 0.2 * tolerance), 2 * tolerance));
        solve(q, out->residual_px, step, inverse);
        take_step(q, step);
    }
}

/* Again without what is not certain by itself. */
static void drop(problem *q, cf_scene_fit *out, double inverse[P][P]) {
    double kept[P] = {0};
    for (int i = 0; i < q->n; i++) {
        double error = CORRELATED * out->residual_px * sqrt(inverse[i][i]);
        int at = q->active[i];
        if (fabs(q->value[at]) > q->options->drop * error)
            kept[at] = q->options->prior[at];
        else
            q->value[at] = 0;
    }
    choose(q, kept);
    refine(q, out, inverse);
}

/* Derivatives of the offset at a probe by all parameters, at the fit. 0: a lens cannot see it. */
static int probe_row(const cf_scene_geometry *start, const double value[P],
                     const cf_scene_probe *probe, double row[P], cf_scene_rays *rays) {
    cf_scene_geometry g;
    cf_scene_geometry_change(start, value, &g);
    if (!cf_scene_probe_rays(&g, probe, rays))
        return 0;
    double at = cf_scene_offset(&g, rays);
    for (int i = 0; i < P; i++) {
        double p[P];
        memcpy(p, value, sizeof p);
        p[i] += STEP;
        cf_scene_geometry_change(start, p, &g);
        row[i] = (cf_scene_offset(&g, rays) - at) / STEP;
        if (!isfinite(row[i]))
            return 0;
    }
    return 1;
}

static double variance_at(const double row[P], const double covariance[P][P]) {
    double sum = 0;
    for (int i = 0; i < P; i++)
        for (int j = 0; j < P; j++)
            sum += row[i] * covariance[i][j] * row[j];
    return sum;
}

double cf_scene_fit_error(const cf_scene_geometry *start, const cf_scene_fit *fit,
                          const cf_scene_probe *probe) {
    double row[P];
    cf_scene_rays rays;
    if (!probe_row(start, fit->value, probe, row, &rays))
        return NAN;
    return sqrt(fmax(variance_at(row, fit->covariance), 0));
}

/* Over the whole picture, not over the matches, which may all lie on one side. */
static void judge(const problem *q, cf_scene_fit *out) {
    double effect = 0, error = 0, row[P];
    int n = 0;
    cf_scene_rays rays;
    for (int k = 0; k < q->options->probe_count; k++) {
        if (!probe_row(q->start, out->value, &q->options->probes[k], row, &rays))
            continue;
        double moved = cf_scene_offset(q->start, &rays);
        effect += moved * moved;
        error += variance_at(row, out->covariance);
        n++;
    }
    out->effect_px = n ? sqrt(effect / n) : 0;
    out->error_px = n ? sqrt(fmax(error, 0) / n) : 0;
}

static void conclude(problem *q, double inverse[P][P], unsigned char *inlier, cf_scene_fit *out) {
    double repeats = q->options->repeats > 1 ? q->options->repeats : 1;
    double scale = CORRELATED * sqrt(repeats) * out->residual_px;
    memcpy(out->value, q->value, sizeof out->value);
    for (int i = 0; i < q->n; i++)
        for (int j = 0; j < q->n; j++)
            out->covariance[q->active[i]][q->active[j]] = scale * scale * inverse[i][j];
    linearise(q);
    out->inliers = weigh_inside(q, nowhere, q->options->tolerance);
    for (int k = 0; k < q->count; k++)
        inlier[k] = q->weight[k] > 0;
    for (int k = 0; k < q->count; k++)
        q->offset[k] = cf_scene_offset(q->start, &q->rays[k]);
    out->before_px = median_offset(q, 0);
    judge(q, out);
}

static void fit(problem *q, unsigned char *inlier, cf_scene_fit *out) {
    double inverse[P][P];
    if (q->options->value)
        memcpy(q->value, q->options->value, sizeof q->value);
    ransac(q);
    choose(q, q->options->prior);
    refine(q, out, inverse);
    if (q->options->drop > 0)
        drop(q, out, inverse);
    conclude(q, inverse, inlier, out);
}

cf_status cf_scene_fit_run(const cf_scene_geometry *start, const cf_scene_rays *rays, int count,
                           const cf_scene_fit_options *options, unsigned char *inlier,
                           cf_scene_fit *out) {
    memset(out, 0, sizeof *out);
    if (count > 0)
        memset(inlier, 0, (size_t)count);
    if (count < 4)
        return CF_OK;
    double *memory = cf_alloc((size_t)count * (P + 3), sizeof *memory);
    problem q = {.start = start, .rays = rays, .count = count, .options = options};
    if (!memory)
        return CF_ERR_MEMORY;
    q.row = memory;
    q.offset = memory + (size_t)count * P;
    q.weight = q.offset + count;
    q.scratch = q.weight + count;
    fit(&q, inlier, out);
    cf_free(memory);
    return CF_OK;
}
