/* SPDX-License-Identifier: Apache-2.0 */
/* Photon transfer: the line of variance against signal, and what follows from it. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "calib/photon_internal.h"

#define FIT_SHARE 0.7 /* of saturation: EMVA 1288 fits the gain up to there */
#define COARSE 0.3    /* squared steps: rounding spoils a smaller variance */
#define LEAST_POINTS 8
#define SIGNIFICANT 10 /* standard errors that the slope must be above 0 */
#define DARK 0.02      /* of white: what does not reach it cannot show a slope */

typedef struct {
    const cf_photon_transfer *pt;
    const cf_photon_black *black;
    cf_photon_result *out;
    double limit; /* signal up to which tiles are fitted */
    cf_line_point *points;
    size_t count;
} job;

static int takes_part(const job *j, const cf_flat_tile *t, int site) {
    double x = (double)t->s.mean - j->out->black[t->site].value;
    double step = j->out->step;
    if (cf_flat_clips(&t->s) || x > j->limit || (site >= 0 && t->site != site))
        return 0;
    if (j->pt->light[t->level].is_dark)
        return !j->black->has_dark_fit[t->site];
    return (double)t->s.variance > COARSE * step * step;
}

/* Tiles of one site (-1: all) up to the limit, and what the fits of dark frames say. */
static void take_points(job *j, int site) {
    j->count = 0;
    for (size_t i = 0; i < j->pt->count; i++) {
        const cf_flat_tile *t = &j->pt->tiles[i];
        if (takes_part(j, t, site))
            j->points[j->count++] =
                (cf_line_point){(double)t->s.mean - j->out->black[t->site].value,
                                (double)t->s.variance, sqrt(2.0 / (t->s.n - 1))};
    }
    for (int i = 0; i < 4; i++)
        if (j->black->has_dark_fit[i] && (site < 0 || site == i)) {
            const cf_dark_estimate *e = &j->black->dark_fit[i];
            double rounding = j->out->step * j->out->step / 12;
            double y = e->temporal * e->temporal + rounding;
            j->points[j->count++] =
                (cf_line_point){0, y, fmax(2 * e->temporal * e->temporal_error / y, 1e-6)};
        }
}

static void mark_levels(const job *j) {
    for (size_t i = 0; i < j->pt->count; i++)
        if (takes_part(j, &j->pt->tiles[i], -1))
            j->out->levels[j->pt->tiles[i].level].fitted = 1;
}

static cf_status check_levels(const job *j) {
    int light = 0, all = 0, open = 0;
    for (int i = 0; i < j->out->level_count; i++) {
        const cf_flat_level *l = &j->out->levels[i];
        all += l->pairs > 0;
        light += l->pairs > 0 && !l->is_dark;
        open += l->pairs > 0 && !l->is_dark && l->clipped < 1;
    }
    if (!light)
        return cf_fail(
            CF_ERR_UNSUPPORTED,
            "%s: there are dark frames only: add pairs of an evenly lit wall, from dark to "
            "nearly white",
            cf_photon_name(j->pt));
    if (!open)
        return cf_fail(
            CF_ERR_UNSUPPORTED,
            "%s: all lit frames are saturated: use shorter exposures, so that most pairs "
            "lie between a twentieth and nine tenths of white",
            cf_photon_name(j->pt));
    if (all < 2)
        return cf_fail(
            CF_ERR_UNSUPPORTED,
            "%s: all frames are of one brightness: shoot pairs at several exposures, say 8 "
            "from a fiftieth of white to white",
            cf_photon_name(j->pt));
    return CF_OK;
}

static void take_line(const job *j, const cf_line *line) {
    cf_photon_result *r = j->out;
    double told = 0, rounding = r->step * r->step / 12;
    r->gain = (cf_measured){line->slope, line->slope_error};
    for (int i = 0; i < cf_flat_sites(j->pt); i++)
        told = fmax(told, isfinite(r->black[i].error) ? r->black[i].error : 0);
    double read = fmax(0, line->offset - rounding);
    double error = hypot(line->offset_error, line->slope * told);
    r->read_codes.value = sqrt(read);
    /* Of a square root: exact for small errors, and bounded where nothing is left. */
    r->read_codes.error = sqrt(read + error) - sqrt(fmax(0, read - error));
    r->read_codes.error /= 2;
    r->read_electrons.value = r->read_codes.value / r->gain.value;
    r->read_electrons.error =
        hypot(r->read_codes.error, r->read_electrons.value * r->gain.error) / r->gain.value;
    r->scatter = line->scatter;
    r->tiles_used = line->used;
    r->tiles = (int)j->pt->count;
}

