/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `error_map`: the predicted chroma error as it is told, pixel by pixel. */
#ifndef CHROMAFUSE_FUSION_ERROR_MAP_H
#define CHROMAFUSE_FUSION_ERROR_MAP_H

#include "fusion/error_map_shared.h"
#include "isp/stage.h"

/*
 * in  error  1 plane, predicted chroma error, Lab ab units
 *     mono   1 plane, linear, denoised
 *     chroma 2 planes, the result's
 *     before 2 planes, what the transfer alone would have made; chroma again where nothing did
 * out map    1 plane, Lab ab units, >= 0
 *
 * map = mean(error) detail(d, EVEN, USUAL)^(1/16) detail(c, STILL, MOVED)^0.03 exp(DARKER (s - s0))
 * with detail(v, least, usual) = (v + least) / (usual + least), s0 = sqrt(mono) of the pixel, the
 * constants CF_ERROR_MAP_ of fusion/error_map_shared.h, and the means over 5 x 5 pixels, weighted
 * by 1 4 6 4 1 either way:
 * - d of the square difference of sqrt(mono) from s0
 * - c of mono |chroma - before|^2
 * - s of sqrt(mono), every other pixel, so over 9 x 9
 * - mean(error) also weighted by 0.001 + exp(-(difference of sqrt(mono))^2 / (2 SPREAD^2)), so that
 *   it stays on its side of an edge
 *
 * Errors are estimated from what lies around a pixel, so the mean tells more than the pixel's own.
 * Of pixels that lie together those are wrong by more, on real scenes about by these powers, that
 * have fine detail (a match half a pixel off, an edge a little beside its own), that the later
 * stages found in need of much correction, and that are darker than what is around, which their
 * chroma was taken from in part. How well predicted errors rank actual ones is in
 * docs/benchmarks.md. What fusion goes by from frame to frame, and provenance, is the error
 * before.
 *
 * Border: the outermost rows and columns again. Errors that are not numbers, negative or beyond 1e4
 * count as 0, so do chroma that is not a number or beyond 100; mono as in stage `guide`. No
 * parameters.
 */

cf_status cf_error_map_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_error_map;

#endif
