/* SPDX-License-Identifier: Apache-2.0 */
/* White balance and colour matrix from a chart. */
#include "calib/color_fit.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "calib/color_fit_refine.h"
#include "calib/lab.h"
#include "calib/solve.h"

#define MIN_PATCHES 8
#define ROUNDS 8         /* neutral and matrix in turn; each round gains three digits */
#define DARK 0.02        /* of white: below, errors in linear light count absolutely */
#define GREY_MODEL 0.01  /* relative: what grey patches differ by beside noise */
#define NOISE_TO_LAB 35. /* L* per relative change of light, about, from mid grey to white */

static const double luminance[3] = {0.2126390, 0.7151687, 0.0721923};

double cf_chart_light_at(const cf_chart_light *light, int patch) {
    double x = (patch % CF_CHART_COLUMNS) / (CF_CHART_COLUMNS - 1.0) - 0.5;
    double y = (double)(patch / CF_CHART_COLUMNS) / (CF_CHART_ROWS - 1.0) - 0.5;
    return fmax(0.05, 1 + light->slope[0] * x + light->slope[1] * y);
}

static double luminance_of(const double rgb[3]) {
    return luminance[0] * rgb[0] + luminance[1] * rgb[1] + luminance[2] * rgb[2];
}

void cf_color_fit_render(const cf_color_fit *fit, const cf_chart_view *view,
                         const cf_chart_light *light, int patch, double rgb[3]) {
    double scale = light->exposure * cf_chart_light_at(light, patch);
    for (int c = 0; c < 3; c++)
        rgb[c] = view->rgb[patch][c] / (light->neutral[c] * scale);
    cf_multiply3(fit->ccm, rgb, rgb);
}

double cf_color_fit_exposure(const cf_color_fit *fit, const cf_chart_view *view,
                             const cf_chart_light *light, const cf_chart_reference *reference) {
    cf_chart_light unit = *light;
    double measured = 0, expected = 0;
    unit.exposure = 1;
    for (int p = 0; p < CF_CHART_PATCHES; p++) {
        double rgb[3], y = luminance_of(reference->rgb[p]), weight = 1 / (y + DARK);
        if (!view->usable[p])
            continue;
        cf_color_fit_render(fit, view, &unit, p, rgb);
        measured += weight * luminance_of(rgb);
        expected += weight * y;
    }
    return expected > 0 && measured > 0 ? measured / expected : 1;
}

/* Weight of a patch: 1, less where its noise shows. */
static double weight_of(const cf_chart_view *view, int patch) {
    double signal = 0, variance = 0;
    for (int c = 0; c < 3; c++) {
        signal += view->rgb[patch][c];
        variance += view->variance[patch][c];
    }
    double lab = NOISE_TO_LAB * sqrt(fmax(variance, 0)) / fmax(signal, 1e-9);
    return 1 / (1 + lab * lab);
}

/* The neutral of a picture: its grey patches against what the matrix makes of their reference. */
static int fit_neutral(const cf_color_problem *q, const cf_color_fit *fit, int v,
                       cf_chart_light *light) {
    double inverse[9], measured[3] = {0}, expected[3] = {0};
    if (!cf_invert3(fit->ccm, inverse))
        return 0;
    for (int p = CF_CHART_WHITE; p < CF_CHART_PATCHES; p++) {
        double camera[3], at = cf_chart_light_at(light, p);
        cf_multiply3(inverse, q->reference->rgb[p], camera);
        for (int c = 0; c < 3 && q->weight[v][p] > 0; c++) {
            double seen = q->views[v].rgb[p][c], model = GREY_MODEL * (fabs(seen) + DARK);
            double weight = at * camera[c] / (q->views[v].variance[p][c] + model * model);
            measured[c] += weight * seen;
            expected[c] += weight * at * camera[c];
        }
    }
    for (int c = 0; c < 3; c++)
        if (!(measured[c] > 0) || !(expected[c] > 0))
            return 0;
    for (int c = 0; c < 3; c++)
        light->neutral[c] = measured[c] / expected[c] / (measured[1] / expected[1]);
    return 1;
}

