/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `lab_input`: the mono picture and its hints as a published colorizer sees them, on its own
 * grid. */
#ifndef CHROMAFUSE_FUSION_LAB_INPUT_H
#define CHROMAFUSE_FUSION_LAB_INPUT_H

#include "fusion/chroma.h"
#include "fusion/lab_shared.h"
#include "isp/stage.h"

#define CF_LAB_GRID 256 /* side of the grid where the network's file leaves it open */
#define CF_LAB_GRID_MIN 8
#define CF_LAB_GRID_MAX 1024

/*
 * in  mono       1 plane, linear
 *     hint       2 planes of chroma; not looked at where confidence is below `certain`
 *     confidence 1 plane, 0..1
 * out lab        4 planes, grid[0] x grid[1]: L* 0..100 of the mono picture; a and b of the hints,
 *                0 where none; 1 where there are hints, else 0
 *
 * L* is averaged with triangle weights, as wide as two cells where the picture has more pixels than
 * the grid and as two pixels where it has fewer; at the border with the weights that are left. The
 * picture's sides are scaled apart: a grid of another shape sees it squeezed, as these networks
 * were used by their authors. A cell takes the hints of all pixels in it, so that a point too small
 * to be seen on the grid still counts: their mean, weighted by confidence.
 *
 * Mono outside 0..1 counts as the nearer end; mono and confidence that are not numbers as 0; hints
 * that are not as none.
 */
typedef struct {
    int grid[2];   /* width, height */
    int hints;     /* 0: the network takes none: planes 1 to 3 are 0 */
    float certain; /* least confidence of a hint, 0..1: the mask knows no shades */
    float eps;     /* of the chroma convention */
} cf_lab_input_params;
#define CF_LAB_INPUT_DEFAULTS                                                                      \
    { .grid = {CF_LAB_GRID, CF_LAB_GRID}, .hints = 1, .certain = 0.5F, .eps = CF_CHROMA_EPS }

cf_status cf_lab_input_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_lab_input;

#endif
