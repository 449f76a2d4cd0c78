/* SPDX-License-Identifier: Apache-2.0 */
/* What the references of `resample` and `fetch` share beside fusion/lookup.h. */
#ifndef CHROMAFUSE_FUSION_LOOKUP_REF_H
#define CHROMAFUSE_FUSION_LOOKUP_REF_H

#include "fusion/lookup.h"
#include "isp/stage.h"

#define CF_LOOKUP_MAX_PLANES 16

static inline cf_lookup_map cf_lookup_map_of(const cf_plane_set *set, int step_log2) {
    return (cf_lookup_map){set->data, set->width, set->height, set->pitch,
                           1.0F / (float)(1 << step_log2)};
}

static inline void cf_lookup_weights(int kind, float t, float w[4]) {
    static const float cubic[4][4] = CF_LOOKUP_CUBIC_WEIGHTS;
    static const float linear[4][4] = CF_LOOKUP_LINEAR_WEIGHTS;
    const float(*c)[4] = kind == CF_LOOKUP_CUBIC ? cubic : linear;
    t = cf_lookup_fraction(kind, t);
    for (int i = 0; i < 4; i++)
        w[i] = ((c[0][i] * t + c[1][i]) * t + c[2][i]) * t + c[3][i];
}

/* Sum of one plane's 16 neighbours of (x, y), by weights. */
static inline float cf_lookup_sum(const cf_plane_set *set, int plane, int x, int y,
                                  const float wx[4], const float wy[4]) {
    float sum[4] = {0};
    for (int j = 0; j < 4; j++) {
        const float *row = cf_row(set, plane, cf_lookup_clamp(y - 1 + j, set->height));
        for (int i = 0; i < 4; i++)
            sum[i] += wy[j] * row[cf_lookup_clamp(x - 1 + i, set->width)];
    }
    return (sum[0] * wx[0] + sum[1] * wx[1]) + (sum[2] * wx[2] + sum[3] * wx[3]);
}

/* Adds the picture's planes at (qx, qy) to total; returns how much inside the position is. */
static inline float cf_lookup_add(const cf_plane_set *set, int kind, float qx, float qy,
                                  float *total) {
    float u, v, wx[4], wy[4];
    if (!(cf_fabs(qx) < 1e9F && cf_fabs(qy) < 1e9F))
        return 0;
    int x = cf_lookup_pixel(qx, set->width, &u), y = cf_lookup_pixel(qy, set->height, &v);
    cf_lookup_weights(kind, u, wx);
    cf_lookup_weights(kind, v, wy);
    for (int p = 0; p < set->planes; p++)
        total[p] += cf_lookup_sum(set, p, x, y, wx, wy);
    return cf_lookup_inside(qx, (float)(set->width - 1)) *
           cf_lookup_inside(qy, (float)(set->height - 1));
}

#endif
