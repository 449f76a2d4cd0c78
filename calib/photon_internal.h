/* SPDX-License-Identifier: Apache-2.0 */
/* Private to calib/photon*.c: what was measured so far. */
#ifndef CHROMAFUSE_CALIB_PHOTON_INTERNAL_H
#define CHROMAFUSE_CALIB_PHOTON_INTERNAL_H

#include "calib/dark_fit.h"
#include "calib/flat_tiles.h"
#include "calib/line_fit.h"
#include "calib/photon_transfer.h"

/* A tile with more samples at either end than this has a wrong variance; with as many, it is off by
 * less than 0.1 %. */
#define CF_CLIPPED_SHARE 0.001F

typedef struct {
    cf_flat_stats s;
    unsigned char site;
    short level;
} cf_flat_tile;

struct cf_photon_transfer {
    cf_flat_sensor sensor;
    cf_flat_grid grid;
    cf_flat_tile *tiles;
    size_t count, room;
    size_t before; /* count before the last pair */
    int last_level;
    cf_flat_light light[CF_FLAT_LEVELS];
    int pairs[CF_FLAT_LEVELS];
    unsigned bits;              /* all codes, or-ed */
    cf_dark_histogram *dark[4]; /* of each site; NULL: no dark frames */
};

static inline const char *cf_photon_name(const cf_photon_transfer *pt) {
    return pt->sensor.name ? pt->sensor.name : "photon transfer";
}

static inline int cf_flat_sites(const cf_photon_transfer *pt) {
    return pt->sensor.is_color ? 4 : 1;
}

static inline int cf_flat_clips(const cf_flat_stats *s) {
    return s->low > CF_CLIPPED_SHARE || s->high > CF_CLIPPED_SHARE;
}

/* Smallest difference of codes: a power of 2, for sensors that shift their codes up. */
double cf_photon_step(const cf_photon_transfer *pt);

/* The black level of each site, and how sure. */
typedef struct {
    cf_black_source source;
    cf_measured level[4];
    int has_dark_fit[4]; /* the site's dark frames are summed up in dark_fit, not in tiles */
    cf_dark_estimate dark_fit[4];
} cf_photon_black;

cf_status cf_photon_find_black(const cf_photon_transfer *pt, cf_photon_black *out);

/* Fills levels, saturation, linearity and fixed pattern of the result, whose black is known. */
void cf_photon_gather_levels(const cf_photon_transfer *pt, cf_photon_result *out);
void cf_photon_find_saturation(const cf_photon_transfer *pt, cf_photon_result *out);
void cf_photon_find_linearity(cf_photon_result *out);
void cf_photon_find_pattern(const cf_photon_transfer *pt, const cf_photon_black *black,
                            cf_photon_result *out);

#endif
