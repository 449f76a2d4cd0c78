/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `bayer_unpack`: denoised planes of stage bayer_pack back to a mosaic. */
#ifndef CHROMAFUSE_ISP_BAYER_UNPACK_H
#define CHROMAFUSE_ISP_BAYER_UNPACK_H

#include "isp/bayer_pack.h"

/*
 * in  raw     1 plane, the mosaic that was packed; only its size matters
 *     clean   4 planes of half its size (rounded up), denoised
 *     sigma   4 planes, what is left of the noise in them
 * out raw     1 plane, the mosaic's size: turned back, the exact unbiased inverse, what clipping
 *             took put back (as stage vst_inverse), at most 1. Values below black stay negative:
 *             demosaicing averages them
 *     sigma   1 plane: standard deviation left in each raw sample, linear
 *
 * Point-wise in cells of 2x2: margin 0. Parameters as stage bayer_pack.
 */
/* The definition of correct; cf_stage_bayer_unpack holds both. */
cf_status cf_bayer_unpack_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_bayer_unpack;

#endif
