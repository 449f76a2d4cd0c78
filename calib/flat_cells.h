/* SPDX-License-Identifier: Apache-2.0 */
/* Means of a flat frame over a grid of cells. */
#ifndef CHROMAFUSE_CALIB_FLAT_CELLS_H
#define CHROMAFUSE_CALIB_FLAT_CELLS_H

#include "calib/flat_field.h"

/* The grid, the same for all planes; each plane's cells lie at its own sites' centres. */
typedef struct {
    int columns, rows, planes;
    int width, height; /* pixels of the raw */
} cf_flat_grid;

/* CF_ERR_INVALID: too small to be cut into at least 12 x 12 cells of 6 x 6 samples. */
cf_status cf_flat_grid_of(const cf_flat_frame *frame, cf_flat_grid *grid);

/* Where a plane's cell `index` of `count` has its centre, 0..1 along one axis of `size` pixels. */
double cf_flat_center(const cf_flat_grid *grid, int index, int count, int size, int offset);

/*
 * Mean (0..1 between black and white) and variance of that mean of every cell, plane after plane;
 * samples of listed defects, and further than 3.5 standard deviations off, do not count. A cell
 * without light (less than 0.002 of white, or than 4 times its own error) gets variance 0.
 * CF_ERR_INVALID names the frame when more than 0.2 % of the cells clip; CF_ERR_MEMORY.
 */
cf_status cf_flat_cells(const cf_flat_frame *frame, const cf_flat_grid *grid, double *mean,
                        double *variance);

#endif
