/* SPDX-License-Identifier: Apache-2.0 */
/* From a chart's patches to a camera's colour: white balance, colour matrix, and the mono sensor's
 * response. */
#ifndef CHROMAFUSE_CALIB_COLOR_FIT_H
#define CHROMAFUSE_CALIB_COLOR_FIT_H

#include "calib/chart.h"

#define CF_COLOR_FIT_VIEWS 40 /* pictures in one fit */

/* The patches of a chart in one picture. */
typedef struct {
    /* means of the raw, 0 at black and 1 at white, shading evened out, not white-balanced; a mono
     * camera's in all three */
    double rgb[CF_CHART_PATCHES][3];
    double variance[CF_CHART_PATCHES][3];   /* of these means */
    unsigned char usable[CF_CHART_PATCHES]; /* 0: clipped, covered, out of view */
} cf_chart_view;

/* The light on the chart in one picture: camera = neutral * exposure * light at the patch * colour.
 */
typedef struct {
    double neutral[3]; /* camera RGB of a neutral, green 1 */
    double exposure;   /* green of a white of reflectance 1 at the chart's centre */
    double slope[2];   /* of the light: change from the left to the right column, top to bottom row,
                          relative to the centre */
} cf_chart_light;

typedef struct {
    double ccm[9]; /* row-major, white-balanced camera RGB -> linear Rec.709; rows sum to 1 */
    cf_chart_light light[CF_COLOR_FIT_VIEWS];
} cf_color_fit;

/* Light at a patch relative to the chart's centre. */
double cf_chart_light_at(const cf_chart_light *light, int patch);

/*
 * Fits neutral, exposure and light of each picture and one colour matrix to count (1 ..
 * CF_COLOR_FIT_VIEWS) pictures, patches with a 0 in `use` left out. The neutral comes from the grey
 * patches and what colour the reference says they have; the matrix is started by weighted least
 * squares in linear light and refined (Levenberg-Marquardt) to the smallest sum of squared
 * CIEDE2000, patches weighted by their noise, with weak priors: the matrix near its start, the
 * light even. CF_ERR_INVALID with a line that names `name` when fewer than 8 patches, or no grey
 * one, can be used, or they span no matrix.
 */
cf_status cf_color_fit_run(const char *name, const cf_chart_view *views, int count,
                           const cf_chart_reference *reference,
                           const unsigned char use[CF_CHART_PATCHES], cf_color_fit *out);

/* Colour of a patch as the fit renders it: linear Rec.709, exposure and light taken out. */
void cf_color_fit_render(const cf_color_fit *fit, const cf_chart_view *view,
                         const cf_chart_light *light, int patch, double rgb[3]);

/*
 * Exposure (and nothing else) of a picture under a given neutral and matrix: the weighted mean
 * ratio of the patches' luminance to the reference's. For judging what a raw file's own values
 * would give.
 */
double cf_color_fit_exposure(const cf_color_fit *fit, const cf_chart_view *view,
                             const cf_chart_light *light, const cf_chart_reference *reference);

typedef struct {
    double spectral[3]; /* response to white-balanced linear Rec.709; sums to 1 */
    double error[3];    /* standard errors of these */
    double gain;        /* scales the mono raw to the colour camera's exposure */
    double residual;    /* root mean square of the patches' relative misfit */
    int patches;        /* used, over all pairs */
} cf_mono_fit;

/*
 * The mono sensor's response from pairs of pictures of one chart in one light, mono[i] belonging to
 * color[i] and to fit->light[i]: weighted least squares of the mono patches on the white-balanced
 * colour patches, whose own noise is taken out of the normal equations, then through the matrix to
 * Rec.709. The chart's reference colours and uneven light play no part. CF_ERR_INVALID with a line
 * that names `name` when fewer than 8 patches can be used in both or the response makes no sense
 * (sum not positive, a weight outside -4..4).
 */
cf_status cf_mono_fit_run(const char *name, const cf_chart_view *color, const cf_chart_view *mono,
                          int count, const cf_color_fit *fit, cf_mono_fit *out);

#endif
