/* SPDX-License-Identifier: Apache-2.0 */
/* The mono sensor's response from a chart that both cameras saw. */
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "calib/color_fit.h"
#include "calib/solve.h"

#define MIN_PATCHES 8
#define ROUNDS 4    /* the weights depend on the response */
#define MODEL 0.005 /* of the signal: what no three weights explain, however little the noise */
#define DARK 0.002

/* Normal equations of m = w . x over all patches. */
typedef struct {
    double a[9], b[3];
    double squares, weights; /* of the relative misfit */
    int patches;
} equations;

static void balance(const cf_chart_view *view, const cf_chart_light *light, int patch, double x[3],
                    double variance[3]) {
    for (int c = 0; c < 3; c++) {
        double n = light->neutral[c];
        x[c] = view->rgb[patch][c] / n;
        variance[c] = view->variance[patch][c] / (n * n);
    }
}

static void add(equations *q, const double x[3], const double variance[3], double m, double noise,
                const double w[3]) {
    double misfit = m - w[0] * x[0] - w[1] * x[1] - w[2] * x[2], model = MODEL * (fabs(m) + DARK);
    for (int c = 0; c < 3; c++)
        noise += w[c] * w[c] * variance[c];
    double weight = 1 / (noise + model * model);
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++)
            q->a[3 * i + j] += weight * (x[i] * x[j] - (i == j ? variance[i] : 0));
        q->b[i] += weight * x[i] * m;
    }
    double scale = fabs(m) + DARK;
    q->squares += weight * misfit * misfit;
    q->weights += weight * scale * scale;
    q->patches++;
}

static int usable(const cf_chart_view *color, const cf_chart_view *mono, int patch) {
    return color->usable[patch] && mono->usable[patch];
}

static int solve(const cf_chart_view *color, const cf_chart_view *mono, int count,
                 const cf_color_fit *fit, double w[3], equations *q) {
    *q = (equations){0};
    for (int v = 0; v < count; v++)
        for (int p = 0; p < CF_CHART_PATCHES; p++) {
            double x[3], variance[3];
            if (!usable(&color[v], &mono[v], p))
                continue;
            balance(&color[v], &fit->light[v], p, x, variance);
            add(q, x, variance, mono[v].rgb[p][1], mono[v].variance[p][1], w);
        }
    double factor[9];
    memcpy(factor, q->a, sizeof factor);
    memcpy(w, q->b, sizeof q->b);
    if (!cf_cholesky(factor, 3))
        return 0;
    cf_cholesky_solve(factor, 3, w);
    return 1;
}

/* Standard errors of the normalised weights: through d (t / sum t) and the inverted matrix. */
static void errors_of(const equations *q, const double inverse_ccm[9], double sum,
                      cf_mono_fit *out) {
    double covariance[9];
    double scale = fmax(1, q->squares / fmax(1, q->patches - 3));
    if (!cf_invert3(q->a, covariance))
        return;
    for (int i = 0; i < 3; i++) {
        double g[3], s[3], variance = 0; /* gradient of spectral[i] by the camera's weights */
        for (int k = 0; k < 3; k++) {
            s[k] = 0;
            for (int j = 0; j < 3; j++)
                s[k] += ((i == j) - out->spectral[i]) / sum * inverse_ccm[3 * k + j];
        }
        cf_multiply3(covariance, s, g);
        for (int k = 0; k < 3; k++)
            variance += s[k] * g[k];
        out->error[i] = sqrt(fmax(0, scale * variance));
    }
}

cf_status cf_mono_fit_run(const char *name, const cf_chart_view *color, const cf_chart_view *mono,
                          int count, const cf_color_fit *fit, cf_mono_fit *out) {
    double w[3] = {0.3, 0.5, 0.2}, inverse[9], t[3] = {0}; /* any start: only the weights use it */
    equations q = {0};
    int ok = cf_invert3(fit->ccm, inverse);
    *out = (cf_mono_fit){0};
    for (int round = 0; ok && round < ROUNDS; round++)
        ok = solve(color, mono, count, fit, w, &q);
    if (q.patches < MIN_PATCHES)
        return cf_fail(
            CF_ERR_INVALID,
            "%s: only %d patches can be used in both pictures, the mono sensor's response "
            "needs %d",
            name, q.patches, MIN_PATCHES);
    for (int j = 0; j < 3; j++)
        for (int i = 0; i < 3; i++)
            t[j] += w[i] * inverse[3 * i + j];
    double sum = t[0] + t[1] + t[2];
    for (int j = 0; ok && j < 3; j++) {
        out->spectral[j] = t[j] / sum;
        ok = sum > 0 && isfinite(sum) && fabs(out->spectral[j]) <= 4;
    }
    if (!ok)
        return cf_fail(CF_ERR_INVALID,
                       "%s: the mono patches follow no mixture of the colour ones; is it the same "
                       "chart in the same light, the same way up?",
                       name);
    out->gain = 1 / sum;
    out->patches = q.patches;
    out->residual = sqrt(q.squares / q.weights);
    errors_of(&q, inverse, sum, out);
    return CF_OK;
}
