/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `resample`. */
#include "fusion/resample.h"

#include "fusion/lookup_ref.h"

static void pixel(const cf_stage_io *io, const cf_resample_params *p, const cf_lookup_map *map,
                  int x, int y) {
    float total[CF_LOOKUP_MAX_PLANES] = {0}, valid = 0, n = (float)p->samples;
    for (int k = 0; k < p->samples * p->samples; k++) {
        float dx = ((float)(k % p->samples) + 0.5F) / n - 0.5F;
        float dy = ((float)(k / p->samples) + 0.5F) / n - 0.5F;
        float qx, qy;
        cf_lookup_at(map, (float)x + dx, (float)y + dy, &qx, &qy);
        valid += cf_lookup_add(&io->in[0], p->kind, qx, qy, total);
    }
    for (int i = 0; i < io->in[0].planes; i++)
        cf_row(&io->out[0], i, y)[x] = total[i] / (n * n);
    cf_row(&io->out[1], 0, y)[x] = valid / (n * n);
}

cf_status cf_resample_ref(const cf_stage_io *io, const void *params) {
    const cf_resample_params *p = params;
    cf_lookup_map map = cf_lookup_map_of(&io->in[1], p->step_log2);
    for (int y = 0; y < io->out[0].height; y++)
        for (int x = 0; x < io->out[0].width; x++)
            pixel(io, p, &map, x, y);
    return CF_OK;
}
