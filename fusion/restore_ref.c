/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `restore`. */
#include "fusion/restore.h"

#include <math.h>

enum { TRANSFERRED, DOUBT, MONO, CELL_MONO, CELL_TRANSFERRED, CELL_DOUBT, CHROMA, ERROR };

static float finite_or_zero(float v) {
    return v >= -1e4F && v <= 1e4F ? v : 0;
}

static float get(const cf_stage_io *io, int port, int plane, int x, int y) {
    return finite_or_zero(cf_row(&io->in[port], plane, y)[x]);
}

/* The cell beside cell n / 2, on the side of pixel n. */
static int neighbour(int n, int pixels) {
    int cell = n / 2 + (n & 1 ? 1 : -1), last = (pixels - 1) / 2;
    return cell < 0 ? 0 : cell > last ? last : cell;
}

static void restore_pixel(const cf_stage_io *io, float scale, int x, int y) {
    const int columns[2] = {x / 2, neighbour(x, io->in[0].width)};
    const int rows[2] = {y / 2, neighbour(y, io->in[0].height)};
    float sum[3] = {0}, total = 0, mono = get(io, MONO, 0, x, y);
    for (int i = 0; i < 4; i++) {
        int cx = columns[i % 2], cy = rows[i / 2];
        float step = mono - get(io, CELL_MONO, 0, cx, cy);
        float weight = (i % 2 ? 0.25F : 0.75F) * (i / 2 ? 0.25F : 0.75F) *
                       (CF_RESTORE_FLOOR + expf(step * step * scale));
        for (int p = 0; p < 2; p++)
            sum[p] += weight * (get(io, CHROMA, p, cx, cy) - get(io, CELL_TRANSFERRED, p, cx, cy));
        sum[2] += weight * (get(io, ERROR, 0, cx, cy) - get(io, CELL_DOUBT, 0, cx, cy));
        total += weight;
    }
    for (int p = 0; p < 2; p++)
        cf_row(&io->out[0], p, y)[x] = get(io, TRANSFERRED, p, x, y) + sum[p] / total;
    cf_row(&io->out[1], 0, y)[x] = fmaxf(get(io, DOUBT, 0, x, y) + sum[2] / total, 0);
}

cf_status cf_restore_ref(const cf_stage_io *io, const void *params) {
    const cf_restore_params *p = params;
    for (int y = 0; y < io->in[0].height; y++)
        for (int x = 0; x < io->in[0].width; x++)
            restore_pixel(io, -0.5F / (p->spread * p->spread), x, y);
    return CF_OK;
}
