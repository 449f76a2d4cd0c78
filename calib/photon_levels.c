/* SPDX-License-Identifier: Apache-2.0 */
/* Photon transfer: the levels of light, saturation, linearity and the fixed pattern. */
#include <math.h>
#include <string.h>

#include "calib/photon_internal.h"

#define BINS 128
#define LEAST_TILES 3   /* of a bin of the curve */
#define COLLAPSED 0.8   /* of the largest variance: beyond it the sensor is full */
#define GONE 0.1        /* of it: every pixel is full */
#define LINEAR_LOW 0.05 /* EMVA 1288: linearity is judged from 5 to 95 % of saturation */
#define LINEAR_HIGH 0.95
#define PATTERN_LOW 0.2 /* of saturation: where the response's spread shows */
#define PATTERN_HIGH 0.8

static double above_black(const cf_photon_result *r, const cf_flat_tile *t) {
    return (double)t->s.mean - r->black[t->site].value;
}

/* Sums of one level. */
typedef struct {
    double all, signal, variance, used, used_signal, used_variance;
    int tiles, clipped;
} sums;

static void finish(const sums *s, cf_flat_level *out) {
    double n = fmax(s->all, 1);
    out->signal = s->signal / n;
    out->all_variance = s->variance / n;
    out->clipped = s->tiles ? (double)s->clipped / s->tiles : 0;
    out->used_signal = s->used > 0 ? s->used_signal / s->used : NAN;
    out->variance.value = s->used > 0 ? s->used_variance / s->used : NAN;
    out->variance.error = out->variance.value * sqrt(2 / fmax(s->used, 1));
    out->linearity = out->predicted = NAN;
}

void cf_photon_gather_levels(const cf_photon_transfer *pt, cf_photon_result *out) {
    sums s[CF_FLAT_LEVELS];
    memset(s, 0, sizeof s);
    for (size_t i = 0; i < pt->count; i++) {
        const cf_flat_tile *t = &pt->tiles[i];
        sums *l = &s[t->level];
        double n = t->s.n, x = above_black(out, t);
        l->tiles++;
        l->all += n;
        l->signal += n * x;
        l->variance += n * (double)t->s.variance;
        if (cf_flat_clips(&t->s)) {
            l->clipped++;
            continue;
        }
        l->used += n;
        l->used_signal += n * x;
        l->used_variance += n * (double)t->s.variance;
    }
    out->level_count = 0;
    out->reached = 0;
    for (int i = 0; i < CF_FLAT_LEVELS; i++) {
        cf_flat_level *l = &out->levels[i];
        memset(l, 0, sizeof *l);
        finish(&s[i], l);
        l->exposure_s = pt->light[i].exposure_s;
        l->is_dark = pt->light[i].is_dark;
        l->pairs = pt->pairs[i];
        if (l->pairs)
            out->level_count = i + 1;
        out->reached = fmax(out->reached, l->signal);
    }
}

/* The curve of all tiles, clipped ones too: where its variance is largest, and what comes after. */
void cf_photon_find_saturation(const cf_photon_transfer *pt, cf_photon_result *out) {
    double weight[BINS] = {0}, signal[BINS] = {0}, variance[BINS] = {0}, high[BINS] = {0};
    int tiles[BINS] = {0}, top = -1, last = -1;
    double range = pt->sensor.clip - out->black[0].value;
    out->saturation = out->clip_code = NAN;
    for (size_t i = 0; i < pt->count; i++) {
        const cf_flat_tile *t = &pt->tiles[i];
        double x = above_black(out, t);
        int bin = (int)(x / range * (BINS - 1));
        if (pt->light[t->level].is_dark || bin < 0 || bin >= BINS)
            continue;
        tiles[bin]++;
        weight[bin] += t->s.n;
        signal[bin] += t->s.n * x;
        variance[bin] += t->s.n * (double)t->s.variance;
        high[bin] += t->s.n * (double)t->s.high;
    }
    for (int i = 0; i < BINS; i++) {
        if (tiles[i] < LEAST_TILES)
            continue;
        last = i;
        if (top < 0 || variance[i] / weight[i] > variance[top] / weight[top])
            top = i;
    }
    if (last <= top || variance[last] / weight[last] > COLLAPSED * variance[top] / weight[top])
        return;
    double left = variance[last] / weight[last] / (variance[top] / weight[top]);
    if (high[last] / weight[last] > 0.05) /* the converter's end; the pixel holds more */
        out->saturation = range;
    else /* a full pixel has no noise, and one signal; half full, the largest variance tells */
        out->saturation = left < GONE ? signal[last] / weight[last] : signal[top] / weight[top];
    out->clip_code = out->saturation + out->black[0].value;
}

