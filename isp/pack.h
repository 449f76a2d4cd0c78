/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `pack`: planar display values to interleaved integers, as picture files want them. */
#ifndef CHROMAFUSE_ISP_PACK_H
#define CHROMAFUSE_ISP_PACK_H

#include "isp/stage.h"

/*
 * in  encoded  1 or 3 planes (any number works), 0..1
 * out pixels   1 plane of bytes: rows of width * planes * depth / 8 bytes; pixels interleaved, 16
 *              bit in the machine's byte order. clip(v) to 0..1, NaN becomes 0, then
 *              floor(v * (2^depth - 1) + 0.5): round to nearest.
 * Point-wise: margin 0.
 */
typedef struct {
    int depth; /* bits per sample: 8 or 16 */
} cf_pack_params;
#define CF_PACK_DEFAULTS                                                                           \
    { .depth = 8 }

/* The definition of correct; cf_stage_pack holds both. */
cf_status cf_pack_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_pack;

#endif
