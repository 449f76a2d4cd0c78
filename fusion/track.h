/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `track`: a user's points of earlier frames, moved to where what they lie on is now. */
#ifndef CHROMAFUSE_FUSION_TRACK_H
#define CHROMAFUSE_FUSION_TRACK_H

#include "fusion/points_shared.h"
#include "isp/stage.h"

/*
 * in  points  a table (fusion/points_shared.h): those given with this frame
 *     last    the same: output `tracked` of the frame before
 *     motion  4 planes at coarse nodes: output of stage motion
 * out tracked the same: those of this frame, then those of earlier ones
 *
 * A point goes where the motion says that its middle went; its weight falls by `fade`, and where
 * the motion's share is below `sure` in proportion to it. It is forgotten with less than a fiftieth
 * left, outside the picture (by less than a node's distance it may be), when a new point overlaps
 * it, and when there are too many: the earliest go first. So colours of a shot hold while it lasts,
 * and none outlives a cut, after which all shares are 0.
 *
 * Motion is a way back, from where something is to where it was; CF_TRACK_ROUNDS fixed-point steps
 * turn it round, which converge unless it changes by more than a pixel from pixel to pixel. With no
 * sequence the step is left out. Tables with fewer than CF_POINTS_COLUMNS columns hold no points.
 */
typedef struct {
    float fade; /* share of its weight that a point loses in a frame, 0..1 */
    float sure; /* share of the motion from which on nothing else is lost, 0..1 */
} cf_track_params;
#define CF_TRACK_DEFAULTS                                                                          \
    { .fade = 0.002F, .sure = 0.5F }

cf_status cf_track_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_track;

#endif
