/* SPDX-License-Identifier: Apache-2.0 */
/* Censored, grouped normal distribution of pairs of dark codes. */
#include "calib/dark_fit.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "calib/solve.h"

#define NODES 17 /* of the integral over the fixed pattern: +-4 deviations in steps of a half */
#define ITERATIONS 80
#define PARAMS 3 /* mean, log of the temporal, log of the fixed deviation */
#define FLOOR 1e-12
#define NUDGE 1e-4       /* of the finite differences */
#define LEAST_FIXED 0.03 /* of the temporal deviation: less cannot be told from none */
#define LEAST_SAMPLES 100
#define CONVERGED 1e-3 /* of a standard error */

typedef double cells[CF_DARK_BINS][CF_DARK_BINS];

typedef struct {
    const cf_dark_histogram *h;
    int used; /* bins up to the last one that is filled */
    double total;
    double p[PARAMS], gradient[PARAMS], information[PARAMS * PARAMS];
    cells now, moved, slope[PARAMS];
} fit;

static double below(double x) {
    return 0.5 * erfc(-x * 0.7071067811865476);
}

/* Probabilities of the bins of one code of a pixel whose own mean is `mean`. */
static void shares(const fit *f, double mean, double temporal, double out[CF_DARK_BINS]) {
    const cf_dark_histogram *h = f->h;
    double half = 0.5 * h->step, before = 0;
    if (h->base > 0)
        before = below((h->base - half - mean) / temporal);
    for (int i = 0; i < f->used; i++) {
        double after = below((h->base + (i + 1) * h->width - half - mean) / temporal);
        out[i] = after - before;
        before = after;
    }
}

static void evaluate(const fit *f, const double p[PARAMS], cells out) {
    double weights = 0, share[CF_DARK_BINS];
    memset(out, 0, sizeof(cells));
    for (int k = 0; k < NODES; k++) {
        double z = 0.5 * (k - NODES / 2), weight = exp(-0.5 * z * z);
        shares(f, p[0] + exp(p[2]) * z, exp(p[1]), share);
        weights += weight;
        for (int i = 0; i < f->used; i++)
            for (int j = 0; j < f->used; j++)
                out[i][j] += weight * share[i] * share[j];
    }
    for (int i = 0; i < f->used; i++)
        for (int j = 0; j < f->used; j++)
            out[i][j] = out[i][j] / weights + FLOOR;
}

static double likelihood(const fit *f, cells at) {
    double sum = 0;
    for (int i = 0; i < f->used; i++)
        for (int j = 0; j < f->used; j++)
            sum += f->h->count[i][j] * log(at[i][j]);
    return sum;
}

/* Gradient of the likelihood and Fisher's information at f->p, whose probabilities are f->now. */
static void differentiate(fit *f) {
    for (int k = 0; k < PARAMS; k++) {
        double q[PARAMS] = {f->p[0], f->p[1], f->p[2]};
        double size = k ? NUDGE : NUDGE * exp(f->p[1]);
        q[k] += size;
        evaluate(f, q, f->moved);
        for (int i = 0; i < f->used; i++)
            for (int j = 0; j < f->used; j++)
                f->slope[k][i][j] = (f->moved[i][j] - f->now[i][j]) / size;
    }
    memset(f->gradient, 0, sizeof f->gradient);
    memset(f->information, 0, sizeof f->information);
    for (int i = 0; i < f->used; i++)
        for (int j = 0; j < f->used; j++)
            for (int k = 0; k < PARAMS; k++) {
                double d = f->slope[k][i][j] / f->now[i][j];
                f->gradient[k] += f->h->count[i][j] * d;
                for (int l = 0; l < PARAMS; l++)
                    f->information[PARAMS * k + l] += f->total * d * f->slope[l][i][j];
            }
    /* A fixed pattern that has shrunk to nothing is held there. */
    if (f->p[2] <= f->p[1] + log(LEAST_FIXED) && f->gradient[2] < 0) {
        for (int k = 0; k < PARAMS; k++)
            f->information[PARAMS * k + 2] = f->information[6 + k] = k == 2;
        f->gradient[2] = 0;
    }
}

