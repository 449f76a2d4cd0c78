/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what lies at a place is the chart. */
#include <math.h>
#include <string.h>

#include "calib/solve.h"
#include "tools/chart_find.h"

#define REACH 0.18 /* of the pitch: half the side of what is looked at */
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

/* Share of one plane's variance over the patches that a linear mixture of the reference explains;
 * weights even out bright and dark. */
static double explained(const double v[CF_CHART_PATCHES], const unsigned char *outside,
                        const cf_chart_reference *reference) {
    double a[16] = {0}, b[4] = {0}, squares = 0, sum = 0, count = 0, rest = 0;
    for (int p = 0; p < CF_CHART_PATCHES; p++) {
        const double *rgb = reference->rgb[p], q[4] = {rgb[0], rgb[1], rgb[2], 1};
        if (outside[p])
            continue;
        for (int i = 0; i < 4; i++) {
            b[i] += q[i] * v[p];
            for (int j = 0; j < 4; j++)
                a[4 * i + j] += q[i] * q[j];
        }
        squares += v[p] * v[p];
        sum += v[p];
        count++;
    }
    double variance = squares - sum * sum / fmax(count, 1);
    if (count < 8 || !(variance > 0) || !cf_cholesky(a, 4))
        return 0;
    cf_cholesky_solve(a, 4, b);
    for (int p = 0; p < CF_CHART_PATCHES; p++) {
        const double *rgb = reference->rgb[p];
        double e = v[p] - b[0] * rgb[0] - b[1] * rgb[1] - b[2] * rgb[2] - b[3];
        rest += outside[p] ? 0 : e * e;
    }
    /* a mixture that needs negative light of brighter patches is none: a chart upside down in grey
     */
    double lit = b[0] + b[1] + b[2];
    return lit > 0 ? fmax(0, 1 - rest / variance) : 0;
}

void cf_chart_judge(const cf_image *picture, const cf_chart_reference *reference,
                    cf_chart_place *place) {
    double v[3][CF_CHART_PATCHES] = {{0}}, seen[3];
    for (int p = 0; p < CF_CHART_PATCHES; p++) {
        place->outside[p] = !look(picture, &place->to_picture, p, seen);
        for (int c = 0; c < picture->planes; c++)
            v[c][p] = seen[c];
    }
    place->pitch = pitch_of(&place->to_picture);
    place->agreement = 0;
    for (int c = 0; c < picture->planes; c++)
        place->agreement += explained(v[c], place->outside, reference) / picture->planes;
}
