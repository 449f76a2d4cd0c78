/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `denoise_learned`: every operator of the network by its own reference. */
#include "isp/denoise_learned.h"

#include <math.h>

#include "base/alloc.h"
#include "base/log.h"
#include "cl/net/net.h"

static int clampi(int v, int high) {
    return v > high ? high : v;
}

static float usable(float v) {
    return isfinite(v) ? v : 0;
}

static float within(float v, float low, float high) {
    return fminf(fmaxf(v, low), high);
}

static void gather(const cf_stage_io *io, float *out, int columns, int rows) {
    const cf_plane_set *clean = &io->in[0];
    size_t area = (size_t)columns * (size_t)rows;
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < columns; x++, out++) {
            int from = clampi(y, clean->height - 1), at = clampi(x, clean->width - 1);
            float c = usable(cf_row(clean, 0, from)[at]);
            out[0] = within(usable(cf_row(&io->in[2], 0, from)[at]) - c, -8, 8);
            out[area] = within(c, 0, 64);
            out[2 * area] = within(usable(cf_row(&io->in[1], 0, from)[at]), 0, 4);
        }
}

static void correct(const cf_stage_io *io, const float *correction, int columns, int rows,
                    float strength) {
    size_t area = (size_t)columns * (size_t)rows;
    for (int y = 0; y < io->in[0].height; y++)
        for (int x = 0; x < io->in[0].width; x++) {
            const float *plane = correction + (x & 1 ? area : 0) + (y & 1 ? 2 * area : 0);
            float move = plane[(size_t)(y / 2) * (size_t)columns + (size_t)(x / 2)];
            cf_row(&io->out[0], 0, y)[x] =
                usable(cf_row(&io->in[0], 0, y)[x]) +
                strength * within(move, -CF_DENOISE_LEARNED_MOST, CF_DENOISE_LEARNED_MOST);
            cf_row(&io->out[1], 0, y)[x] =
                CF_DENOISE_LEARNED_LEFT * usable(cf_row(&io->in[1], 0, y)[x]);
        }
}

cf_status cf_denoise_learned_ref(const cf_stage_io *io, const void *params) {
    const cf_denoise_learned_params *p = params;
    const int m = CF_DENOISE_LEARNED_MULTIPLE;
    int columns = (io->in[0].width + m - 1) / m * m, rows = (io->in[0].height + m - 1) / m * m;
    const cf_shape shape = {4, {1, 3, rows, columns}};
    const cf_shape wanted = {4, {1, 4, rows / 2, columns / 2}};
    cf_shape got;
    cf_model *model;
    void *out = NULL;
    float *in = cf_alloc(3 * (size_t)columns * (size_t)rows, sizeof *in);
    if (!in)
        return CF_ERR_MEMORY;
    gather(io, in, columns, rows);
    cf_status status = cf_denoise_learned_open(&model);
    if (status == CF_OK) {
        status = cf_net_reference(model, &shape, (const void *const[]){in}, &out, &got);
        cf_model_destroy(&model);
    }
    if (status == CF_OK && !cf_shape_equal(&got, &wanted))
        status = cf_fail(CF_ERR_UNSUPPORTED, "denoise_learned: an output of the wrong size");
    if (status == CF_OK)
        correct(io, out, columns / 2, rows / 2, p->strength);
    cf_free(in);
    cf_free(out);
    return status;
}
