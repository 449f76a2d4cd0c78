/* SPDX-License-Identifier: Apache-2.0 */
/* Which changes of two lenses explain the vertical offsets of matched points; how sure that is. */
#ifndef CHROMAFUSE_CALIB_SCENE_FIT_H
#define CHROMAFUSE_CALIB_SCENE_FIT_H

#include "base/status.h"
#include "calib/scene_geometry.h"

typedef struct {
    double prior[CF_SCENE_PARAMS]; /* expected standard deviation from the start; 0: stays there */
    double tolerance;              /* pixels that an inlier may be off, > 0 */
    double drop; /* parameters smaller than so many of their standard errors stay at the start,
                    where they cannot move the picture's far sides for nothing; 0: none do */
    int repeats; /* how often each point may be among the pairs, found in several ways; 0: once */
    const double *value;          /* to begin with; NULL: the start */
    const cf_scene_probe *probes; /* where effect_px and error_px are judged: all of the picture */
    int probe_count;
} cf_scene_fit_options;

typedef struct {
    double value[CF_SCENE_PARAMS];
    double covariance[CF_SCENE_PARAMS][CF_SCENE_PARAMS]; /* of the values, errors of neighbouring
                                                            matches taken as related */
    double effect_px;   /* root mean square over the probes of what the fit moves vertically */
    double error_px;    /* standard error of that */
    double residual_px; /* robust standard deviation of the inliers from the fit */
    double before_px;   /* median offset, unsigned, of the inliers at the start */
    int inliers;
} cf_scene_fit;

/*
 * Fits count pairs of points: RANSAC (Fischler and Bolles, 1981) on the equations linearised where
 * it begins, then Gauss-Newton with Tukey's weights and the priors as extra equations. The depths
 * of the points are eliminated: a point's offset in the frame does not depend on them. inlier: 1 or
 * 0 for each pair comes out. With fewer than 4 pairs nothing is fitted and inliers is 0.
 * Deterministic. CF_ERR_MEMORY.
 */
cf_status cf_scene_fit_run(const cf_scene_geometry *start, const cf_scene_rays *rays, int count,
                           const cf_scene_fit_options *options, unsigned char *inlier,
                           cf_scene_fit *out);

/* Standard error of the vertical offset at a point, pixels; not-a-number where a lens cannot see
 * it. */
double cf_scene_fit_error(const cf_scene_geometry *start, const cf_scene_fit *fit,
                          const cf_scene_probe *probe);

#endif
