/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `bayer_pack`: a mosaic as four planes of half the size, stabilised and decorrelated. */
#ifndef CHROMAFUSE_ISP_BAYER_PACK_H
#define CHROMAFUSE_ISP_BAYER_PACK_H

#include "isp/vst.h"

/*
 * in  raw     1 plane, mosaic of any order, 0 black .. 1 white
 * out planes  4 planes of (width + 1) / 2 x (height + 1) / 2: an orthonormal turn of the four
 *             samples of a cell after the transform of stage vst, so that the noise is white with
 *             sigma 1 in every plane. On a grey scene plane 0 holds everything but detail within
 *             the cell; 1 and 2 are differences within the diagonals (0,1)-(1,0) and
 *             (0,0)-(1,1) [row, column], one of them green - green, the other red - blue; 3 is
 *             green against red and blue
 *
 * At an odd border the cell is completed from the cell before (of a picture 1 wide or high: from
 * the only sample). Samples that are not finite count as black.
 */
typedef struct {
    float scale, offset; /* as stage vst */
    float
        tint[4]; /* root of the raw value of grey, per site (0,0) (0,1) (1,0) (1,1) [row, column] */
} cf_bayer_params;
#define CF_BAYER_DEFAULTS                                                                          \
    {                                                                                              \
        .scale = 1e-4F, .offset = 1e-7F, .tint = { 1, 1, 1, 1 }                                    \
    }

/* The rows are what planes 0..3 take of the four sites; the inverse turn is the transpose. */
void cf_bayer_basis(const float tint[4], float basis[4][4]);

/* For the colour camera of the context: its noise, and tint from its neutral. */
cf_bayer_params cf_bayer_from_context(const cf_stage_context *context);

/* The options of both stages. */
extern const cf_option cf_bayer_options[];

/* The definition of correct; cf_stage_bayer_pack holds both. */
cf_status cf_bayer_pack_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_bayer_pack;

#endif
