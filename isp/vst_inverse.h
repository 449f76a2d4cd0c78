/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `vst_inverse`: denoised stabilised values back to light, without bias. */
#ifndef CHROMAFUSE_ISP_VST_INVERSE_H
#define CHROMAFUSE_ISP_VST_INVERSE_H

#include "isp/vst.h"

/*
 * in  clean   any number of planes of stabilised values, denoised (stages vst, denoise)
 *     sigma   what is left of the noise there
 * out linear  0..1: the exact unbiased inverse, then what clipping at white took from the mean of
 *             noisy samples put back (isp/anscombe.h); a sample below black becomes 0
 *     sigma   of sqrt(linear): sigma_linear / (2 sqrt(linear + sigma_linear)), which stays finite
 *             in the dark. sigma_linear is sigma times the transform's slope there
 *
 * Point-wise: no border, margin 0. Parameters as stage vst.
 */
typedef cf_vst_params cf_vst_inverse_params;

/* The definition of correct; cf_stage_vst_inverse holds both. */
cf_status cf_vst_inverse_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_vst_inverse;

#endif
