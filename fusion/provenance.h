/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `provenance`: where each pixel's chroma comes from. */
#ifndef CHROMAFUSE_FUSION_PROVENANCE_H
#define CHROMAFUSE_FUSION_PROVENANCE_H

#include "isp/stage.h"

/*
 * in  confidence 1 plane 0..1, of the pixel's own hint (fusion/chroma.h)
 *     error      1 plane, predicted chroma error in Lab ab units
 * out shares     3 planes: invented, measured, guided; each 0..1, sum 1
 *            measured = confidence / (confidence + half_confidence), scaled so that confidence 1
 * gives 1; invented = (1 - measured) min(1, (error / invented_error)^2): the error's variance
 * against that of a guess without any hint; guided is the rest. Confidence that is not a number
 * counts as 0, such an error as invented_error. Point-wise: no border, margin 0.
 */
typedef struct {
    float half_confidence; /* about the confidence at which a hint counts as much as its
                              surroundings */
    float invented_error;  /* error of a guess without hints, Lab ab units */
} cf_provenance_params;
#define CF_PROVENANCE_DEFAULTS                                                                     \
    { .half_confidence = 0.25F, .invented_error = 36 }

cf_status cf_provenance_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_provenance;

#endif