static void take_model(const job *j) {
    cf_photon_result *r = j->out;
    double black = 0, rounding = r->step * r->step / 12;
    for (int i = 0; i < cf_flat_sites(j->pt); i++)
        black += r->black[i].value / cf_flat_sites(j->pt);
    double range = j->pt->sensor.white - black;
    double dark = r->read_codes.value * r->read_codes.value + rounding;
    r->noise_scale = r->gain.value / range;
    r->noise_offset = dark / (range * range);
    r->full_well = r->saturation / r->gain.value;
    r->snr_max = sqrt(r->full_well);
    r->dynamic_range = r->full_well / (sqrt(dark / (r->gain.value * r->gain.value) + 0.25) + 0.5);
    r->variance_deviation = 0;
    for (int i = 0; i < r->level_count; i++) {
        cf_flat_level *l = &r->levels[i];
        l->predicted = dark + r->gain.value * l->used_signal;
        if (l->pairs && l->fitted && l->used_signal < j->limit)
            r->variance_deviation =
                fmax(r->variance_deviation, fabs(l->variance.value / l->predicted - 1));
    }
}

static void fit_sites(job *j) {
    for (int site = 0; site < 4; site++) {
        cf_line line;
        j->out->site_gain[site] = (cf_measured){NAN, NAN};
        if (site >= cf_flat_sites(j->pt))
            continue;
        take_points(j, site);
        if (cf_line_fit_variance(j->points, j->count, &line))
            j->out->site_gain[site] = (cf_measured){line.slope, line.slope_error};
    }
}

static cf_status fit(job *j) {
    cf_line line;
    double full = isfinite(j->out->saturation) ? j->out->saturation : INFINITY;
    j->limit = FIT_SHARE * full;
    take_points(j, -1);
    if (j->count < LEAST_POINTS || !cf_line_fit_variance(j->points, j->count, &line)) {
        j->limit = 0.95 * full;
        take_points(j, -1);
        if (j->count < LEAST_POINTS || !cf_line_fit_variance(j->points, j->count, &line))
            return cf_fail(CF_ERR_UNSUPPORTED,
                           "%s: nothing is left to fit: the frames clip at black or white; shoot "
                           "pairs between a twentieth and nine tenths of white",
                           cf_photon_name(j->pt));
    }
    int significant = line.slope > SIGNIFICANT * line.slope_error;
    if (!significant && j->out->reached < DARK * j->pt->sensor.white)
        return cf_fail(
            CF_ERR_UNSUPPORTED,
            "%s: the frames are too dark to show how noise grows with light (the brightest "
            "is %.1f codes above black): use longer exposures, up to white",
            cf_photon_name(j->pt), j->out->reached);
    if (!significant)
        return cf_fail(
            CF_ERR_UNSUPPORTED,
            "%s: the noise does not grow with the light: these are no raw frames, or they "
            "were denoised; give raws as the sensor wrote them",
            cf_photon_name(j->pt));
    mark_levels(j);
    take_line(j, &line);
    fit_sites(j);
    return CF_OK;
}

cf_status cf_photon_transfer_solve(const cf_photon_transfer *pt, cf_photon_result *out) {
    cf_photon_black black;
    memset(out, 0, sizeof *out);
    CF_TRY(cf_photon_find_black(pt, &black));
    memcpy(out->black, black.level, sizeof out->black);
    out->black_source = black.source;
    out->step = cf_photon_step(pt);
    cf_photon_gather_levels(pt, out);
    cf_photon_find_saturation(pt, out);
    job j = {.pt = pt, .black = &black, .out = out};
    CF_TRY(check_levels(&j));
    j.points = cf_alloc(pt->count + 4, sizeof *j.points);
    cf_status status = j.points ? fit(&j) : CF_ERR_MEMORY;
    cf_free(j.points);
    if (status != CF_OK)
        return status;
    take_model(&j);
    cf_photon_find_linearity(out);
    cf_photon_find_pattern(pt, &black, out);
    return CF_OK;
}
