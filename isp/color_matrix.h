/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `color_matrix`: camera RGB to linear Rec.709, and what a mono sensor would see of it. */
#ifndef CHROMAFUSE_ISP_COLOR_MATRIX_H
#define CHROMAFUSE_ISP_COLOR_MATRIX_H

#include "isp/stage.h"

/*
 * in  camera    3 planes, white-balanced camera RGB, linear
 * out rgb       3 planes, linear Rec.709 (D65): matrix . camera; negative where out of gamut
 * out response  1 plane, weights . rgb: the mono response m of the same light
 * Point-wise, nothing is clipped: margin 0.
 */
typedef struct {
    float matrix[9];  /* row-major; rows that sum to 1 keep grey grey */
    float weights[3]; /* spectral response of the mono sensor, sums to 1 */
} cf_color_matrix_params;
#define CF_COLOR_MATRIX_DEFAULTS                                                                   \
    {                                                                                              \
        .matrix = {1, 0, 0, 0, 1, 0, 0, 0, 1}, .weights = { 0.2126F, 0.7152F, 0.0722F }            \
    }

/* The definition of correct; cf_stage_color_matrix holds both. */
cf_status cf_color_matrix_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_color_matrix;

#endif
