/* SPDX-License-Identifier: Apache-2.0 */
/* Levenberg-Marquardt on CIEDE2000. */
#include "calib/color_fit_refine.h"

#include <math.h>
#include <string.h>

#include "calib/lab.h"
#include "calib/solve.h"

#define MATRIX 6 /* free elements of a matrix whose rows sum to 1 */
#define LIGHT 3  /* logarithm of the exposure, two slopes */
#define MAX_PARAMS (MATRIX + LIGHT * CF_COLOR_FIT_VIEWS)
#define STEPS 30
#define SLOPE_PRIOR 0.3 /* standard deviation, in units of one CIEDE2000 */
#define MATRIX_PRIOR 1.0
#define DELTA 1e-6

/* Parameters, in the order matrix, then exposure and slopes of each picture. */
static void pack(const cf_color_fit *fit, int count, double *p) {
    for (int i = 0; i < MATRIX; i++)
        p[i] = fit->ccm[i / 2 * 3 + (i / 2 + 1 + i % 2) % 3];
    for (int v = 0; v < count; v++) {
        p[MATRIX + LIGHT * v] = log(fit->light[v].exposure);
        p[MATRIX + LIGHT * v + 1] = fit->light[v].slope[0];
        p[MATRIX + LIGHT * v + 2] = fit->light[v].slope[1];
    }
}

static void unpack(const double *p, int count, cf_color_fit *fit) {
    for (int row = 0; row < 3; row++) {
        fit->ccm[3 * row + (row + 1) % 3] = p[2 * row];
        fit->ccm[3 * row + (row + 2) % 3] = p[2 * row + 1];
        fit->ccm[3 * row + row] = 1 - p[2 * row] - p[2 * row + 1];
    }
    for (int v = 0; v < count; v++) {
        fit->light[v].exposure = exp(p[MATRIX + LIGHT * v]);
        fit->light[v].slope[0] = p[MATRIX + LIGHT * v + 1];
        fit->light[v].slope[1] = p[MATRIX + LIGHT * v + 2];
    }
}

typedef struct {
    const cf_color_problem *q;
    cf_color_fit fit;         /* the neutrals, and room */
    double start[MAX_PARAMS]; /* what the priors lean to */
    double normal[MAX_PARAMS * MAX_PARAMS], gradient[MAX_PARAMS];
    int params;
} search;

static void parts_of(const search *s, int v, int patch, double parts[3]) {
    double rgb[3], lab[3];
    cf_color_fit_render(&s->fit, &s->q->views[v], &s->fit.light[v], patch, rgb);
    cf_lab_of_rec709(rgb, lab);
    cf_ciede2000_parts(s->q->reference->lab[patch], lab, parts);
}

/* Pull of the prior on parameter i: residual, and its derivative. */
static double prior(const search *s, const double *p, int i, double *derivative) {
    int slope = i >= MATRIX && (i - MATRIX) % LIGHT;
    *derivative = i < MATRIX ? 1 / MATRIX_PRIOR : slope ? 1 / SLOPE_PRIOR : 0;
    return *derivative * (p[i] - (slope ? 0 : s->start[i]));
}

static double cost(search *s, const double *p) {
    double sum = 0, unused;
    unpack(p, s->q->count, &s->fit);
    for (int v = 0; v < s->q->count; v++)
        for (int k = 0; k < CF_CHART_PATCHES; k++) {
            double e[3];
            if (!(s->q->weight[v][k] > 0))
                continue;
            parts_of(s, v, k, e);
            sum += s->q->weight[v][k] * (e[0] * e[0] + e[1] * e[1] + e[2] * e[2]);
        }
    for (int i = 0; i < s->params; i++) {
        double r = prior(s, p, i, &unused);
        sum += r * r;
    }
    return sum;
}

/* Adds one patch to the normal equations; only the matrix and its own picture's light move it. */
static void add_patch(search *s, const double *p, int v, int k) {
    int index[MATRIX + LIGHT];
    double e[3], j[MATRIX + LIGHT][3], moved[MAX_PARAMS], weight = s->q->weight[v][k];
    unpack(p, s->q->count, &s->fit);
    parts_of(s, v, k, e);
    memcpy(moved, p, sizeof *p * (size_t)s->params);
    for (int i = 0; i < MATRIX + LIGHT; i++) {
        index[i] = i < MATRIX ? i : i + LIGHT * v;
        moved[index[i]] += DELTA;
        unpack(moved, s->q->count, &s->fit);
        parts_of(s, v, k, j[i]);
        moved[index[i]] = p[index[i]];
        for (int c = 0; c < 3; c++)
            j[i][c] = (j[i][c] - e[c]) / DELTA;
    }
    for (int a = 0; a < MATRIX + LIGHT; a++) {
        for (int c = 0; c < 3; c++)
            s->gradient[index[a]] += weight * j[a][c] * e[c];
        for (int b = 0; b < MATRIX + LIGHT; b++)
            for (int c = 0; c < 3; c++)
                s->normal[index[a] * s->params + index[b]] += weight * j[a][c] * j[b][c];
    }
}

static void linearise(search *s, const double *p) {
    memset(s->normal, 0, sizeof s->normal);
    memset(s->gradient, 0, sizeof s->gradient);
    for (int v = 0; v < s->q->count; v++)
        for (int k = 0; k < CF_CHART_PATCHES; k++)
            if (s->q->weight[v][k] > 0)
                add_patch(s, p, v, k);
    for (int i = 0; i < s->params; i++) {
        double derivative, r = prior(s, p, i, &derivative);
        s->gradient[i] += derivative * r;
        s->normal[i * s->params + i] += derivative * derivative;
    }
}

/* A damped step; 0 when no damping makes it shorter. */
static int step(search *s, double *p, double *best, double *damping) {
    static const double most = 1e8;
    linearise(s, p);
    for (; *damping < most; *damping *= 8) {
        double a[MAX_PARAMS * MAX_PARAMS], d[MAX_PARAMS], trial[MAX_PARAMS];
        memcpy(a, s->normal, sizeof a);
        memcpy(d, s->gradient, sizeof d);
        for (int i = 0; i < s->params; i++)
            a[i * s->params + i] *= 1 + *damping;
        if (!cf_cholesky(a, s->params))
            continue;
        cf_cholesky_solve(a, s->params, d);
        for (int i = 0; i < s->params; i++)
            trial[i] = p[i] - d[i];
        double c = cost(s, trial);
        if (c < *best) {
            memcpy(p, trial, sizeof *p * (size_t)s->params);
            int gained = *best - c > 1e-12 * *best;
            *best = c;
            *damping = fmax(*damping / 8, 1e-9);
            return gained;
        }
    }
    return 0;
}

int cf_color_refine(const cf_color_problem *problem, cf_color_fit *fit) {
    search s = {.q = problem, .fit = *fit, .params = MATRIX + LIGHT * problem->count};
    double p[MAX_PARAMS] = {0}, damping = 1e-4;
    pack(fit, problem->count, p);
    memcpy(s.start, p, sizeof p);
    double best = cost(&s, p);
    if (!isfinite(best))
        return 0;
    for (int i = 0; i < STEPS && step(&s, p, &best, &damping); i++)
        ;
    unpack(p, problem->count, fit);
    return 1;
}
