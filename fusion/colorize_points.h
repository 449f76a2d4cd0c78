/* SPDX-License-Identifier: Apache-2.0 */
/* Private to fusion/: a user's points as planes of hints. */
#ifndef CHROMAFUSE_FUSION_COLORIZE_POINTS_H
#define CHROMAFUSE_FUSION_COLORIZE_POINTS_H

#include "fusion/colorize.h"

/* How well a point is known (fusion/chroma.h); the network is trained with it. */
#define CF_POINT_CONFIDENCE 0.9F

/* CF_ERR_INVALID, naming the first point that no picture of that size can have. */
cf_status cf_points_check(const cf_hint_point *points, size_t count, int width, int height);

/*
 * Draws checked points of a picture into planes `factor` times smaller: chroma (2 planes F32) and
 * confidence (1 plane F32), both 0 before. A point covers the cells whose centres lie in its
 * square, at least the one that its centre lies in.
 */
void cf_points_draw(const cf_hint_point *points, size_t count, int factor, const float spectral[3],
                    const cf_image *hint, const cf_image *confidence);

#endif
