/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `hints`: the registered colour picture as chroma hints with a confidence. */
#ifndef CHROMAFUSE_FUSION_HINTS_H
#define CHROMAFUSE_FUSION_HINTS_H

#include "fusion/chroma.h"
#include "isp/stage.h"

/*
 * in  mono       1 plane, linear, denoised
 *     color      3 planes, linear Rec.709, white-balanced, fetched onto the mono grid; may be
 *                noisy and negative; 0, 0, 0 where nothing was fetched
 *     match      1 plane, 0..1: trust of the matcher that the sample shows this pixel's surface;
 *                0 where it is occluded, outside the colour picture, or unknown
 * out hint       2 planes of chroma (fusion/chroma.h), 0 where confidence is 0
 *     confidence 1 plane, 0..1, as fusion/chroma.h defines it
 *
 * The difference d of the colour sample's own mono response (spectral . RGB) and m is held against
 * the noise:
 *  - what noise explains is ignored: the chroma's denominator is m, the cleaner of the two;
 *  - what noise does not explain is a fetch a little off, or a light that the cameras see a little
 *    differently, so the denominator leans to the sample's own response, which keeps its chroma
 *    right when it still shows the same surface. It is m + u(mean, kept luma + mono) of the mean
 *    of d over 5 x 5, + u(d - that, 3 luma) of the pixel's rest, where luma and mono are variances
 *    of noise and u(v, n) = v e / (e + 0.4 n), e = max(v^2 - n, 0);
 *  - much more than that, at the pixel or in the mean of 5 x 5, says that it shows another surface:
 *    confidence falls.
 * A sample that agrees is mostly right even where the matcher doubts (even surfaces): the trust in
 * the match counts by its root, and at least by `least`. Samples near the colour sensor's white
 * level lose their confidence.
 *
 * Border: the 5 x 5 mean takes what lies inside the picture. Samples that are not numbers, or
 * beyond +-8, count as 0 with no confidence. margin 2.
 */
typedef struct {
    float spectral[3];    /* mono response on the colour planes, sum 1 */
    float eps;            /* of the chroma convention, linear */
    float mono_noise[2];  /* variance of m: [0] * m + [1], as denoising left it */
    float red_noise[2];   /* the same of the R plane where the scene is grey of value m */
    float blue_noise[2];  /* the same for B */
    float luma_noise[2];  /* the same for spectral . RGB */
    float kept;           /* share of luma_noise that a mean of 5 x 5 keeps, 0..1 */
    float tolerance;      /* relative difference of the views that is no sign of a mismatch, 0..1 */
    float tolerance_dark; /* the same near black, linear */
    float registration;   /* standard deviation of chroma that registration and demosaicing add */
    float least;          /* trust in a match that failed the matcher's checks, 0..1 */
    float clip[3];        /* value of each plane at the colour sensor's white level */
} cf_hints_params;
#define CF_HINTS_DEFAULTS                                                                          \
    {                                                                                              \
        .spectral = {0.2126F, 0.7152F, 0.0722F}, .eps = CF_CHROMA_EPS, .mono_noise = {0.0001F, 0}, \
        .red_noise = {0.002F, 0}, .blue_noise = {0.002F, 0}, .luma_noise = {0.001F, 0},            \
        .kept = 0.1F, .tolerance = 0.07F, .tolerance_dark = 0.004F, .registration = 0.05F,         \
        .least = 0.01F, .clip = {                                                                  \
            1,                                                                                     \
            1,                                                                                     \
            1                                                                                      \
        }                                                                                          \
    }

cf_status cf_hints_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_hints;

#endif
