/* SPDX-License-Identifier: Apache-2.0 */
/* The smooth surface behind noisy values on a grid: a penalised spline. */
#ifndef CHROMAFUSE_CALIB_SMOOTH_SURFACE_H
#define CHROMAFUSE_CALIB_SMOOTH_SURFACE_H

#include "base/status.h"

#define CF_SMOOTH_SPANS 12 /* polynomial pieces along the longer side */

/* Values on a grid: value[row * columns + column] at (u[column], v[row]), both in 0..1. */
typedef struct {
    int columns, rows;
    const double *u, *v;
    const double *value, *variance; /* variance not above 0: unknown value, left out */
} cf_smooth_data;

/* A bicubic B-spline on 0..1 x 0..1. */
typedef struct {
    int spans[2]; /* pieces along u and v */
    double coefficient[(CF_SMOOTH_SPANS + 3) * (CF_SMOOTH_SPANS + 3)];
    double penalty; /* weight of the roughness that was chosen; relative to the data's */
    /* of the cells that were held out while it was chosen, in the values' units: root mean square
     * and robust standard deviation (1.4826 times the median) of value minus surface, and what the
     * variances explain of the former */
    double held_out_rms, held_out_robust, noise_rms;
} cf_smooth;

/*
 * Eilers and Marx, "Flexible smoothing with B-splines and penalties" (Statistical Science 11:2,
 * 1996) in two dimensions, with fourth differences, so that a cubic costs nothing. count (1..4)
 * surfaces share one penalty: the one under which every other cell, checkerboard fashion, best
 * predicts the rest. aspect: width over height of the picture, so that pieces are about square.
 * CF_ERR_INVALID when fewer than 64 cells of a surface have a value; CF_ERR_MEMORY.
 */
cf_status cf_smooth_fit(const cf_smooth_data *data, int count, double aspect, cf_smooth *out);

/* The surface at a point; its outermost pieces go on outside 0..1. */
double cf_smooth_at(const cf_smooth *surface, double u, double v);

#endif
