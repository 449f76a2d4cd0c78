/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics of pairs of flat frames, tile by tile; private to photon transfer and the defect
 * finder. */
#ifndef CHROMAFUSE_CALIB_FLAT_TILES_H
#define CHROMAFUSE_CALIB_FLAT_TILES_H

#include "base/image.h"
#include "base/status.h"

/* A frame's division: sites x columns x rows tiles of about equal size. */
typedef struct {
    int width, height, step; /* step: 2 with a mosaic, else 1 */
    int columns, rows;
    int room; /* samples of the largest tile */
} cf_flat_grid;

void cf_flat_grid_init(int width, int height, int is_color, cf_flat_grid *grid);

/* Samples x0 <= x < x1, y0 <= y < y1 of one site; sample (x, y) is pixel (x * step + site % 2,
 * ...). */
typedef struct {
    int site, x0, y0, x1, y1;
} cf_flat_cell;

cf_flat_cell cf_flat_grid_cell(const cf_flat_grid *grid, int site, int column, int row);

typedef struct {
    float mean;       /* code, of both frames */
    float difference; /* a - b, mean */
    float variance;   /* temporal, of one frame, codes^2 */
    float fixed;      /* spatial variance of the fixed pattern without gradient, codes^2; noisy */
    float low, high;  /* shares of samples at code 0, and at white or beyond */
    int n;            /* samples that count: without outliers */
} cf_flat_stats;

/* Room for one tile's samples; see cf_flat_scratch_alloc. */
typedef struct {
    int *sum, *difference; /* owned, like sorted */
    float *sorted;
} cf_flat_scratch;

cf_status cf_flat_scratch_alloc(const cf_flat_grid *grid, cf_flat_scratch *scratch);
void cf_flat_scratch_free(cf_flat_scratch *scratch);

/* Outliers are samples whose sum is 8 robust standard deviations from the tile's median (broken
 * pixels), or whose difference is 6 from its mean. scratch->sum and ->difference hold the samples
 * row by row afterwards; INT_MIN in sum marks outliers. */
cf_flat_stats cf_flat_tile_measure(const cf_flat_grid *grid, const cf_flat_cell *cell,
                                   const cf_image *a, const cf_image *b, double white,
                                   cf_flat_scratch *scratch);

/* k-th smallest of count, none of them NAN (reordered). */
float cf_select_float(float *v, int count, int k);

/* Median and robust standard deviation (1.4826 times the median of absolute deviations) of count
 * values, which are spoilt. */
void cf_robust_float(float *v, int count, float *median, float *deviation);

#endif
