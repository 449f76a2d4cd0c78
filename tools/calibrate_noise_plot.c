/* SPDX-License-Identifier: Apache-2.0 */
/* The photon transfer curve, and how far the levels are from it. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "tools/calibrate_noise.h"
#include "tools/svg_plot.h"

#define CURVE 64            /* points of a drawn line */
#define SERIES 4            /* of a gain in each panel */
#define SHOWN CF_SVG_COLORS /* gains; more cannot be told apart */

/* Everything that is drawn of one gain. */
typedef struct {
    cf_svg_point fitted[CF_FLAT_LEVELS], others[CF_FLAT_LEVELS], curve[CURVE];
    cf_svg_point deviation[CF_FLAT_LEVELS], linearity[CF_FLAT_LEVELS];
    int fitted_count, other_count, deviation_count, linearity_count;
    char names[SERIES][64];
} drawing;

static void take_level(const cf_flat_level *l, drawing *d) {
    double x = isfinite(l->used_signal) ? l->used_signal : l->signal;
    double y = isfinite(l->variance.value) ? l->variance.value : l->all_variance;
    cf_svg_point p = {x, y, l->fitted ? l->variance.error : 0};
    if (!l->pairs || l->is_dark)
        return;
    if (l->fitted)
        d->fitted[d->fitted_count++] = p;
    else
        d->others[d->other_count++] = (cf_svg_point){l->signal, fmax(l->all_variance, 1e-2), 0};
    if (isfinite(l->variance.value) && l->predicted > 0 && l->clipped < 0.5)
        d->deviation[d->deviation_count++] =
            (cf_svg_point){x, 100 * (l->variance.value / l->predicted - 1),
                           100 * l->variance.error / l->predicted};
    if (isfinite(l->linearity))
        d->linearity[d->linearity_count++] = (cf_svg_point){l->signal, 100 * l->linearity, 0};
}

static void draw(const cf_noise_group *g, drawing *d) {
    const cf_photon_result *r = &g->result;
    double low = INFINITY, high = fmax(1, isfinite(r->saturation) ? r->saturation : r->reached);
    double dark = r->read_codes.value * r->read_codes.value + r->step * r->step / 12;
    for (int i = 0; i < r->level_count; i++) {
        take_level(&r->levels[i], d);
        if (r->levels[i].pairs && !r->levels[i].is_dark && r->levels[i].signal > 0)
            low = fmin(low, r->levels[i].signal);
    }
    low = fmin(low, dark / r->gain.value); /* where read noise and shot noise are equal */
    for (int i = 0; i < CURVE; i++) {
        double x = low * pow(high / low, (double)i / (CURVE - 1));
        d->curve[i] = (cf_svg_point){x, dark + r->gain.value * x, 0};
    }
    snprintf(d->names[0], sizeof d->names[0], "gain %g: %.3g codes per electron", g->gain,
             r->gain.value);
    snprintf(d->names[1], sizeof d->names[1], "fit, read noise %.3g electrons",
             r->read_electrons.value);
    snprintf(d->names[2], sizeof d->names[2], "clipped, or beyond the fit");
    snprintf(d->names[3], sizeof d->names[3], "signal, gain %g", g->gain);
}

static void add(cf_svg_series *list, int *count, const char *label, cf_svg_style style, int color,
                const cf_svg_point *points, int points_count) {
    if (points_count)
        list[(*count)++] = (cf_svg_series){label, style, color, points, points_count};
}

void cf_noise_write_svg(const cf_noise_camera *camera, FILE *to) {
    cf_svg_series curve[SHOWN * SERIES], deviation[SHOWN * SERIES];
    int n = 0, m = 0, gains = camera->group_count < SHOWN ? camera->group_count : SHOWN;
    char title[96];
    drawing *d = cf_alloc(SHOWN, sizeof *d);
    if (!d)
        return;
    for (int i = 0; i < gains; i++) {
        draw(&camera->groups[i], &d[i]);
        add(curve, &n, d[i].names[1], CF_SVG_LINE, i, d[i].curve, CURVE);
        add(curve, &n, d[i].names[0], CF_SVG_DOTS, i, d[i].fitted, d[i].fitted_count);
        add(curve, &n, i ? NULL : d[i].names[2], CF_SVG_RINGS, i, d[i].others, d[i].other_count);
        add(deviation, &m, i ? NULL : "variance", CF_SVG_DOTS, i, d[i].deviation,
            d[i].deviation_count);
        add(deviation, &m, i ? NULL : "signal against exposure time", CF_SVG_RINGS, i,
            d[i].linearity, d[i].linearity_count);
    }
    const cf_svg_panel panels[2] = {
        {"Photon transfer", "signal above black, codes", "temporal variance, codes²", 1, 1, 0, 0, 0,
         0, 0, curve, n},
        {"Deviation from the line", "signal above black, codes", "deviation, %", 1, 0, 0, 0, 0, -1,
         1, deviation, m},
    };
    snprintf(title, sizeof title, "Noise of the %s camera: %s", camera->name,
             cf_noise_verdict(camera));
    cf_svg_write(
        to, title,
        "Variance of the difference of two flat frames, over their mean; each point is one "
        "level of light.",
        panels, 2);
    cf_free(d);
}
