/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `krige`: what a user's points say of the guess everywhere else. */
#ifndef CHROMAFUSE_FUSION_KRIGE_H
#define CHROMAFUSE_FUSION_KRIGE_H

#include "fusion/krige_shared.h"
#include "isp/stage.h"

/*
 * in  guide  1 plane, sqrt-mono (stage `guide`)
 *     guess  2 planes of chroma (fusion/chroma.h), made without the points
 *     chroma 2 planes, made with them
 *     error  1 plane, predicted error of chroma, Lab ab units
 *     points a table (fusion/points_shared.h)
 * out chroma 2 planes
 *
 * Where a point's colour differs from the guess there, the guess is wrong elsewhere, too: in the
 * whole picture, on surfaces as bright and guessed alike, and most on those nearby. That difference
 * d (of chroma times guide + CF_KRIGE_DARK, about as it is seen) is taken for a Gaussian process of
 * mean 0 and covariance k = common + alike M + near M exp(-D / reach), as shares of their sum, M =
 * exp(-(difference of guide)^2 / (2 mono-range^2) - (that of the guess)^2 / (2 chroma-range^2)),
 * known at the points but for a variance of `noise` / their weight, and its mean given them is
 * added to the guess: simple kriging (Matheron 1963; Rasmussen and Williams, "Gaussian Processes
 * for Machine Learning", 2006, equation 2.23). D is the length of the shortest way between cells of
 * the picture: steps to the 8 neighbours, as a share of the longer side, and the change of guide on
 * them. Near points `chroma` is better, which follows edges to the pixel: out is chroma + s (that -
 * chroma) with s = error^2 / (error^2 + sure^2); without points it is the guess.
 *
 * Border: cells at the right and lower edge are means of what lies inside. Ways are found by
 * CF_KRIGE_ROUNDS passes down and up: those that wind more are taken for longer than they are.
 * Guide is limited to 0..4, chroma beyond CF_KRIGE_LIMIT and errors beyond 0..1e4 count as 0, as do
 * those that are no numbers.
 */
typedef struct {
    float common, alike, near; /* parts of the variance, not all 0 */
    float mono_range;          /* difference of guide */
    float chroma_range;        /* difference of the guess, chroma as it is seen */
    float reach;               /* length of a way */
    float noise;               /* variance of what a point says, as a share */
    float sure;                /* Lab ab units at which half of chroma stays */
} cf_krige_params;
#define CF_KRIGE_DEFAULTS                                                                          \
    {                                                                                              \
        .common = 0.3F, .alike = 0.2F, .near = 0.6F, .mono_range = 0.2F, .chroma_range = 0.12F,    \
        .reach = 1, .noise = 0.05F, .sure = 11                                                     \
    }

cf_status cf_krige_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_krige;

#endif
