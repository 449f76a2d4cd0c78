/* SPDX-License-Identifier: Apache-2.0 */
/* Gain, read noise, black level, saturation and linearity of a sensor from pairs of flat frames:
 * photon transfer. */
#ifndef CHROMAFUSE_CALIB_PHOTON_TRANSFER_H
#define CHROMAFUSE_CALIB_PHOTON_TRANSFER_H

#include "base/image.h"
#include "base/status.h"

/*
 * The linear model of EMVA 1288 (release 4.0 linear, https://www.emva.org): codes y with mean
 * mu_y = mu_y.dark + K mu_e and temporal variance sigma_y^2 = K^2 sigma_d^2 + sigma_q^2 + K (mu_y -
 * mu_y.dark), mu_e collected electrons, sigma_d read noise, sigma_q^2 = 1/12 of a squared code
 * step. The variance comes from differences of two frames of one light, which fixed patterns drop
 * out of. Frames are cut into tiles of some 1000 samples of one mosaic site: each is a point of the
 * curve, so that vignetting, a corner that clips and broken pixels cost nothing but their tiles.
 */
typedef struct cf_photon_transfer cf_photon_transfer;

typedef struct {
    const char *name;  /* what messages call the frames ("mono at gain 2"); NULL: "photon
                          transfer"; must outlive the object */
    int width, height; /* of the frames */
    int is_color;      /* 1: the sites of a 2x2 mosaic are kept apart */
    int has_black;     /* black[] was told by the file or user, and counts where nothing better is
                          known */
    double black[4];   /* codes; all four equal for mono */
    double white;      /* code that counts as 1 in the noise model, 1..65535 */
    double clip;       /* smallest code that is seen to clip; 0: white */
} cf_flat_sensor;

/* The light of one pair. */
typedef struct {
    int level;         /* 0..CF_FLAT_LEVELS - 1: pairs of one level share it */
    int is_dark;       /* 1: no light at all */
    double exposure_s; /* 0: unknown */
} cf_flat_light;

#define CF_FLAT_LEVELS 256
#define CF_FLAT_SIDE_MIN 32 /* pixels: smaller frames are refused */

/* What one frame looks like at a glance. */
typedef struct {
    double mean;       /* code, of the pixels that are not far from the median: broken ones */
    double deviation;  /* half of what the middle 68 % of the pixels span, codes */
    int low, high;     /* smallest and largest code */
    double high_share; /* of pixels that have the largest code */
    int piles_up;      /* 1: so many of them, beside the codes just below, that this is clipping */
} cf_flat_glance;

/* CF_ERR_INVALID unless it is one plane of CF_PIXEL_U16. */
cf_status cf_flat_glance_at(const cf_image *frame, cf_flat_glance *out);

/* What is wrong with a pair, for the caller to judge. Shares are of the mean signal above black. */
typedef struct {
    double mean;      /* code */
    double low, high; /* shares of tiles that clip at 0 and at white */
    double texture;   /* contrast within tiles that is neither noise nor gradient: 80th percentile
                         of the tiles, less 3 standard errors */
    double evenness;  /* signal of the darkest twentieth of the tiles over the brightest's */
    double flicker;   /* difference of the two frames' signals */
    double motion;    /* how unevenly that difference is spread over the tiles, beyond noise */
    int identical;    /* 1: the frames are equal */
} cf_flat_check;

/* CF_ERR_INVALID for a size or level out of range. */
cf_status cf_photon_transfer_create(const cf_flat_sensor *sensor, cf_photon_transfer **out);
void cf_photon_transfer_destroy(cf_photon_transfer **pt);

/*
 * Measures a pair (each one plane of CF_PIXEL_U16 of the sensor's size) and adds it; *check (may be
 * NULL) tells what it looked like. CF_ERR_INVALID for another format, size or level, CF_ERR_MEMORY.
 */
cf_status cf_photon_transfer_add(cf_photon_transfer *pt, const cf_image *a, const cf_image *b,
                                 const cf_flat_light *light, cf_flat_check *check);

/* Takes the pair that was added last back, which must not have been dark; once for each add. */
void cf_photon_transfer_undo(cf_photon_transfer *pt);

/* A number and its standard error; NAN where it could not be measured. */
typedef struct {
    double value, error;
} cf_measured;

typedef enum {
    CF_BLACK_FROM_DARKS = 0, /* mean of dark frames */
    CF_BLACK_FROM_DARK_FIT, /* dark frames that clip at 0 or are coarser than their noise: fitted */
    CF_BLACK_FROM_EXPOSURES, /* mean against exposure time, at time 0 */
    CF_BLACK_TOLD,           /* not measured */
} cf_black_source;

/* One light level, all sites and pairs together; codes above black. */
typedef struct {
    double exposure_s; /* 0: unknown */
    int is_dark, pairs;
    double signal;        /* mean of all tiles */
    double used_signal;   /* mean of the tiles that do not clip; NAN: all do */
    cf_measured variance; /* of these, temporal, quantisation included */
    double all_variance;  /* of all tiles */
    double clipped;       /* share of tiles that clip at either end */
    double predicted;     /* variance that the fit gives at used_signal */
    double linearity;     /* (signal - line) / line of signal against exposure; NAN: not judged */
    int fitted;           /* its tiles took part in the fit */
} cf_flat_level;

typedef struct {
    cf_measured gain;         /* K, codes per electron */
    cf_measured site_gain[4]; /* the same of each site; mono: the first only */
    cf_measured read_codes;   /* temporal dark noise without quantisation, codes */
    cf_measured read_electrons;
    cf_measured black[4]; /* codes; equal for mono */
    cf_black_source black_source;
    double step;       /* smallest difference of codes: 4 for 14 bits in 16 */
    double saturation; /* signal in codes above black where the variance has collapsed: all pixels
                          full; where none are seen that full, where it is largest (EMVA's
                          saturation point); NAN: not reached */
    double clip_code;  /* code of it; NAN: not reached */
    double full_well;  /* saturation / K, electrons; NAN: not reached */
    double reached;    /* largest mean signal seen, codes above black */
    double linearity_min, linearity_max; /* EMVA: smallest and largest relative deviation of the
                                  signal from a line in exposure, 5..95 % of saturation; NAN: no
                                  exposure times */
    double variance_deviation; /* largest relative deviation of a level's variance from the fit */
    double scatter;            /* of the tiles about the fit, in standard errors; 1 is ideal */
    double prnu;               /* share of signal; NAN: not measured */
    double dsnu_electrons;     /* NAN: no darks */
    double snr_max;            /* sqrt(full_well), as a ratio */
    double dynamic_range; /* full_well over the signal of SNR 1 (EMVA: sqrt(sigma_y.dark^2 / K^2
                             + 1/4) + 1/2), as a ratio */
    double noise_scale, noise_offset; /* variance = scale x + offset, x 0..1 from black to white,
                                  quantisation included (DNG NoiseProfile) */
    int level_count;
    cf_flat_level levels[CF_FLAT_LEVELS];
    int tiles_used, tiles; /* of the fit, and all */
} cf_photon_result;

/*
 * Fits what was added. CF_ERR_UNSUPPORTED, with one line that says what is missing, when it is not
 * enough: everything clips, a single level of light, no way to tell the black level, or no noise
 * that grows with the light. CF_ERR_MEMORY.
 */
cf_status cf_photon_transfer_solve(const cf_photon_transfer *pt, cf_photon_result *out);

#endif
