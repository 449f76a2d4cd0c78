/* SPDX-License-Identifier: Apache-2.0 */
/* The chroma convention that hints, transfer, network and compose share. */
#ifndef CHROMAFUSE_FUSION_CHROMA_H
#define CHROMAFUSE_FUSION_CHROMA_H

/*
 * Chroma of a pixel with mono response m (linear, 1 = white):
 *     c = ((R - m) / (m + eps), (B - m) / (m + eps))
 * Grey is 0. A pure red of response w has c[0] = 1 / w - 1. G is not stored: spectral . RGB = m
 * gives it back.
 */

/* eps: about the read noise of a good exposure; keeps the chroma of black finite. Linear, 1 =
 * white. */
#define CF_CHROMA_EPS 0.004F

/*
 * Confidence says how well a hint is known: confidence = CF_HINT_VARIANCE / (CF_HINT_VARIANCE + v),
 * where v is the variance of the hint (of each of its 2 planes) as a measurement of this pixel's
 * chroma, from noise and from doubt about the match. 0.5 therefore means "no better than the chroma
 * of natural scenes varies from place to place".
 */
#define CF_HINT_VARIANCE 0.0225F

#endif
