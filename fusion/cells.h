/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `cells`: the network's inputs, means over 2 x 2 pixels. */
#ifndef CHROMAFUSE_FUSION_CELLS_H
#define CHROMAFUSE_FUSION_CELLS_H

#include "isp/stage.h"

/* Sides of the network's grid are multiples of this: it halves four times. */
#define CF_CELLS_MULTIPLE 16

/*
 * in  mono 1 plane, hint 2, confidence 1, sigma 1, transferred 2, doubt 1: inputs and outputs of
 *     stage `transfer`, at the picture's size
 * out the same planes, of cells: (n + 1) / 2, rounded up to a multiple of CF_CELLS_MULTIPLE, a side
 *
 * Each cell is the mean of its pixels; a hint is weighted by its confidence, and 0 where there is
 * none. These are the numbers that the network was trained on (tools/train/render/record.h).
 *
 * Border: cells that the picture fills in part are the mean of what is there; cells beyond it
 * repeat the nearest. Values that are not numbers, or beyond CF_CELLS_LIMIT, count as 0; such a
 * hint counts as none.
 */
#define CF_CELLS_LIMIT 1e4F

cf_status cf_cells_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_cells;

#endif
