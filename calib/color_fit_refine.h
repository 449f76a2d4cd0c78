/* SPDX-License-Identifier: Apache-2.0 */
/* The last step of a colour fit: least CIEDE2000. */
#ifndef CHROMAFUSE_CALIB_COLOR_FIT_REFINE_H
#define CHROMAFUSE_CALIB_COLOR_FIT_REFINE_H

#include "calib/color_fit.h"

/* What is fitted to what. */
typedef struct {
    const cf_chart_view *views;
    const cf_chart_reference *reference;
    int count;
    double weight[CF_COLOR_FIT_VIEWS][CF_CHART_PATCHES]; /* 0: patch left out */
    cf_chart_view used[CF_COLOR_FIT_VIEWS];              /* views with what is left out marked */
} cf_color_problem;

/*
 * Moves matrix, exposures and light (not the neutrals) to the smallest weighted sum of squared
 * CIEDE2000, by Levenberg and Marquardt's method. 0 when the start is not finite.
 */
int cf_color_refine(const cf_color_problem *problem, cf_color_fit *fit);

#endif
