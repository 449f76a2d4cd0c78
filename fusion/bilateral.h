/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `bilateral`: chroma averaged over all the cells around that look alike. */
#ifndef CHROMAFUSE_FUSION_BILATERAL_H
#define CHROMAFUSE_FUSION_BILATERAL_H

#include "isp/stage.h"

/*
 * in  mono   1 plane, sqrt of linear mono, usually 0..1
 *     sigma  1 plane, its noise
 *     chroma 2 planes (fusion/chroma.h)
 *     error  1 plane, its predicted error, Lab ab units
 * out chroma 2 planes
 *     error  1 plane
 *
 * A joint bilateral filter with holes, from the widest to the narrowest (Dammertz et al.,
 * "Edge-Avoiding A-Trous Wavelet Transform for fast Global Illumination Filtering", HPG 2010): each
 * pass takes the mean of a cell and its 8 neighbours `step` cells away, step = 2^n, .., 4, 2, 1,
 * with the weights
 *     t max(0, 1 - d / 8)^8,   about t exp(-d)
 *     d = (mono - mono')^2 / r^2 + |q - q'|^2 / (s c)^2
 *     r = mono_range + mono_noise sigma
 *     c = range + noise sigma / max(mono, 0.1)   chroma's noise grows as mono falls
 *     s = from `narrow` at the widest step to 1 at the last
 * where r and c are the middle cell's, q is chroma / (1 + |chroma| / 2), so that strong colours may
 * differ more, and t = 1 / (1 + error). The noise of hints is blotches many cells wide that no
 * small filter sees; cells of the same brightness and nearly the same chroma, however far, are
 * usually the same material. Chroma is the mean of q, undone; the error follows from the mean of t
 * under the same weights, without t.
 *
 * Border: cells beyond it are those at it. Values that are not numbers, or beyond 1e4, count as 0.
 */
typedef struct {
    float reach;      /* the widest step, at most this share of the shorter side; 0: none */
    float range;      /* difference of q that parts surfaces */
    float noise;      /* how far noise widens it */
    float narrow;     /* range of the widest step as a share of that of the narrowest */
    float mono_range; /* difference in sqrt-mono that parts surfaces */
    float mono_noise; /* how far noise widens it, in sigmas */
} cf_bilateral_params;
#define CF_BILATERAL_DEFAULTS                                                                      \
    {                                                                                              \
        .reach = 0.2F, .range = 0.03F, .noise = 2, .narrow = 0.7F, .mono_range = 0.006F,           \
        .mono_noise = 1                                                                            \
    }

/* Cells between those that the first pass looks at; the next pass halves it, down to 1. 0 where
 * `reach` is less than a cell: nothing is averaged. */
int cf_bilateral_widest(const cf_bilateral_params *p, int width, int height);
/* 1 / s^2 of a pass. */
float cf_bilateral_narrowing(const cf_bilateral_params *p, int widest, int step);

cf_status cf_bilateral_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_bilateral;

#endif
