/* SPDX-License-Identifier: Apache-2.0 */
/* What the two files of the reference of stage `transfer` share. */
#ifndef CHROMAFUSE_FUSION_TRANSFER_REF_H
#define CHROMAFUSE_FUSION_TRANSFER_REF_H

#include "fusion/transfer.h"

/* A square of pixels: on the way up the sums of its hints, on the way down also its estimate. */
typedef struct {
    float weight, sum[2];   /* inverse variance of the hints, and their sum weighted by it */
    float guide_sum, guide; /* mono: weighted like sum; plain mean */
    float texture;          /* variance of mono inside the cell, with noise */
    float chroma[2], precision, range;
} cf_transfer_cell;

typedef struct {
    int width, height;
    cf_transfer_cell *cells;
} cf_transfer_level;

typedef struct {
    float chroma[2], variance;
} cf_transfer_prior;

/* Variance of chroma between scale (cells of 2^scale pixels) and the next coarser one. */
float cf_transfer_detail(const cf_transfer_params *p, int scale);

float cf_transfer_correct(cf_transfer_prior prior, float weight, const float sum[2],
                          float chroma[2]);
/* surprise 0: no difference from the prior is a change of chroma (cf_transfer_params). */
void cf_transfer_finish(const cf_transfer_params *p, cf_transfer_prior prior, float surprise,
                        cf_transfer_cell *c);

/* From the sums of 4-pixel cells up through the grid to the scene's tint and down again to their
 * estimates. */
cf_status cf_transfer_grid_ref(const cf_transfer_params *p, cf_transfer_level *quarter);

#endif