/* One row of the matrix by weighted least squares on its two free elements. */
static int fit_row(const cf_color_problem *q, const cf_color_fit *fit, int row, double out[3]) {
    double a[3] = {1e-9, 0, 1e-9}, b[2] = {0};
    int j = (row + 1) % 3, k = (row + 2) % 3;
    const cf_color_fit identity = {.ccm = {1, 0, 0, 0, 1, 0, 0, 0, 1}};
    for (int v = 0; v < q->count; v++)
        for (int p = 0; p < CF_CHART_PATCHES; p++) {
            double x[3], y = luminance_of(q->reference->rgb[p]) + DARK;
            double weight = q->weight[v][p] / (y * y);
            if (!(weight > 0))
                continue;
            cf_color_fit_render(&identity, &q->views[v], &fit->light[v], p, x);
            double u = x[j] - x[row], w = x[k] - x[row], r = q->reference->rgb[p][row] - x[row];
            a[0] += weight * u * u;
            a[1] += weight * u * w;
            a[2] += weight * w * w;
            b[0] += weight * u * r;
            b[1] += weight * w * r;
        }
    double det = a[0] * a[2] - a[1] * a[1];
    if (!(det > 1e-9 * a[0] * a[2]))
        return 0;
    out[j] = (b[0] * a[2] - b[1] * a[1]) / det;
    out[k] = (b[1] * a[0] - b[0] * a[1]) / det;
    out[row] = 1 - out[j] - out[k];
    return 1;
}

/* Exposure, neutral and matrix in turn, in linear light. */
static int start(const cf_color_problem *q, cf_color_fit *fit) {
    *fit = (cf_color_fit){.ccm = {1, 0, 0, 0, 1, 0, 0, 0, 1}};
    for (int round = 0; round < 4 * ROUNDS; round++) {
        double ccm[9];
        for (int v = 0; v < q->count; v++) {
            cf_chart_light *light = &fit->light[v];
            if (!round)
                *light = (cf_chart_light){.neutral = {1, 1, 1}};
            if (!fit_neutral(q, fit, v, light))
                return 0;
            light->exposure = cf_color_fit_exposure(fit, &q->used[v], light, q->reference);
        }
        for (int row = 0; row < 3; row++)
            if (!fit_row(q, fit, row, ccm + 3 * row))
                return 0;
        memcpy(fit->ccm, ccm, sizeof ccm);
    }
    return 1;
}

static cf_status check(const char *name, const cf_color_problem *q) {
    int patches = 0, greys = 0;
    for (int p = 0; p < CF_CHART_PATCHES; p++) {
        int seen = 0;
        for (int v = 0; v < q->count; v++)
            seen |= q->weight[v][p] > 0;
        patches += seen;
    }
    for (int v = 0; v < q->count; v++) {
        greys = 0;
        for (int p = CF_CHART_WHITE; p < CF_CHART_PATCHES; p++)
            greys += q->weight[v][p] > 0;
        if (!greys)
            return cf_fail(
                CF_ERR_INVALID,
                "%s: no grey patch of picture %d can be used; expose so that neither the "
                "white clips nor the black drowns",
                name, v + 1);
    }
    if (patches < MIN_PATCHES)
        return cf_fail(CF_ERR_INVALID, "%s: only %d patches can be used, a colour matrix needs %d",
                       name, patches, MIN_PATCHES);
    return CF_OK;
}

cf_status cf_color_fit_run(const char *name, const cf_chart_view *views, int count,
                           const cf_chart_reference *reference,
                           const unsigned char use[CF_CHART_PATCHES], cf_color_fit *out) {
    cf_color_problem q = {.views = views, .reference = reference, .count = count};
    if (count < 1 || count > CF_COLOR_FIT_VIEWS)
        return cf_fail(CF_ERR_INVALID, "%s: %d pictures, 1 to %d can be fitted together", name,
                       count, CF_COLOR_FIT_VIEWS);
    for (int v = 0; v < count; v++) {
        q.used[v] = views[v];
        for (int p = 0; p < CF_CHART_PATCHES; p++) {
            q.used[v].usable[p] = use[p] && views[v].usable[p];
            q.weight[v][p] = q.used[v].usable[p] ? weight_of(&views[v], p) : 0;
        }
    }
    CF_TRY(check(name, &q));
    int ok = start(&q, out);
    for (int round = 0; ok && round < ROUNDS; round++) {
        ok = cf_color_refine(&q, out);
        for (int v = 0; ok && v < count; v++)
            ok = fit_neutral(&q, out, v, &out->light[v]);
    }
    ok = ok && cf_color_refine(&q, out);
    for (int i = 0; ok && i < 9; i++)
        ok = isfinite(out->ccm[i]) && fabs(out->ccm[i]) < 20;
    return ok ? CF_OK
              : cf_fail(
                    CF_ERR_INVALID,
                    "%s: the patches' colours fit no matrix; is this the chart, are its patches "
                    "where the grid says?",
                    name);
}
