/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `recall`: this frame's chroma, corrected by the chroma that the same surfaces had in the
 * frame before. */
#ifndef CHROMAFUSE_FUSION_RECALL_H
#define CHROMAFUSE_FUSION_RECALL_H

#include "fusion/recall_shared.h"
#include "isp/stage.h"

/*
 * in  chroma      2 planes, of this frame alone
 *     error       1 plane, its predicted error: standard deviation in Lab ab units
 *     last_chroma 2 planes, output `recalled` of the frame before
 *     last_error  1 plane, output `error` of the frame before
 *     guide       1 plane, sqrt of linear mono
 *     last_guide  1 plane, the same of the frame before
 *     sigma       1 plane, noise of guide
 *     motion      4 planes at coarse nodes: output of stage motion
 * out recalled    2 planes of chroma
 *     error       1 plane, its predicted error
 *
 * A Kalman filter along the motion. What was known is fetched from where the pixel was (Catmull-Rom
 * between pixels; exact copies for whole motion) and becomes less sure by `drift` and by doubt
 * about the motion: the matcher's, and that of the two guides, which must agree but for noise,
 * `slack` and the motion's change of light. A part `lasting` of this frame's error variance is
 * taken to be the same every time (a colour that the network guesses wrongly, a matcher's mistake):
 * only the rest averages out, and an error never falls below it. Where the two chromas differ by
 * more than their errors allow, the old one is believed less, but not because of a mere guess. So a
 * good measurement wins at once
 * over what was guessed, what was measured stays for seconds after the light went, and guesses
 * change slowly.
 *
 * Share 0 of the motion, or a place outside the picture before: the output is this frame's, bit by
 * bit. With no sequence (cf_stage_context.is_sequence 0) the step is left out. Where something
 * remembered is not a number, or the error is none, the output is this frame's, too: nothing bad
 * lasts.
 */
typedef struct {
    float drift;       /* error that a frame adds to what is remembered, Lab ab units */
    float lasting;     /* part of the error's variance that the next frame repeats, 0..0.95 */
    float surprise;    /* variances apart that chromas may be */
    float guess;       /* error from which on this frame's chroma is a guess, Lab ab units */
    float slack;       /* difference of guides without noise that means nothing, > 0 */
    float light;       /* the same as a share of guide */
    float unknown;     /* error of chroma that is not known at all, Lab ab units */
    float error_scale; /* Lab ab units per unit of chroma, as in stage transfer */
} cf_recall_params;
#define CF_RECALL_DEFAULTS                                                                         \
    {                                                                                              \
        .drift = 1.5F, .lasting = 0.5F, .surprise = 5, .guess = 10, .slack = 0.008F,               \
        .light = 0.02F, .unknown = 36, .error_scale = 75                                           \
    }

cf_status cf_recall_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_recall;

#endif
