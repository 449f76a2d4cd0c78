/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `black`: sensor codes to linear raw, 0 at black and 1 at white. */
#ifndef CHROMAFUSE_ISP_BLACK_H
#define CHROMAFUSE_ISP_BLACK_H

#include "isp/stage.h"

/*
 * in  codes  1 plane uint16
 * out raw    1 plane float: (code - black[site]) / (white - black[site]), site = (y & 1) * 2 + (x &
 * 1). Codes below black give negative values: dark noise keeps its zero mean. Not clipped above
 * white. Point-wise: no border, margin 0.
 */
typedef struct {
    float black[4]; /* codes, per site; 0..65534, below white */
    float white;    /* code */
} cf_black_params;
#define CF_BLACK_DEFAULTS                                                                          \
    { .black = {0, 0, 0, 0}, .white = 65535 }

/* The definition of correct; cf_stage_black holds both. */
cf_status cf_black_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_black;

#endif
