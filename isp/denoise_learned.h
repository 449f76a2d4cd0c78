/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `denoise_learned`: a small network mends what shrinking 8x8 DCTs left in the dark. */
#ifndef CHROMAFUSE_ISP_DENOISE_LEARNED_H
#define CHROMAFUSE_ISP_DENOISE_LEARNED_H

#include "isp/stage.h"

/*
 * in  clean 1 plane of stabilised values, denoised (stage denoise)
 *     sigma 1 plane, what is left of the noise there
 *     noisy 1 plane, the values before denoising: noise of sigma 1
 * out clean 1 plane
 *     sigma 1 plane
 *
 * The network (isp/models/README.md) sees what the denoiser took away, what it left, and sigma, and
 * says how far each sample is off. A sample moves by at most CF_DENOISE_LEARNED_MOST sigmas of the
 * noise, so that nothing is drawn that the sensor's noise could not hide. On photographs at 10 to
 * 100 photo-electrons at white it takes away a seventh of the remaining error (docs/benchmarks.md);
 * with more light it is worth less and is left out (noise.scale below
 * CF_DENOISE_LEARNED_SCALE_MIN).
 *
 * Border: the network's grid is rounded up to a multiple of 8; samples beyond the picture repeat
 * the nearest. Values that are not numbers count as 0 for the network; differences beyond 8, values
 * outside 0..64 and sigmas outside 0..4 as the nearest of those.
 */
#define CF_DENOISE_LEARNED_SCALE_MIN 0.01F
#define CF_DENOISE_LEARNED_MOST 3.0F
#define CF_DENOISE_LEARNED_LEFT 0.92F /* of sigma, measured */
#define CF_DENOISE_LEARNED_MULTIPLE 8

typedef struct {
    float strength; /* share of the correction that is made; 0: none */
} cf_denoise_learned_params;
#define CF_DENOISE_LEARNED_DEFAULTS                                                                \
    { .strength = 1 }

/* The built-in network; free with cf_model_destroy. One input 1 x 3 x H x W (taken away, clean,
 * sigma) and one output 1 x 4 x H/2 x W/2: the correction of samples (0, 0), (1, 0), (0, 1), (1, 1)
 * of each 2 x 2. */
cf_status cf_denoise_learned_open(cf_model **out);

cf_status cf_denoise_learned_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_denoise_learned;

#endif
