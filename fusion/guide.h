/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `guide`: the denoised mono picture as the network tensors `mono` and `sigma`. */
#ifndef CHROMAFUSE_FUSION_GUIDE_H
#define CHROMAFUSE_FUSION_GUIDE_H

#include "isp/stage.h"

/*
 * in  mono   1 plane, linear, denoised
 * out mono   1 plane, sqrt(max(m, 0)); 0 where m is not a number
 *     sigma  1 plane, standard deviation of the noise left in sqrt-mono:
 *            sqrt(v) / (2 sqrt(m + sqrt(v))), which stays finite in the dark, from the variance of
 * m v = residual * (scale * m + offset) Point-wise: no border, margin 0. Where a denoiser tells its
 * own sigma, that one is better.
 */
typedef struct {
    float scale, offset; /* noise of the raw mono sample: variance = scale * m + offset */
    float residual;      /* share of that variance that denoising leaves, 0..1 */
} cf_guide_params;
#define CF_GUIDE_DEFAULTS                                                                          \
    { .scale = 0.001F, .offset = 0, .residual = 0.15F }

cf_status cf_guide_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_guide;

#endif
