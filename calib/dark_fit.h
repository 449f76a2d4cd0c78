/* SPDX-License-Identifier: Apache-2.0 */
/* Black level and noise from dark frames that clip at code 0 or whose noise is finer than their
 * codes, where means and variances are wrong. */
#ifndef CHROMAFUSE_CALIB_DARK_FIT_H
#define CHROMAFUSE_CALIB_DARK_FIT_H

#define CF_DARK_BINS 96

/*
 * How often a pixel had code bin i in the first and j in the second frame of a pair: a histogram of
 * pairs of codes. Bin i holds codes base + i * width up to the next; bin 0 everything below too
 * when base is 0, which is where sensors clip.
 */
typedef struct {
    double base, width; /* codes; width >= step */
    double step;        /* smallest difference of codes */
    double count[CF_DARK_BINS][CF_DARK_BINS];
} cf_dark_histogram;

typedef struct {
    double mean, mean_error;         /* codes, of the frames before clipping and rounding */
    double temporal, temporal_error; /* standard deviation within a pair, codes */
    double fixed;                    /* standard deviation of what both frames share, codes */
} cf_dark_estimate;

/*
 * Maximum likelihood for a temporal and a fixed normal deviation, rounded and clipped (a censored,
 * grouped bivariate normal), by Fisher scoring. 0, *out untouched, when it does not converge or the
 * histogram holds less than 100 samples or one code only.
 */
int cf_dark_fit(const cf_dark_histogram *h, cf_dark_estimate *out);

#endif
