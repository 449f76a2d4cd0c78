/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `upsample`: chroma of half the resolution brought to a picture's own, led by the picture.
 */
#ifndef CHROMAFUSE_FUSION_UPSAMPLE_H
#define CHROMAFUSE_FUSION_UPSAMPLE_H

#include "isp/stage.h"

/*
 * in  mono       1 plane, sqrt of linear mono
 *     mono_low   1 plane, the same of half its size (stage halve before the square root)
 *     chroma_low 2 planes on the grid of mono_low
 *     error_low  1 plane on that grid
 * out chroma     2 planes on the grid of mono
 *     error      1 plane
 *
 * Joint bilateral upsampling (Kopf et al. 2007) by a factor of 2: each pixel takes the four cells
 * around it with bilinear weights times 1 / (1 + (d / range)^2)^2 of the difference d in mono, and
 * a part in 1000 of the bilinear weights, so that a pixel like none of them takes their mean.
 *
 * Border: cells beyond it are those at it. Values that are not numbers, or beyond +-1e6, count
 * as 0. margin 3.
 */
typedef struct {
    float range; /* difference in sqrt-mono that parts surfaces, 0..1 */
} cf_upsample_params;
#define CF_UPSAMPLE_DEFAULTS                                                                       \
    { .range = 0.05F }

cf_status cf_upsample_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_upsample;

#endif
