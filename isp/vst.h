/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `vst`: makes the noise of a raw picture the same everywhere, sigma 1. */
#ifndef CHROMAFUSE_ISP_VST_H
#define CHROMAFUSE_ISP_VST_H

#include "isp/stage.h"

/*
 * in  raw     any number of planes, 0 black .. 1 white, below black negative
 * out stable  the generalized Anscombe transform, 2 / scale * sqrt(scale * x + 3/8 scale^2 +
 *             offset), continued straight below black (isp/anscombe.h)
 *
 * Samples that are not finite count as black. Point-wise: no border, margin 0.
 */
typedef struct {
    float scale, offset; /* noise variance = scale * x + offset */
} cf_vst_params;
/* Also what a camera without a noise model gets: 10,000 photo-electrons at white. */
#define CF_VST_DEFAULTS                                                                            \
    { .scale = 1e-4F, .offset = 1e-7F }
#define CF_VST_SCALE_MIN 1e-7 /* below this the transform has no digits left in float */

/* The definition of correct; cf_stage_vst holds both. */
cf_status cf_vst_ref(const cf_stage_io *io, const void *params);

/* scale and offset of the context's camera, in the range of the options; unknown: the defaults. */
cf_vst_params cf_vst_from_context(const cf_stage_context *context);

extern const cf_stage cf_stage_vst;

#endif
