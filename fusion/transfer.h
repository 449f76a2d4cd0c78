/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `transfer`: chroma for every pixel from hints and the mono picture; the network's classical
 * stand-in. */
#ifndef CHROMAFUSE_FUSION_TRANSFER_H
#define CHROMAFUSE_FUSION_TRANSFER_H

#include "fusion/chroma.h"
#include "fusion/transfer_shared.h"
#include "isp/stage.h"

/*
 * in  mono       1 plane, sqrt of linear mono, usually 0..1
 *     hint       2 planes of chroma; not looked at where confidence is 0
 *     confidence 1 plane, 0..1, meaning as in fusion/chroma.h; taken as at most 0.99
 *     sigma      1 plane, noise of the mono plane
 * out chroma     2 planes
 *     error      1 plane, predicted chroma error, standard deviation in Lab ab units (both axes
 * together)
 *
 * A Kalman filter over scales instead of over time. Upwards, hints are summed in cells of 2, 4 and
 * 8 pixels with the inverse of their variance as weight; from 8 pixels on, a cell keeps 16 sums,
 * one per level of the mono signal (a bilateral grid), so that surfaces of different brightness do
 * not mix. Downwards, from the tint of the scene to the pixel, each scale takes the coarser one's
 * estimate as its prior, interpolated with weights that fall with the difference in mono and with
 * the prior's own variance; adds how much chroma varies from scale to scale; and corrects it by its
 * own sum. Good light: the pixel's own hint wins. Noise: hundreds of pixels are averaged, along the
 * mono picture's edges. No hint near (occluded, out of view): the prior fills. No hint at all:
 * grey, with a large error.
 *
 * Chroma seldom changes, but then by much, which no single variance says. So where a cell of 2 x 2
 * pixels measures a difference from its prior whose square is more than `surprise` times what prior
 * and noise lead one to expect, the rest of the square is taken for a change and adds to the
 * variance of the prior. Coarser cells have hints of other surfaces that nobody noticed, and would
 * believe them.
 *
 * Border: cells at the border hold fewer pixels. Values that are not numbers count as no hint, and
 * as mono 0.
 */
typedef struct {
    float detail; /* variance of chroma between the finest scale and the next */
    float
        detail_top; /* the same at the coarsest scales; it grows by a constant factor in 6 steps */
    float tint;     /* variance of chroma around the scene's tint */
    float scene;    /* variance of scenes' tints around grey */
    float mono_range; /* difference in sqrt-mono that says little about chroma, 0..1 */
    float
        crowd; /* least variance that a cell's sum claims at each scale: hints share their errors */
    float hearsay;  /* least variance with which the hints of one mono level tell the scene's tint:
                       few hints say little of all the rest */
    float surprise; /* times the expected square that a difference must have to be no chance */
    float error_scale; /* Lab ab units per unit of chroma */
} cf_transfer_params;
#define CF_TRANSFER_DEFAULTS                                                                       \
    {                                                                                              \
        .detail = 0.0002F, .detail_top = 0.01F, .tint = 0.2F, .scene = 1, .mono_range = 0.03F,     \
        .crowd = 0.003F, .hearsay = 0, .surprise = 2, .error_scale = 75                            \
    }

cf_status cf_transfer_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_transfer;

#endif
