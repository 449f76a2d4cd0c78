/* SPDX-License-Identifier: Apache-2.0 */
/* Which small turn of one camera explains the vertical offsets between two rectified views. */
#ifndef CHROMAFUSE_CALIB_EPIPOLAR_FIT_H
#define CHROMAFUSE_CALIB_EPIPOLAR_FIT_H

#include "calib/gray.h"
#include "calib/rectify.h"

/* What is fitted, in the rectified grid's axes: turns about x, y, z (radians) and the colour
 * picture's relative magnification. */
enum { CF_FIT_X, CF_FIT_Y, CF_FIT_Z, CF_FIT_SCALE, CF_FIT_PARAMS };

typedef struct {
    double value[CF_FIT_PARAMS];
    double effect_px;   /* root mean square of what it moves vertically, over the matches */
    double error_px;    /* standard error of that */
    double residual_px; /* robust standard deviation of the inliers from the fit */
    double before_px;   /* median |v| of the inliers before the correction */
    int inliers;
} cf_epipolar_fit;

/*
 * Fits matches (pixels of the rectified grid, score > -2) by RANSAC and then iteratively reweighted
 * least squares (Tukey). prior: expected standard deviation of each parameter, 0 to keep it out;
 * tolerance: pixels that an inlier may be off. Deterministic. Inliers get score 1, others -2.
 */
void cf_epipolar_fit_run(const cf_rectification *r, cf_gray_match *matches, int count,
                         const double prior[CF_FIT_PARAMS], double tolerance, cf_epipolar_fit *out);

#endif
