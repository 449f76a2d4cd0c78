/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `halve`. */
#include "fusion/halve.h"

#include <math.h>

static float sample(const cf_plane_set *set, int plane, int x, int y) {
    float v = cf_row(set, plane, y < set->height ? y : set->height - 1)[x];
    return fabsf(v) < 1e18F ? v : 0;
}

cf_status cf_halve_ref(const cf_stage_io *io, const void *params) {
    const cf_plane_set *in = &io->in[0];
    (void)params;
    for (int p = 0; p < in->planes; p++)
        for (int y = 0; y < io->out[0].height; y++)
            for (int x = 0; x < io->out[0].width; x++) {
                int right = 2 * x + 1 < in->width ? 2 * x + 1 : 2 * x;
                float top = sample(in, p, 2 * x, 2 * y) + sample(in, p, right, 2 * y);
                float bottom = sample(in, p, 2 * x, 2 * y + 1) + sample(in, p, right, 2 * y + 1);
                cf_row(&io->out[0], p, y)[x] = 0.25F * (top + bottom);
            }
    return CF_OK;
}
