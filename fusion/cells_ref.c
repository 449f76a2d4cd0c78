/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `cells`. */
#include "fusion/cells.h"

#include <math.h>

enum { MONO, HINT, CONFIDENCE, SIGMA, TRANSFERRED, DOUBT, PORTS };

static int is_usable(float v) {
    return v >= -CF_CELLS_LIMIT && v <= CF_CELLS_LIMIT;
}

/* Pixel i of 0..3 of the cell at x, y of the grid: cells beyond the border repeat it. */
static float pixel(const cf_plane_set *set, int plane, int x, int y, int i) {
    int column = 2 * x + i % 2, row = 2 * y + i / 2;
    int last_cell[2] = {(set->width - 1) / 2, (set->height - 1) / 2};
    if (x > last_cell[0])
        column = 2 * last_cell[0] + i % 2;
    if (y > last_cell[1])
        row = 2 * last_cell[1] + i / 2;
    return cf_row(
        set, plane,
        row < set->height ? row : set->height - 1)[column < set->width ? column : set->width - 1];
}

static float mean(const cf_plane_set *set, int plane, int x, int y) {
    float sum = 0;
    for (int i = 0; i < 4; i++) {
        float v = pixel(set, plane, x, y, i);
        sum += is_usable(v) ? v : 0;
    }
    return sum * 0.25F;
}

/* Trust in the pixel's hint; a hint that is no number has none. */
static float trust(const cf_stage_io *io, int x, int y, int i) {
    float t = pixel(&io->in[CONFIDENCE], 0, x, y, i);
    for (int p = 0; p < 2; p++)
        if (!is_usable(pixel(&io->in[HINT], p, x, y, i)))
            return 0;
    return t > 0 ? fminf(t, 1) : 0;
}

static void put_hint(const cf_stage_io *io, int x, int y) {
    float sum[2] = {0}, total = 0;
    for (int i = 0; i < 4; i++) {
        float t = trust(io, x, y, i);
        for (int p = 0; p < 2 && t > 0; p++)
            sum[p] += t * pixel(&io->in[HINT], p, x, y, i);
        total += t;
    }
    for (int p = 0; p < 2; p++)
        cf_row(&io->out[HINT], p, y)[x] = total > 0 ? sum[p] / total : 0;
    cf_row(&io->out[CONFIDENCE], 0, y)[x] = total * 0.25F;
}

cf_status cf_cells_ref(const cf_stage_io *io, const void *params) {
    (void)params;
    for (int y = 0; y < io->out[0].height; y++)
        for (int x = 0; x < io->out[0].width; x++) {
            put_hint(io, x, y);
            for (int port = 0; port < PORTS; port++)
                for (int p = 0; port != HINT && port != CONFIDENCE && p < io->in[port].planes; p++)
                    cf_row(&io->out[port], p, y)[x] = mean(&io->in[port], p, x, y);
        }
    return CF_OK;
}