/* A step of Fisher scoring, shortened until it improves; 0 when none does, -1 when it is as small
 * as can be told. */
static int improve(fit *f) {
    double factor[PARAMS * PARAMS], step[PARAMS], before = likelihood(f, f->now), decrement = 0;
    memcpy(factor, f->information, sizeof factor);
    memcpy(step, f->gradient, sizeof step);
    for (int k = 0; k < PARAMS; k++)
        factor[(PARAMS + 1) * k] *= 1 + 1e-9;
    if (!cf_cholesky(factor, PARAMS))
        return 0;
    cf_cholesky_solve(factor, PARAMS, step);
    for (int k = 0; k < PARAMS; k++)
        decrement += step[k] * f->gradient[k];
    if (decrement < CONVERGED * CONVERGED)
        return -1;
    for (int halving = 0; halving < 14; halving++) {
        double q[PARAMS], length = ldexp(1, -halving);
        for (int k = 0; k < PARAMS; k++) {
            double most = k ? 0.7 : exp(f->p[1]); /* stays where the model is about linear */
            q[k] = f->p[k] + length * fmax(-most, fmin(most, step[k]));
        }
        q[2] = fmax(q[2], q[1] + log(LEAST_FIXED));
        evaluate(f, q, f->moved);
        if (likelihood(f, f->moved) > before) {
            memcpy(f->p, q, sizeof q);
            memcpy(f->now, f->moved, sizeof f->now);
            return 1;
        }
    }
    return -1;
}

/* Totals, and moments to start from. 0 when there is nothing to fit. */
static int start(fit *f) {
    const cf_dark_histogram *h = f->h;
    double mean = 0, square = 0, difference = 0;
    int codes = 0;
    for (int i = 0; i < CF_DARK_BINS; i++)
        for (int j = 0; j < CF_DARK_BINS; j++) {
            double n = h->count[i][j];
            codes += n > 0;
            if (n > 0 && i >= f->used)
                f->used = i + 1;
            if (n > 0 && j >= f->used)
                f->used = j + 1;
            f->total += n;
            mean += n * 0.5 * (i + j);
            square += n * 0.5 * (i * i + j * j);
            difference += n * (i - j) * (i - j);
        }
    if (f->total < LEAST_SAMPLES || codes < 2)
        return 0;
    mean /= f->total;
    double all = fmax(square / f->total - mean * mean, 1e-3);
    double temporal = fmin(fmax(difference / (2 * f->total), 0.05), all);
    f->used = f->used < CF_DARK_BINS ? f->used + 1 : CF_DARK_BINS;
    f->p[0] = h->base + mean * h->width;
    f->p[1] = log(h->width * sqrt(temporal));
    f->p[2] = log(h->width * sqrt(fmax(all - temporal, 0.04 * temporal)));
    return 1;
}

static int run(fit *f, cf_dark_estimate *out) {
    int state = 1;
    if (!start(f))
        return 0;
    evaluate(f, f->p, f->now);
    for (int i = 0; i < ITERATIONS && state > 0; i++) {
        differentiate(f);
        state = improve(f);
    }
    double factor[PARAMS * PARAMS];
    memcpy(factor, f->information, sizeof factor);
    if (state >= 0 || !cf_cholesky(factor, PARAMS))
        return 0;
    double unit[2][PARAMS] = {{1, 0, 0}, {0, 1, 0}};
    cf_cholesky_solve(factor, PARAMS, unit[0]);
    cf_cholesky_solve(factor, PARAMS, unit[1]);
    out->mean = f->p[0];
    out->mean_error = sqrt(unit[0][0]);
    out->temporal = exp(f->p[1]);
    out->temporal_error = out->temporal * sqrt(unit[1][1]);
    out->fixed = exp(f->p[2]);
    return 1;
}

int cf_dark_fit(const cf_dark_histogram *h, cf_dark_estimate *out) {
    fit *f = cf_alloc(1, sizeof *f);
    if (!f)
        return 0;
    f->h = h;
    int done = run(f, out);
    cf_free(f);
    return done;
}
