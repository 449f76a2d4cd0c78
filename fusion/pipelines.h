/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of steps of each use. */
#ifndef CHROMAFUSE_FUSION_PIPELINES_H
#define CHROMAFUSE_FUSION_PIPELINES_H

#include "fusion/pipeline.h"

/*
 * Fusion of a raw pair. Inputs: mono.frame, color.frame (codes, packed or not), map.color,
 * map.mono, map.back and the tables of the stages. Results: picture.rgb8, picture.rgb16,
 * fused.linear, mono.clean, shares, fused.error, color.rgb8, mono.rgb8, disparity.
 */
extern const cf_step cf_pipeline_fuse[];

/*
 * Colour for one mono picture, in four parts. Tensors are named by how much finer than the grid of
 * colour they are: "mono" lies on it, "mono.x2" has twice its resolution.
 *
 * shrink: from mono.x64 down to mono. Where the picture is mono.xN, the list starts at the step
 * that reads that: cf_pipeline_colorize_shrink + CF_COLORIZE_LEVELS - log2(N).
 * colorize: on the grid itself; inputs mono, hint, hint.confidence, mono.sigma; makes chroma,
 * error; with cf_stage_context.network NULL by the classical transfer alone.
 * colorize_points: the same where there are points; inputs also points (stage `krige`) and none,
 * none.confidence, planes of 0 like hint and hint.confidence; takes the network twice.
 * colorize_lab: as colorize, with a published colorizer, cf_stage_context.network.
 * grow: back up, 2 steps a level, from chroma to chroma.x32; a picture of mono.xN takes the first
 * 2 (log2(N) - 1) of them.
 * finish: the last level up and the picture. Inputs mono, low.guide, low.chroma, low.error of half
 * the size; or, from cf_pipeline_colorize_finish + 2 on, mono, chroma, error; and none, a plane
 * of 0. Makes linear, picture.rgb8, picture.rgb16, shares.rgb8.
 */
#define CF_COLORIZE_LEVELS 6

/* Settings of the transfer where hints are a user's few points: they say little of the rest of the
 * scene, and reach across differences in brightness. */
#define CF_COLORIZE_POINTS "scene=0.06 hearsay=0.4 mono-range=0.1"

extern const cf_step cf_pipeline_colorize_shrink[];
extern const cf_step cf_pipeline_colorize[];
extern const cf_step cf_pipeline_colorize_points[];
extern const cf_step cf_pipeline_colorize_lab[];
extern const cf_step cf_pipeline_colorize_grow[];
extern const cf_step cf_pipeline_colorize_finish[];

#endif
