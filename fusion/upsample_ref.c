/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `upsample`. */
#include "fusion/upsample.h"

#include <math.h>

static float at(const cf_plane_set *set, int plane, int x, int y) {
    x = x < 0 ? 0 : x < set->width ? x : set->width - 1;
    y = y < 0 ? 0 : y < set->height ? y : set->height - 1;
    float v = cf_row(set, plane, y)[x];
    return fabsf(v) < 1e6F ? v : 0;
}

static void pixel(const cf_stage_io *io, float inverse, int x, int y) {
    float mono = at(&io->in[0], 0, x, y), total = 0, sum[3] = {0};
    for (int i = 0; i < 4; i++) {
        int near_x = !(i & 1), near_y = !(i & 2);
        int cx = x / 2 + (near_x ? 0 : x & 1 ? 1 : -1);
        int cy = y / 2 + (near_y ? 0 : y & 1 ? 1 : -1);
        float step = (at(&io->in[1], 0, cx, cy) - mono) * inverse;
        float like = 1 / (1 + step * step);
        float weight = (near_x ? 0.75F : 0.25F) * (near_y ? 0.75F : 0.25F) * (like * like + 1e-3F);
        total += weight;
        for (int p = 0; p < 3; p++)
            sum[p] += weight * at(&io->in[p < 2 ? 2 : 3], p < 2 ? p : 0, cx, cy);
    }
    for (int p = 0; p < 3; p++)
        cf_row(&io->out[p < 2 ? 0 : 1], p < 2 ? p : 0, y)[x] = sum[p] / total;
}

cf_status cf_upsample_ref(const cf_stage_io *io, const void *params) {
    const cf_upsample_params *p = params;
    for (int y = 0; y < io->in[0].height; y++)
        for (int x = 0; x < io->in[0].width; x++)
            pixel(io, 1 / p->range, x, y);
    return CF_OK;
}
