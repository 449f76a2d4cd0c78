/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `halve`: a picture at half the resolution, as larger pixels would have seen it. */
#ifndef CHROMAFUSE_FUSION_HALVE_H
#define CHROMAFUSE_FUSION_HALVE_H

#include "isp/stage.h"

/*
 * in  picture any planes, linear
 * out half    as many planes of (n + 1) / 2 pixels a side: the mean of 2 x 2
 *
 * Border: at the end of an odd side, the mean of what lies inside. Samples that are not numbers, or
 * beyond +-1e18, count as 0. margin 1. No parameters.
 */
cf_status cf_halve_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_halve;

#endif
