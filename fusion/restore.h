/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `restore`: what was changed on the cells, at the picture's resolution, led by the mono
 * picture. */
#ifndef CHROMAFUSE_FUSION_RESTORE_H
#define CHROMAFUSE_FUSION_RESTORE_H

#include "isp/stage.h"

/*
 * in  transferred       2 planes of chroma at the picture's size, from stage `transfer`
 *     doubt             1 plane, its error
 *     mono              1 plane, sqrt of linear mono
 *     cells.mono        1 plane ) outputs of stage `cells`
 *     cells.transferred 2 planes)
 *     cells.doubt       1 plane )
 *     changed.chroma    2 planes) the same after stages `network` and `bilateral`
 *     changed.error     1 plane )
 * out chroma            2 planes at the picture's size
 *     error             1 plane, Lab ab units, >= 0
 *
 * chroma = transferred + R(changed.chroma - cells.transferred), and the same for the error, so that
 * what was measured keeps its own detail. R weighs the four cells around a pixel with
 *     bilinear (CF_RESTORE_FLOOR + exp(-(mono - cells.mono)^2 / (2 spread^2))),
 * a joint bilateral upsampling (Kopf et al., SIGGRAPH 2007), as in tools/train/network.py.
 *
 * Border: cells beyond it are those at it. Values that are not numbers, or beyond 1e4, count as 0.
 */
typedef struct {
    float spread; /* difference in sqrt-mono that parts surfaces, 0..1; the network was trained with
                     the default */
} cf_restore_params;
#define CF_RESTORE_DEFAULTS                                                                        \
    { .spread = 0.05F }
#define CF_RESTORE_FLOOR 1e-3F

cf_status cf_restore_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_restore;

#endif
