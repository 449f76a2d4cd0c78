/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `lab_output`: what a published colorizer says, as chroma of every pixel. */
#ifndef CHROMAFUSE_FUSION_LAB_OUTPUT_H
#define CHROMAFUSE_FUSION_LAB_OUTPUT_H

#include "fusion/chroma.h"
#include "fusion/lab_shared.h"
#include "isp/stage.h"

/*
 * in  mono        1 plane, linear
 *     transferred 2 planes of chroma, stage transfer's, from the hints alone
 *     doubt       1 plane, its predicted error, Lab ab units
 *     lab         4 planes on the network's grid, of stage lab_input
 *     ab          2 planes, the same size: what the network made of it
 * out chroma      2 planes
 *     error       1 plane, predicted chroma error, Lab ab units
 *
 * a and b of a pixel are a mean of the four cells around it: bilinear weights times
 * exp(-(L - L of the cell)^2 / (2 edge^2)), so that chroma ends where the mono picture does; a part
 * in 1000 of the bilinear weights always counts. Beyond the border the cells at the border count.
 * With the pixel's own L* they give its chroma.
 *
 * For a network that takes no hints (follow 1), transferred chroma takes over around them: its
 * share is (1 - (doubt / reach)^2)^2, 0 where doubt is beyond reach: everywhere without hints, and
 * far from them, where the transfer knows of a tint at most. How wrong the network is nobody knows:
 * its error counts as `error`, a guess.
 *
 * What is not a number counts as mono 0, transferred 0, doubt beyond reach, a and b 0.
 */
typedef struct {
    float edge;  /* difference in L* that parts surfaces */
    int follow;  /* 1: hints count by the transfer; 0: the network has seen them */
    float reach; /* Lab ab units */
    float error; /* of the network, Lab ab units */
    float eps;   /* of the chroma convention */
} cf_lab_output_params;
#define CF_LAB_OUTPUT_DEFAULTS                                                                     \
    { .edge = 5, .follow = 1, .reach = 12, .error = 36, .eps = CF_CHROMA_EPS }

cf_status cf_lab_output_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_lab_output;

#endif
