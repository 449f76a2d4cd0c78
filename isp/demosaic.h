/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `demosaic`: white balance and full colour at every site of a Bayer mosaic. */
#ifndef CHROMAFUSE_ISP_DEMOSAIC_H
#define CHROMAFUSE_ISP_DEMOSAIC_H

#include "isp/stage.h"

/*
 * in  raw  1 plane, 0 black .. 1 white, Bayer mosaic in any of the four orders
 * out rgb  3 planes R, G, B: white-balanced camera RGB; measured samples pass unchanged but for
 *          their gain; interpolated ones are at least -c, see below
 *
 * Method: gradient based threshold free colour interpolation (Pekkucuksen and Altunbasak, "Gradient
 * based threshold free color filter array interpolation", ICIP 2010) on square roots. At every site
 * the difference green - colour is estimated along the row and along the column (Hamilton-Adams,
 * with 3/4 detail of its curvature: colours do not move quite alike). At red and blue sites the
 * three nearest estimates to the north, south, west and east are averaged, the outer two with 0.25
 * detail and 0.15 detail; the four averages are weighted by 1 / (gradient + noise)^2, gradients
 * taken over five sites in that direction. The other colours follow from bilinear interpolation of
 * the differences. Where gradients drown in noise the weights become equal, and no direction is
 * invented.
 *
 * Square roots: shading scales all colours of a surface together, so that differences of linear
 * values are not smooth where light is not; those of roots nearly are (4 dB on photographs). Means
 * of noisy roots are too small, though. So the root is taken of x + c, with c well above the level
 * where noise outweighs the signal: the darker the picture, the more linear the interpolation.
 *
 * Border: mirrored without repeating the edge sample, which keeps the mosaic's phase. A picture one
 * pixel wide or high has no neighbour of another colour: its samples serve as all three.
 */
typedef struct {
    int red_x, red_y; /* position of red in the 2x2 cell, 0 or 1 each */
    float gain[3];    /* white balance for R, G, B: camera neutral becomes grey */
    float scale;      /* noise variance of a raw sample = scale * x + offset, before gain; */
    float offset;     /* 0, 0: noise is unknown or removed */
    float detail; /* 0..1: how far the detail of one colour is believed to show in the others. 1:
                     sharpest, no false colours on fine grey patterns; 0: least noise in chroma,
                     for a colour picture that only lends its chroma */
} cf_demosaic_params;
#define CF_DEMOSAIC_DEFAULTS                                                                       \
    { .red_x = 0, .red_y = 0, .gain = {1, 1, 1}, .scale = 0, .offset = 0, .detail = 1 }

/* The c above, from the noise model and the largest gain: 0.001 in a noiseless picture, at most 16.
 */
float cf_demosaic_bias(const cf_demosaic_params *params);

/* What a gradient per sample must exceed to count, in roots: half a standard deviation. */
float cf_demosaic_least(const cf_demosaic_params *params);

/* Pixels of the mosaic that one output pixel depends on, in each direction. */
#define CF_DEMOSAIC_MARGIN 8

/* The definition of correct; cf_stage_demosaic holds both. */
cf_status cf_demosaic_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_demosaic;

#endif
