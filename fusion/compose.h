/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `compose`: mono and chroma to linear RGB whose mono response is exactly the mono picture.
 */
#ifndef CHROMAFUSE_FUSION_COMPOSE_H
#define CHROMAFUSE_FUSION_COMPOSE_H

#include "fusion/chroma.h"
#include "isp/stage.h"

/*
 * in  mono   1 plane, linear, denoised
 *     chroma 2 planes, fusion/chroma.h
 * out rgb    3 planes, linear Rec.709: R = m + s c0 (m + eps), B = m + s c1 (m + eps),
 *            G from spectral . RGB = m, with the largest s in 0..1 that keeps all three in 0..1
 *
 * s = 0 is always possible for m in 0..1, for grey has response m; so spectral . RGB is m there,
 * whatever the signs of the weights. m outside 0..1 stays grey. Chroma that is not a number is 0.
 * Point-wise: no border, margin 0.
 */
typedef struct {
    float spectral[3]; /* mono response on white-balanced linear Rec.709, sum 1; |spectral[1]| <
                          0.001: grey output */
    float eps;         /* of the chroma convention */
} cf_compose_params;
#define CF_COMPOSE_DEFAULTS                                                                        \
    { .spectral = {0.2126F, 0.7152F, 0.0722F}, .eps = CF_CHROMA_EPS }

cf_status cf_compose_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_compose;

#endif
