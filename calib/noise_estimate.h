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

#endif
