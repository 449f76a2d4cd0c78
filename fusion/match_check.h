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
 * A match passes when its right pixel lies in the picture, the right view agrees within
 * `tolerance`, and no other left pixel lands on the same right pixel with a disparity more than 1
 * larger (it would hide this one). Confidence is
 *     certainty * clamp((share - 0.4) / 0.6) * clamp(1 - (difference - 0.8 noise - slack) / 16)
 * with the share of passing pixels within 3 pixels (0 where less than 0.4 pass: behind occluding
 * edges single pixels agree by chance), and the mean intensity difference over 3 x 3 pixels. 0 for
 * pixels that leave the right picture, and where the disparity is not a number.
 */
typedef struct {
    float tolerance; /* pixels of this grid, 0..16 */
    float noise;     /* standard deviation of the right picture, 8-bit root units, 0..255 */
    float slack;     /* difference that a perfect match may show: sampling, spectrum; 0..255 */
    float certainty; /* share of perfectly consistent matches that are within 1 fine pixel; 0..1 */
} cf_match_check_params;
#define CF_MATCH_CHECK_DEFAULTS                                                                    \
    { .tolerance = 1, .noise = 0, .slack = 6, .certainty = 1 }

/* The definition of correct; cf_stage_match_check holds both. */
cf_status cf_match_check_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_match_check;

#endif
