/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `match_refine`: the disparities of the search, at full size. */
#ifndef CHROMAFUSE_FUSION_MATCH_REFINE_H
#define CHROMAFUSE_FUSION_MATCH_REFINE_H

#include "isp/stage.h"

/*
 * in  left, right         8 bit, full size (match_prepare)
 *     coarse              disparities of the search, in coarse pixels, ceil(size / level)
 *     coarse_confidence   0..1, same size as coarse
 * out disparity           pixels of the full size
 *     confidence          0..1
 *
 * level is ceil(width / coarse width), at most 64; at level 1 both outputs are copies. Otherwise
 * the pixels of each 8 x 8 block choose from up to 9 different disparities of the coarse pixels
 * that the block covers and of those around them (different: rounded values more than 1 apart; with
 * a confidence above 0, and where none has one the coarse values stay), and from these -1 and +1.
 * The sum of absolute differences (clipped at 60) over (2 radius + 1)^2 pixels decides; coarse
 * pixels around the block pay `other` per pixel, steps of one `step`. So depth edges move to where
 * the pictures have them, while noise (which both margins follow) does not tear surfaces.
 *
 * The fraction is the two-line fit's where the costs bear it (the centre is least, and the steeper
 * side rises by more than 0.3 per pixel of the window) and `fit` is 1; else the own coarse pixel's
 * where that is within 1 of the choice and the choice is no step; else the choice's. Confidence is
 * that of the pixel's own coarse pixel where its disparity is within 1 of the choice, else the
 * smaller of it and of that of the coarse pixel that the choice comes from. Borders are continued.
 * Disparities that are not numbers count as 0.
 */
typedef struct {
    int radius;        /* 2 or 3 */
    int fit;           /* 1: sub-pixel fit at full size */
    float other, step; /* 8-bit root units, 0..64; rounded to whole sums */
} cf_match_refine_params;
#define CF_MATCH_REFINE_DEFAULTS                                                                   \
    { .radius = 2, .fit = 1, .other = 0, .step = 0.5F }

/* The definition of correct; cf_stage_match_refine holds both. */
cf_status cf_match_refine_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_match_refine;

#endif
