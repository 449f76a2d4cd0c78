/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `denoise`: removes noise of sigma 1 by shrinking the coefficients of overlapping 8x8 DCTs.
 */
#ifndef CHROMAFUSE_ISP_DENOISE_H
#define CHROMAFUSE_ISP_DENOISE_H

#include "isp/stage.h"

/*
 * in  noisy  any number of planes, each on its own: white noise of sigma 1 (stages vst, bayer_pack)
 * out clean  the same planes without noise
 *     sigma  per sample, what is left of the noise, in units of the input's
 *
 * Per plane, in this order (all block positions are fixed to the picture, not to a tile):
 * 1. Blocks of 8x8 at every 4th row and 2nd column (odd columns in every other row of blocks).
 *    Coefficients below `hard` sigmas go to 0, with a ramp of +-10 % around the threshold so that
 *    the result is continuous; the mean of a block stays. Each block's estimate counts by the
 *    inverse of the noise energy it kept (Guleryuz, "Weighted overcomplete denoising", 2003).
 * 2. The same with blocks at every 2nd row and the empirical Wiener gain p^2 / (p^2 + 1), p being
 *    the coefficient of the estimate so far (as BM3D's second step; Dabov et al., 2007); `passes`
 *    times.
 * 3. What 8 pixels cannot see: the picture halved (means of 2x2 times 2: again sigma 1) is
 *    denoised the same way, `levels` deep, and the part that survives halving moves by `share`
 *    towards it (Pierazzo et al., "Multi-scale DCT denoising", 2017).
 *
 * sigma counts what noise is left and what detail is lost. With w the sum of the weights of the 16
 * blocks over a sample, an average block kept the share e = 1 / (4 w) of the noise's energy, and
 * the error measured on photographs at 15 to 6000 photo-electrons in white is about
 * strength * sqrt(3 e / (1 + 2 e)) = strength * sqrt(0.75 / (w + 0.5)).
 *
 * Beyond the border the picture is mirrored (edge sample repeated). Samples that are not finite
 * count as 0. Sizes from 1x1.
 */
typedef struct {
    float strength; /* sigma of the noise; 1 for stabilised input */
    float hard;     /* threshold of step 1, in sigmas */
    float share;    /* 0..1, trust in the halved picture */
    int levels; /* halvings; the bound value is 0 where a coefficient of 8x8 sees all it needs */
    int passes; /* Wiener passes; a second one is worth 0.1 dB and costs most of the time */
} cf_denoise_params;
#define CF_DENOISE_DEFAULTS                                                                        \
    { .strength = 1, .hard = 2.7F, .share = 0.6F, .levels = 2, .passes = 1 }

/* The definition of correct; cf_stage_denoise holds both. */
cf_status cf_denoise_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_denoise;

#endif
