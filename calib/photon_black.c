/* SPDX-License-Identifier: Apache-2.0 */
/* Photon transfer: where no light is. */
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "calib/photon_internal.h"

#define COARSE 0.55        /* steps: noise below it is not told right by mean and variance */
#define LAMP_STEADY 0.002  /* share by which a lamp may wander from level to level */
#define LAMP_UNSTEADY 0.03 /* share of wandering that exposure times cannot be trusted with */
#define LEAST_LEVELS 3

/* Of one site at one level; tiles that clip are left out. */
typedef struct {
    double samples, mean, variance; /* weighted by samples */
    double spread; /* half the mean difference of the frames: light or black level that moves */
    int tiles, clipped;
} site_level;

static site_level sum_up(const cf_photon_transfer *pt, int site, int level) {
    site_level out = {0};
    double difference = 0;
    for (size_t i = 0; i < pt->count; i++) {
        const cf_flat_tile *t = &pt->tiles[i];
        if (t->site != site || t->level != level)
            continue;
        int clips = cf_flat_clips(&t->s);
        out.clipped += clips;
        out.tiles++;
        if (clips)
            continue;
        out.samples += t->s.n;
        out.mean += t->s.n * (double)t->s.mean;
        out.variance += t->s.n * (double)t->s.variance;
        difference += t->s.n * (double)t->s.difference;
    }
    if (out.samples > 0) {
        out.mean /= out.samples;
        out.variance /= out.samples;
        out.spread = fabs(difference / out.samples) / 2;
    }
    return out;
}

/* A site's dark frames, all levels of them; 0 when there are none. */
static int black_of_darks(const cf_photon_transfer *pt, int site, cf_photon_black *out) {
    double samples = 0, mean = 0, variance = 0, spread = 0, step = cf_photon_step(pt);
    int clipped = 0, tiles = 0;
    for (int level = 0; level < CF_FLAT_LEVELS; level++) {
        if (!pt->pairs[level] || !pt->light[level].is_dark)
            continue;
        site_level s = sum_up(pt, site, level);
        samples += s.samples;
        mean += s.samples * s.mean;
        variance += s.samples * s.variance;
        spread += s.samples * s.spread;
        clipped += s.clipped;
        tiles += s.tiles;
    }
    if (!tiles)
        return 0;
    int clean = clipped * 20 <= tiles && samples > 0;
    if (clean && variance / samples > COARSE * COARSE * step * step) {
        double error = hypot(sqrt(variance / samples / (2 * samples)), spread / samples);
        out->level[site] = (cf_measured){mean / samples, error};
        return 1;
    }
    cf_dark_estimate *e = &out->dark_fit[site];
    if (pt->dark[site] && cf_dark_fit(pt->dark[site], e)) {
        out->level[site] = (cf_measured){e->mean, hypot(e->mean_error, 1e-3 * step)};
        out->has_dark_fit[site] = 1;
        out->source = CF_BLACK_FROM_DARK_FIT;
        return 1;
    }
    if (!(samples > 0))
        return 0;
    /* All dark codes alike: the level is known to half a step. */
    out->level[site] = (cf_measured){mean / samples, 0.29 * step};
    return 1;
}

/* Mean code of a site against exposure time, at no time. */
static int black_of_exposures(const cf_photon_transfer *pt, int site, cf_photon_black *out) {
    cf_line_point p[CF_FLAT_LEVELS];
    double noise[CF_FLAT_LEVELS];
    int n = 0;
    cf_line line = {0};
    for (int level = 0; level < CF_FLAT_LEVELS; level++) {
        if (!pt->pairs[level] || pt->light[level].is_dark || !(pt->light[level].exposure_s > 0))
            continue;
        site_level s = sum_up(pt, site, level);
        if (s.clipped || !(s.samples > 0))
            continue;
        noise[n] = hypot(sqrt(s.variance / (2 * s.samples)), s.spread);
        p[n++] = (cf_line_point){pt->light[level].exposure_s, s.mean, 1};
    }
    if (n < LEAST_LEVELS)
        return 0;
    for (int round = 0; round < 5; round++) {
        double black = round ? line.offset : 0;
        for (int i = 0; i < n; i++)
            p[i].error = hypot(noise[i], LAMP_STEADY * fmax(p[i].y - black, 0)) + 1e-6;
        if (!cf_line_fit(p, (size_t)n, &line))
            return 0;
    }
    if (line.scatter * LAMP_STEADY > LAMP_UNSTEADY || !(line.slope > 0))
        return 0;
    out->level[site] = (cf_measured){line.offset, line.offset_error};
    return 1;
}

/* Exposure times that put the level no better than some codes are worse than a file's word. */
static int exposures_tell(const cf_photon_transfer *pt, cf_photon_black *out) {
    for (int site = 0; site < cf_flat_sites(pt); site++) {
        if (!black_of_exposures(pt, site, out))
            return 0;
        double black = out->level[site].value, error = out->level[site].error;
        if (pt->sensor.has_black && error > fmax(1, 1e-4 * pt->sensor.white))
            return 0;
        if (black < -5 * error - 0.05 * pt->sensor.white)
            return 0;
    }
    return 1;
}

cf_status cf_photon_find_black(const cf_photon_transfer *pt, cf_photon_black *out) {
    int sites = cf_flat_sites(pt), darks = 1;
    memset(out, 0, sizeof *out);
    out->source = CF_BLACK_FROM_DARKS;
    for (int site = 0; site < sites && darks; site++)
        darks = black_of_darks(pt, site, out);
    if (!darks) {
        memset(out, 0, sizeof *out);
        out->source = CF_BLACK_FROM_EXPOSURES;
        if (!exposures_tell(pt, out)) {
            out->source = CF_BLACK_TOLD;
            if (!pt->sensor.has_black)
                return cf_fail(
                    CF_ERR_UNSUPPORTED,
                    "%s: nothing tells the black level: add dark frames with --dark (lens "
                    "covered), or say --black CODE",
                    cf_photon_name(pt));
            for (int site = 0; site < sites; site++)
                out->level[site] = (cf_measured){pt->sensor.black[site], NAN};
        }
    }
    for (int site = sites; site < 4; site++)
        out->level[site] = out->level[0];
    return CF_OK;
}
