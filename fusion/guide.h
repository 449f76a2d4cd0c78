/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `guide`: the denoised mono picture as the chroma transfer (or the network) reads it. */
#ifndef CHROMAFUSE_FUSION_GUIDE_H
#define CHROMAFUSE_FUSION_GUIDE_H

#include "isp/stage.h"

/*
 * in  mono  1 plane, linear, denoised
 * out guide 1 plane, sqrt(m) of m clipped to 0..16; 0 where m is not a number
 * Point-wise: no border, margin 0. No parameters. Its noise is the sigma of stage vst_inverse.
 */
cf_status cf_guide_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_guide;

#endif
