/* SPDX-License-Identifier: Apache-2.0 */
/* Bright cells near the locus of plausible lights. */
#include "capture/white_balance.h"

#include <math.h>
#include <string.h>

#include "calib/solve.h"
#include "capture/illuminant.h"

#define COOLEST 12000.0 /* kelvin */
#define WARMEST 2000.0
#define BRIGHT_SHARE 0.1
#define ENOUGH_SHARE 0.05 /* of the cells near the locus: the estimate counts fully */
#define BINS 256
#define ROUNDS 4 /* then it is the same again */

void cf_white_locus_of(const cf_camera_profile *profile, cf_white_locus *out) {
    static const double typical[3] = {0.5, 1, 0.6}; /* Bayer sensors in daylight, roughly */
    static const double same[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    double ccm[9], inverse[9], daylight[3];
    const float *n = profile->neutral;
    out->is_known = n[0] > 0 && n[1] > 0 && n[2] > 0 && (n[0] != 1 || n[1] != 1 || n[2] != 1);
    for (int i = 0; i < 3; i++)
        daylight[i] = out->is_known ? (double)n[i] / (double)n[1] : typical[i];
    for (int i = 0; i < 9; i++)
        ccm[i] = (double)profile->ccm[i];
    if (!cf_invert3(ccm, inverse))
        memcpy(inverse, same, sizeof inverse);
    for (int k = 0; k < CF_WHITE_POINTS; k++) {
        double mired = 1e6 / COOLEST + (1e6 / WARMEST - 1e6 / COOLEST) * k / (CF_WHITE_POINTS - 1);
        double light[3], seen[3];
        cf_illuminant_rec709(1e6 / mired, light);
        for (int i = 0; i < 3; i++)
            seen[i] = fmax(inverse[3 * i] * light[0] + inverse[3 * i + 1] * light[1] +
                               inverse[3 * i + 2] * light[2],
                           0.01) *
                      daylight[i];
        out->u[k] = log(seen[0] / seen[1]);
        out->v[k] = log(seen[2] / seen[1]);
    }
}

/* The locus between its points. */
static double v_at(const cf_white_locus *l, double u) {
    int k = 1;
    while (k < CF_WHITE_POINTS - 1 && l->u[k] < u)
        k++;
    double t = (u - l->u[k - 1]) / fmax(l->u[k] - l->u[k - 1], 1e-9);
    return l->v[k - 1] + fmin(fmax(t, 0), 1) * (l->v[k] - l->v[k - 1]);
}

/* Nearest point of the locus, which is nearly straight from point to point. */
static void nearest(const cf_white_locus *l, double u, double v, double out[2]) {
    double best = INFINITY;
    for (int k = 1; k < CF_WHITE_POINTS; k++) {
        double du = l->u[k] - l->u[k - 1], dv = l->v[k] - l->v[k - 1];
        double t = ((u - l->u[k - 1]) * du + (v - l->v[k - 1]) * dv) / (du * du + dv * dv + 1e-12);
        t = fmin(fmax(t, 0), 1);
        double nu = l->u[k - 1] + t * du, nv = l->v[k - 1] + t * dv;
        double d = (nu - u) * (nu - u) + (nv - v) * (nv - v);
        if (d < best) {
            best = d;
            out[0] = nu;
            out[1] = nv;
        }
    }
}

/* Neighbouring v of the locus for quantized u, so that a cell costs two logarithms and a look. */
typedef struct {
    double first, last, v[BINS], slope[BINS];
} strip;

static void make_strip(const cf_white_locus *l, strip *s) {
    s->first = l->u[0];
    s->last = l->u[CF_WHITE_POINTS - 1];
    double step = (s->last - s->first) / (BINS - 1);
    for (int i = 0; i < BINS; i++)
        s->v[i] = v_at(l, s->first + i * step);
    for (int i = 0; i < BINS; i++) {
        int a = i ? i - 1 : 0, b = i < BINS - 1 ? i + 1 : i;
        double slope = (s->v[b] - s->v[a]) / fmax((b - a) * step, 1e-9);
        s->slope[i] = 1 / sqrt(1 + slope * slope); /* from along v to across the locus */
    }
}

static int is_near(const strip *s, const float cell[3], double band) {
    if (!(cell[0] > 0 && cell[1] > 0 && cell[2] > 0))
        return 0;
    double u = (double)logf(cell[0] / cell[1]), v = (double)logf(cell[2] / cell[1]);
    if (!(u > s->first - band && u < s->last + band))
        return 0;
    int i = (int)fmin(fmax((u - s->first) / (s->last - s->first) * (BINS - 1), 0), BINS - 1);
    return fabs(v - s->v[i]) * s->slope[i] < band;
}

/* How bright a cell is if `neutral` is one: its weakest channel, for a white thing has all three.
 */
static int bin_of(const float cell[3], const double neutral[3]) {
    double least = INFINITY;
    for (int c = 0; c < 3; c++)
        least = fmin(least, (double)cell[c] / neutral[c]);
    return (int)(fmin(fmax(least, 0), 1) * (BINS - 1));
}

/* Mean of the brightest cells if `neutral` is one, green 1. */
static void mean_of_bright(const float (*cells)[3], int count, const double neutral[3],
                           double mean[3]) {
    int histogram[BINS] = {0}, taken = 0, from = BINS;
    double sum[3] = {0};
    for (int i = 0; i < count; i++)
        histogram[bin_of(cells[i], neutral)]++;
    for (int wanted = (int)ceil(count * BRIGHT_SHARE); from > 0 && taken < wanted;)
        taken += histogram[--from];
    for (int i = 0; i < count; i++)
        if (bin_of(cells[i], neutral) >= from)
            for (int c = 0; c < 3; c++)
                sum[c] += (double)cells[i][c];
    for (int c = 0; c < 3; c++)
        mean[c] = sum[c] / sum[1];
}

/* Moves the cells near the locus to the front; returns how many they are. */
static int keep_near(const cf_white_locus *locus, double band, float (*cells)[3], int count) {
    strip s;
    int near = 0;
    make_strip(locus, &s);
    for (int i = 0; i < count; i++)
        if (is_near(&s, cells[i], band))
            memmove(cells[near++], cells[i], sizeof cells[0]);
    return near;
}

double cf_white_estimate(const cf_white_locus *locus, float (*cells)[3], int count,
                         double neutral[3]) {
    const double band = locus->is_known ? 0.15 : 0.3, stay = locus->is_known ? 0.3 : 1;
    double mean[3], point[2];
    int near = keep_near(locus, band, cells, count);
    nearest(locus, log(0.5), log(0.6), point);
    neutral[0] = exp(point[0]);
    neutral[1] = 1;
    neutral[2] = exp(point[1]);
    for (int k = 0; k < ROUNDS && near; k++) {
        mean_of_bright((const float(*)[3])cells, near, neutral, mean);
        double u = log(mean[0]), v = log(mean[2]);
        nearest(locus, u, v, point);
        neutral[0] = exp(point[0] + stay * (u - point[0]));
        neutral[2] = exp(point[1] + stay * (v - point[1]));
    }
    return near ? fmin(1, near / (ENOUGH_SHARE * count)) : 0;
}
