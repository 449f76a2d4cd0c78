/* SPDX-License-Identifier: Apache-2.0 */
/* The noise model of a sensor from one ordinary picture, for raws whose camera does not tell it. */
#ifndef CHROMAFUSE_CALIB_NOISE_ESTIMATE_H
#define CHROMAFUSE_CALIB_NOISE_ESTIMATE_H

#include "calib/profile.h"

/*
 * Estimates variance = scale * x + offset (x in 0..1 between black and white) from raw codes (1
 * plane U16). In blocks of 8x8 samples of one colour, second differences in both directions
 * (Immerkaer, 1996) give a variance; per brightness the lower quartile of the blocks counts as
 * flat, and a line is fitted through the brightnesses. Texture everywhere makes it an overestimate;
 * a calibration by flat frames is better. A picture too small or constant gives the quantisation
 * noise. CF_ERR_INVALID for another format; CF_ERR_MEMORY.
 */
cf_status cf_noise_estimate(const cf_image *codes, const cf_camera_profile *profile,
                            cf_noise *noise);

/*
 * The same from several pictures of one camera at one gain: their blocks are put together, so that
 * a brightness which is textured in one picture can be flat in another. Start with {0}.
 */
#define CF_NOISE_PICTURES 64 /* more are left out */
typedef struct {
    void *blocks[CF_NOISE_PICTURES]; /* owned */
    size_t counts[CF_NOISE_PICTURES];
    int pictures;
    float least; /* offset of quantisation alone */
} cf_noise_pool;

/* CF_OK, *added 0, when the pool is full. Errors as cf_noise_estimate. */
cf_status cf_noise_pool_add(cf_noise_pool *pool, const cf_image *codes,
                            const cf_camera_profile *profile, int *added);

/* error: how far scale and offset move when single pictures are left out (jackknife standard
 * error), NAN with one picture. What all pictures have in common, texture, it does not show.
 * brightest: largest mean that blocks had, 0..1. CF_ERR_MEMORY; CF_ERR_INVALID without pictures. */
cf_status cf_noise_pool_solve(const cf_noise_pool *pool, cf_noise *noise, cf_noise *error,
                              float *brightest);
void cf_noise_pool_clear(cf_noise_pool *pool);

#endif
