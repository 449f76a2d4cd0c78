/* SPDX-License-Identifier: Apache-2.0 */
/* Straight lines through points of known standard error, some of which are wrong. */
#ifndef CHROMAFUSE_CALIB_LINE_FIT_H
#define CHROMAFUSE_CALIB_LINE_FIT_H

#include <stddef.h>

#include "base/status.h"

typedef struct {
    double x, y;
    double error; /* standard error of y, > 0; for cf_line_fit_variance: see there */
} cf_line_point;

typedef struct {
    double offset, slope;                         /* y = offset + slope x */
    double offset_error, slope_error, covariance; /* standard errors, times scatter where > 1 */
    double scatter; /* robust standard deviation of the residuals over their errors; 1 is ideal */
    int used;       /* points with a weight */
} cf_line;

/*
 * Iteratively reweighted least squares with Tukey's biweight (4.685 deviations: 95 % efficient for
 * normal errors). 0, *out untouched, when fewer than two different x have weight. CF_ERR_MEMORY
 * counts as that.
 */
int cf_line_fit(const cf_line_point *points, size_t count, cf_line *out);

/*
 * The same for points whose y is a variance of normal samples: its error is sqrt(2 / n) times the
 * line's own value, for weights by the measured one would favour what came out small; `error` holds
 * sqrt(2 / n).
 */
int cf_line_fit_variance(const cf_line_point *points, size_t count, cf_line *out);

#endif
