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

/*
 * The same points as rows of a table for stage `krige` (CF_POINTS_COLUMNS x CF_POINTS_ROWS, F32, 0
 * before), for planes of width x height. Of more points than rows, rows' number is taken, evenly
 * from first to last.
 */
void cf_points_list(const cf_hint_point *points, size_t count, int factor, const float spectral[3],
                    int width, int height, const cf_image *table);

#endif
