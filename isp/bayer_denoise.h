/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `bayer_denoise`: stages bayer_pack, denoise and bayer_unpack in one, where it pays. */
#ifndef CHROMAFUSE_ISP_BAYER_DENOISE_H
#define CHROMAFUSE_ISP_BAYER_DENOISE_H

#include "isp/bayer_pack.h"

/*
 * in  raw  1 plane, mosaic of any order, 0 black .. 1 white
 * out raw  raw + amount * (denoised - raw); denoised where raw is not finite
 *
 * Chroma is averaged along the mono picture's structure later, and that knows more than a mosaic
 * can: in good light blocks of 8x8 cells only smear it. Where hardly a photon is left, matching and
 * averaging both need help. So the bound amount rises with the noise, without a jump, from 0 at
 * `scale` 0.02 (50 photo-electrons in white) to 0.5 at 0.12; at 0 the stage is left out. The whole
 * amount would cost colour: what shrinkage leaves is smooth, and looks like signal to an average.
 * Border as stage denoise.
 */
typedef struct {
    cf_bayer_params bayer; /* scale at least 0.001 */
    float amount;          /* 0..1 */
} cf_bayer_denoise_params;
/* Ten photo-electrons in white: the light that the stage is for. */
#define CF_BAYER_DENOISE_DEFAULTS                                                                  \
    { .bayer = {.scale = 0.1F, .offset = 0.04F, .tint = {1, 1, 1, 1}}, .amount = 1 }

/* The definition of correct; cf_stage_bayer_denoise holds both. */
cf_status cf_bayer_denoise_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_bayer_denoise;

#endif
