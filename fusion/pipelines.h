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

#endif
