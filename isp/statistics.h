/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `statistics`: histograms, and what exposure and white balance the picture asks for. */
#ifndef CHROMAFUSE_ISP_STATISTICS_H
#define CHROMAFUSE_ISP_STATISTICS_H

#include "isp/stage.h"

/*
 * in  picture  1 plane (mono) or 3 planes (R, G, B), linear; every step-th pixel of every step-th
 *              row counts
 * out table    1 plane, 256 x 4: rows 0..2 hold the share of the samples in each bin, of R, G, B
 *              (0 for a mono picture), row 3 that of luminance: weights . RGB, or the mono sample
 * out values   CF_STATISTICS_VALUES planes of 1 x 1: plane i is the cf_statistics_value i
 * Bins are logarithmic, 16 to an octave: bin 0 holds what lies below 2^-15 (and NaN), bin k from
 * cf_statistics_edge(k) to the edge of k + 1, bin 255 everything from 1.83 on. Counts are integers,
 * sums are taken in a fixed order: the result does not depend on timing.
 */
typedef struct {
    int step;         /* pixels between samples, both ways */
    float weights[3]; /* luminance of R, G, B */
    float clip;       /* samples with a colour from here on say nothing about the light's colour */
    float dark;       /* neither do those with a luminance below this */
} cf_statistics_params;
#define CF_STATISTICS_DEFAULTS                                                                     \
    { .step = 2, .weights = {0.2126F, 0.7152F, 0.0722F}, .clip = 0.95F, .dark = 0.004F }

#define CF_STATISTICS_BINS 256

typedef enum {
    CF_STATISTICS_SAMPLES,  /* how many were counted */
    CF_STATISTICS_MEAN,     /* of luminance, negative ones as 0 */
    CF_STATISTICS_LOG_MEAN, /* geometric mean of luminance, of bins 1 and up; 0: all is black */
    CF_STATISTICS_P01,      /* percentiles of luminance, interpolated in their bin */
    CF_STATISTICS_P10,
    CF_STATISTICS_P50,
    CF_STATISTICS_P90,
    CF_STATISTICS_P99,
    CF_STATISTICS_P995,
    CF_STATISTICS_CLIPPED,  /* share of samples with a colour at or above clip */
    CF_STATISTICS_GREY_RED, /* gains of R and B that make the mean grey; G: 1; 1 where unknown */
    CF_STATISTICS_GREY_BLUE,
    CF_STATISTICS_WHITE_RED, /* gains that make the 99th percentiles of R, G, B equal */
    CF_STATISTICS_WHITE_BLUE,
    CF_STATISTICS_EXPOSURE, /* factor that brings the mean to 0.18 without lifting P99 over 0.95;
                               1/16..16; 1 where all is black */
    CF_STATISTICS_VALUES
} cf_statistics_value;

/* The lowest value of a bin; 0 for bin 0. */
float cf_statistics_edge(int bin);

/* The definition of correct; cf_stage_statistics holds both. */
cf_status cf_statistics_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_statistics;

#endif
