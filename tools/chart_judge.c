/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what lies at a place is the chart. */
#include <math.h>
#include <string.h>

#include "calib/solve.h"
#include "tools/chart_find.h"

#define REACH 0.18 /* of the pitch: half the side of what is looked at */
#define COVERED 2  /* patches that may be anything */
#define SAMPLES 5  /* in each direction */

/* Mean of each plane around a patch's centre; 0 when any of it is out of the picture. */
static int look(const cf_image *picture, const cf_homography *h, int patch, double v[3]) {
    v[0] = v[1] = v[2] = 0;
    for (int i = 0; i < SAMPLES * SAMPLES; i++) {
        double step = 2 * REACH / (SAMPLES - 1), p[2];
        const double at[2] = {patch % CF_CHART_COLUMNS - REACH + step * (i % SAMPLES),
                              patch / CF_CHART_COLUMNS - REACH + step * (double)(i / SAMPLES)};
        if (!cf_homography_apply(h, at, p))
            return 0;
        double x = rint(p[0]), y = rint(p[1]);
        if (!(x >= 0 && y >= 0 && x < picture->width && y < picture->height))
            return 0;
        for (int c = 0; c < picture->planes; c++)
            v[c] += (double)((const float *)cf_image_row(picture, c, (int)y))[(int)x] /
                    (SAMPLES * SAMPLES);
    }
    return 1;
}

/* Shortest distance between neighbouring patches; NaN-free, 0 where a patch is at infinity. */
static double pitch_of(const cf_homography *h) {
    double least = INFINITY;
    for (int p = 0; p < CF_CHART_PATCHES; p++) {
        const double at[2] = {p % CF_CHART_COLUMNS, (double)(p / CF_CHART_COLUMNS)};
        const double right[2] = {at[0] + 1, at[1]}, below[2] = {at[0], at[1] + 1};
        double a[2], b[2], c[2];
        if (!cf_homography_apply(h, at, a) || !cf_homography_apply(h, right, b) ||
            !cf_homography_apply(h, below, c))
            return 0;
        least = fmin(least, fmin(hypot(a[0] - b[0], a[1] - b[1]), hypot(a[0] - c[0], a[1] - c[1])));
    }
    return least;
}

/* One plane's values at the patches against the reference. */
typedef struct {
    double v[CF_CHART_PATCHES];
    unsigned char used[CF_CHART_PATCHES];
    const cf_chart_reference *reference;
} comparison;

/* Light that a patch sends, about; errors count relative to it, so that bright patches do not
 * decide alone. */
static double weight_of(const comparison *k, int p) {
    double y = 0.3 * k->reference->rgb[p][0] + 0.6 * k->reference->rgb[p][1] +
               0.1 * k->reference->rgb[p][2] + 0.1;
    return k->used[p] ? 1 / (y * y) : 0;
}

/* Weighted least squares: v = b . (R, G, B, 1); 0 when the patches determine none. */
static int mix(const comparison *k, double b[4]) {
    double a[16] = {0};
    for (int i = 0; i < 4; i++)
        b[i] = 0;
    for (int p = 0; p < CF_CHART_PATCHES; p++) {
        const double *rgb = k->reference->rgb[p], q[4] = {rgb[0], rgb[1], rgb[2], 1};
        double weight = weight_of(k, p);
        for (int i = 0; i < 4; i++) {
            b[i] += weight * q[i] * k->v[p];
            for (int j = 0; j < 4; j++)
                a[4 * i + j] += weight * q[i] * q[j];
        }
    }
    if (!cf_cholesky(a, 4))
        return 0;
    cf_cholesky_solve(a, 4, b);
    /* a mixture that needs less light of brighter patches is none: a chart upside down */
    return b[0] + b[1] + b[2] > 0;
}

static double misfit(const comparison *k, const double b[4], int p) {
    const double *rgb = k->reference->rgb[p];
    double e = k->v[p] - b[0] * rgb[0] - b[1] * rgb[1] - b[2] * rgb[2] - b[3];
    return weight_of(k, p) * e * e;
}

/* Share of the variance that the mixture explains, per degree of freedom: four weights explain few
 * patches too easily. *worst: the patch that fits least. */
static double share_of(const comparison *k, const double b[4], int *worst) {
    double count = 0, weights = 0, sum = 0, squares = 0, rest = 0;
    *worst = -1;
    for (int p = 0; p < CF_CHART_PATCHES; p++) {
        double weight = weight_of(k, p);
        if (!k->used[p])
            continue;
        count++;
        weights += weight;
        sum += weight * k->v[p];
        squares += weight * k->v[p] * k->v[p];
        rest += misfit(k, b, p);
        if (*worst < 0 || misfit(k, b, p) > misfit(k, b, *worst))
            *worst = p;
    }
    double variance = squares - sum * sum / fmax(weights, 1e-9);
    return count > 6 && variance > 0 ? 1 - rest / (count - 4) / (variance / (count - 1)) : 0;
}

/* How well the reference explains one plane; a few patches may be covered or shine. */
static double explained(comparison *k) {
    double share = 0, b[4];
    int worst;
    for (int left_out = 0; left_out <= COVERED && mix(k, b); left_out++) {
        share = fmax(0, share_of(k, b, &worst));
        if (worst < 0)
            return 0;
        k->used[worst] = 0;
    }
    return share;
}

void cf_chart_judge(const cf_image *picture, const cf_chart_reference *reference,
                    cf_chart_place *place) {
    comparison planes[3];
    double seen[3];
    for (int p = 0; p < CF_CHART_PATCHES; p++) {
        place->outside[p] = !look(picture, &place->to_picture, p, seen);
        for (int c = 0; c < picture->planes; c++) {
            planes[c].v[p] = seen[c];
            planes[c].used[p] = !place->outside[p];
        }
    }
    place->pitch = pitch_of(&place->to_picture);
    place->agreement = 0;
    for (int c = 0; c < picture->planes; c++) {
        planes[c].reference = reference;
        place->agreement += explained(&planes[c]) / picture->planes;
    }
}

void cf_chart_place_scale(cf_chart_place *place, double bin) {
    double *h = place->to_picture.h, shift = (bin - 1) / 2;
    for (int i = 0; i < 3; i++) {
        h[i] = bin * h[i] + shift * h[6 + i];
        h[3 + i] = bin * h[3 + i] + shift * h[6 + i];
    }
    place->pitch *= bin;
}
