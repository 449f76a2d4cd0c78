/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `match_prepare`: the two rectified pictures as 8-bit square roots, at full size and at the
 * size that the search runs at. */
#ifndef CHROMAFUSE_FUSION_MATCH_PREPARE_H
#define CHROMAFUSE_FUSION_MATCH_PREPARE_H

#include "isp/stage.h"

/*
 * in  mono   1 plane, linear, denoised; its response is what both pictures measure
 *     view   1 plane, linear: spectral . (R, G, B) of the colour picture, NOT denoised (smoothing
 *            takes away the texture that matching lives on; averaging over the support is better)
 * out left, right                 8 bit, full size
 *     left_coarse, right_coarse   8 bit, ceil(size / level): means of level x level linear pixels
 *
 * Both are encoded as 255 * sqrt((x + p) / (1 + p)) after clipping x to -p..1. The square root
 * makes photon noise about equally large everywhere; the pedestal p, a multiple of the view's dark
 * noise, keeps values around black from being bent (a plain root of noise around 0 has a biased
 * mean). Not finite counts as 0. Blocks at the right and lower border average what is inside.
 */
typedef struct {
    int level;      /* pixels of a side of a block, 1..32; a power of 2 from cf_match_level */
    float pedestal; /* p at full size, 0..4, linear units; the coarse pictures use p / level */
} cf_match_prepare_params;
#define CF_MATCH_PREPARE_DEFAULTS                                                                  \
    { .level = 2, .pedestal = 0.01F }

/*
 * Standard deviation of the view at 0.2 of white, in its square root (0..1), per mono pixel and for
 * white noise that has as much power at low frequencies as the demosaicked noise; and in *dark that
 * of linear black. 0 for cameras of unknown noise.
 */
float cf_match_noise(const cf_stage_context *context, float *dark);

/*
 * The block size that the search runs at: 1, or 2 where the colour picture is coarser than the
 * grid; doubled until the volume (width * height * disparities, each / level) has at most 24
 * million entries and 256 disparities, and until the noise of a block of colour pixels is below 0.1
 * of the root range (at most 8 for this reason). So it follows from size, range and light alone.
 */
int cf_match_level(const cf_stage_context *context);

/* The definition of correct; cf_stage_match_prepare holds both. */
cf_status cf_match_prepare_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_match_prepare;

#endif