/* y = offset + slope x with the smallest sum of squares of relative deviations (EMVA 1288 weights
 * linearity by 1 / y^2). */
static int relative_line(const cf_flat_level *const *l, int n, double *offset, double *slope) {
    double s = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (int i = 0; i < n; i++) {
        double w = 1 / (l[i]->signal * l[i]->signal), x = l[i]->exposure_s;
        s += w;
        sx += w * x;
        sy += w * l[i]->signal;
        sxx += w * x * x;
        sxy += w * x * l[i]->signal;
    }
    double det = s * sxx - sx * sx;
    if (!(det > 1e-9 * s * sxx))
        return 0;
    *slope = (s * sxy - sx * sy) / det;
    *offset = (sxx * sy - sx * sxy) / det;
    return *slope > 0;
}

void cf_photon_find_linearity(cf_photon_result *out) {
    const cf_flat_level *judged[CF_FLAT_LEVELS];
    double full = isfinite(out->saturation) ? out->saturation : out->reached, offset, slope;
    double most = isfinite(out->saturation) ? LINEAR_HIGH * full : full;
    int n = 0;
    out->linearity_min = out->linearity_max = NAN;
    for (int i = 0; i < out->level_count; i++) {
        const cf_flat_level *l = &out->levels[i];
        if (l->pairs && !l->is_dark && l->exposure_s > 0 && !(l->clipped > 0) &&
            l->signal >= LINEAR_LOW * full && l->signal <= most)
            judged[n++] = l;
    }
    if (n < 3 || !relative_line(judged, n, &offset, &slope))
        return;
    for (int i = 0; i < n; i++) {
        double line = offset + slope * judged[i]->exposure_s;
        double deviation = (judged[i]->signal - line) / line;
        out->levels[judged[i] - out->levels].linearity = deviation;
        out->linearity_min = i ? fmin(out->linearity_min, deviation) : deviation;
        out->linearity_max = i ? fmax(out->linearity_max, deviation) : deviation;
    }
}

void cf_photon_find_pattern(const cf_photon_transfer *pt, const cf_photon_black *black,
                            cf_photon_result *out) {
    double full = isfinite(out->saturation) ? out->saturation : out->reached;
    double dark = 0, dark_samples = 0, bright = 0, squares = 0;
    for (size_t i = 0; i < pt->count; i++) {
        const cf_flat_tile *t = &pt->tiles[i];
        double x = above_black(out, t), n = t->s.n;
        if (cf_flat_clips(&t->s))
            continue;
        if (pt->light[t->level].is_dark && !black->has_dark_fit[t->site]) {
            dark += n * (double)t->s.fixed;
            dark_samples += n;
        } else if (x > PATTERN_LOW * full && x < PATTERN_HIGH * full) {
            bright += n * (double)t->s.fixed;
            squares += n * x * x;
        }
    }
    for (int i = 0; i < cf_flat_sites(pt); i++)
        if (black->has_dark_fit[i]) {
            dark += black->dark_fit[i].fixed * black->dark_fit[i].fixed;
            dark_samples += 1;
        }
    dark = dark_samples > 0 ? fmax(0, dark / dark_samples) : NAN;
    out->dsnu_electrons = sqrt(dark) / out->gain.value;
    /* Both sums run over the same tiles, so the dark part is taken off per sample. */
    double samples = 0;
    for (size_t i = 0; i < pt->count; i++) {
        double x = above_black(out, &pt->tiles[i]);
        if (!cf_flat_clips(&pt->tiles[i].s) && x > PATTERN_LOW * full && x < PATTERN_HIGH * full)
            samples += pt->tiles[i].s.n;
    }
    bright -= isfinite(dark) ? dark * samples : 0;
    out->prnu = squares > 0 ? sqrt(fmax(0, bright) / squares) : NAN;
}
