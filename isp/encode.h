/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `encode`: linear light to display values, by the sRGB transfer function. */
#ifndef CHROMAFUSE_ISP_ENCODE_H
#define CHROMAFUSE_ISP_ENCODE_H

#include "isp/stage.h"

/*
 * in  linear   any number of planes, scene-linear
 * out encoded  as many planes, 0..1: clip(x) to 0..1, then IEC 61966-2-1:
 *              12.92 x up to 0.0031308, else 1.055 x^(1/2.4) - 0.055. NaN becomes 0.
 * Point-wise: margin 0.
 */
typedef struct {
    float gain; /* multiplies before clipping */
} cf_encode_params;
#define CF_ENCODE_DEFAULTS                                                                         \
    { .gain = 1 }

/* The definition of correct; cf_stage_encode holds both. */
cf_status cf_encode_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_encode;

#endif
