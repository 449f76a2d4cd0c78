/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `match_check`: which matches to believe, and how much. */
#ifndef CHROMAFUSE_FUSION_MATCH_CHECK_H
#define CHROMAFUSE_FUSION_MATCH_CHECK_H

#include "isp/stage.h"

/*
 * in  left, right       8 bit, the grid of the search
 *     disparity         of left pixels (match_search)
 *     right_disparity   of right pixels
 * out confidence        0..1
 *
 * A match passes when its right pixel lies in the picture and has the same disparity within
 * `tolerance`. Confidence is
 *     certainty * clamp((share - 0.4) / 0.6) / (1 + (difference / (slack + 2 noise))^2)
 * with the share of passing pixels in a window of 7 x 7 (behind occluding edges single pixels agree
 * by chance), and the mean intensity difference over 3 x 3 pixels. The window reaches 5 pixels to
 * the left and 1 to the right: what a near surface hides lies to the left of its edge, and where
 * the search has fattened the surface the hidden strip's failures are still seen from it. 0 for
 * pixels that leave the right picture, and where the disparity is not a number.
 *
 * It is meant as the probability that the match shows the right surface, so that its colour serves:
 * on 8 Middlebury pairs, matches above 0.8 had the right colour (all channels within 15 of 255) in
 * 0.99 / 0.97 / 0.90 of cases at 2000 / 50 / 5 electrons, and certainty is bound to that. Being
 * within 1 pixel is rarer: 0.91 / 0.70 / 0.22, about 1 / (1 + noise / 64) of the full picture.
 */
typedef struct {
    float tolerance; /* pixels of this grid, 0..16 */
    float noise;     /* standard deviation of the right picture, 8-bit root units, 0..255 */
    float slack;     /* of the intensities without noise: sampling, spectrum; 1..255 */
    float certainty; /* of matches that pass all this; 0..1 */
} cf_match_check_params;
#define CF_MATCH_CHECK_DEFAULTS                                                                    \
    { .tolerance = 2, .noise = 0, .slack = 5, .certainty = 1 }

/* The definition of correct; cf_stage_match_check holds both. */
cf_status cf_match_check_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_match_check;

#endif
