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
 * level is ceil(width / coarse width); at level 1 both outputs are copies. Otherwise every pixel
 * chooses, by the mean absolute difference (clipped at 60) over (2 radius + 1)^2 pixels, between
 * the disparities of its coarse pixel and the 8 around it, and those rounded +-1; the ones of
 * neighbours cost `other` more, the rounded +-1 ones `step` more. So depth edges move to where the
 * pictures have them, while noise (which both margins follow) does not tear surfaces. With `fit`
 * the two-line fit over +-1 gives the fraction where the costs bear it, else the coarse one stays.
 * The confidence is the smaller of that of the coarse pixel whose disparity won and the bilinear
 * one. Borders are continued. Costs are whole sums over the window, margins are rounded to them.
 */
typedef struct {
    int radius;        /* 2 or 3 */
    int fit;           /* 1: sub-pixel fit at full size */
    float other, step; /* 8-bit root units, 0..64 */
} cf_match_refine_params;
#define CF_MATCH_REFINE_DEFAULTS                                                                   \
    { .radius = 2, .fit = 1, .other = 0, .step = 0.5F }

/* The definition of correct; cf_stage_match_refine holds both. */
cf_status cf_match_refine_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_match_refine;

#endif
