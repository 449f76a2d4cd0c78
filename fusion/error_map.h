/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `error_map`: the predicted chroma error as it is told, pixel by pixel. */
#ifndef CHROMAFUSE_FUSION_ERROR_MAP_H
#define CHROMAFUSE_FUSION_ERROR_MAP_H

#include "isp/stage.h"

/*
 * in  error 1 plane, predicted chroma error, Lab ab units
 *     mono  1 plane, linear, denoised
 * out map   1 plane, Lab ab units, >= 0
 *
 * map = mean(error) ((d + CF_ERROR_MAP_EVEN) / (CF_ERROR_MAP_USUAL + CF_ERROR_MAP_EVEN))^(1/16), d
 * the mean square difference of sqrt(mono) from the pixel's own. Both means are weighted over 5 x 5
 * pixels by 1 4 6 4 1 either way, the error's also by 0.001 + exp(-difference^2 / (2
 * CF_ERROR_MAP_SPREAD^2)), so that it stays on its side of an edge.
 * Errors are estimated from what lies around a pixel, so the mean tells more than the pixel's own;
 * and of pixels that lie together those of fine detail are wrong by more, on real scenes about by
 * that power: a match half a pixel off, an edge a little beside its own. The rank of predicted
 * among actual errors gains 0.06 in good light by it (docs/benchmarks.md). What fusion goes by from
 * frame to frame, and provenance, is the error before.
 *
 * Border: the outermost rows and columns again. Errors that are not numbers, negative or beyond 1e4
 * count as 0, mono as in stage `guide`. No parameters.
 */
#define CF_ERROR_MAP_EVEN 2.5e-7F   /* square difference that does not count */
#define CF_ERROR_MAP_USUAL 2.25e-4F /* in photographs */
#define CF_ERROR_MAP_SPREAD 0.05F

cf_status cf_error_map_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_error_map;

#endif
