/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `provenance`: where each pixel's chroma comes from. */
#ifndef CHROMAFUSE_FUSION_PROVENANCE_H
#define CHROMAFUSE_FUSION_PROVENANCE_H

#include "isp/stage.h"

/*
 * in  confidence 1 plane 0..1, of the pixel's own hint (fusion/chroma.h)
 *     match      1 plane 0..1, trust of the matcher (input of stage hints)
 *     mono       1 plane, sqrt of linear
 *     error      1 plane, predicted chroma error in Lab ab units
 * out shares     3 planes: invented, measured, guided; whole multiples of 1/255 with sum 1, so that
 *            packed to 8 bits they sum to 255
 *
 * measured = e / (e + half) (1 + half), e being the mean of confidence sqrt(match) over 5 x 5
 * pixels, divided by 1 + texture times the standard deviation of mono over 5 x 5 pixels: wrong
 * matches that agree by chance are those beside depth edges. The mean's window ends at the pixel on
 * the side of the foreground that may hide it: matching draws a foreground too wide, so an occluded
 * pixel next to it looks matched, but its neighbours on the other side tell.
 * invented = (1 - measured) min(1, (error / invented_error)^2): the error's variance against that
 * of a guess without any hint. guided is the rest.
 *
 * Border: means over what lies inside the picture. What is not a number counts as confidence 0,
 * mono 0, error invented_error. margin 4.
 */
typedef struct {
    int side;      /* 1: the colour camera is to the right of the mono camera, -1: to its left, 0:
                      neither */
    float texture; /* 0..1000 */
    float half;    /* e at which a hint counts as much as its surroundings, 0..1 */
    float invented_error; /* error of a guess without hints, Lab ab units */
} cf_provenance_params;
#define CF_PROVENANCE_DEFAULTS                                                                     \
    { .side = 1, .texture = 10, .half = 0.55F, .invented_error = 36 }

cf_status cf_provenance_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_provenance;

#endif
