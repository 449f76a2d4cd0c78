/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `bayer_pack`. */
#include "isp/anscombe.h"
#include "isp/bayer_pack.h"

void cf_bayer_basis(const float tint[4], float basis[4][4]) {
    const float *t = tint;
    float anti = t[1] * t[1] + t[2] * t[2], main = t[0] * t[0] + t[3] * t[3];
    float length = sqrtf(anti + main), k = sqrtf(anti / main);
    for (int i = 0; i < 4; i++) {
        int diagonal = i == 0 || i == 3;
        basis[0][i] = t[i] / length;
        basis[1][i] = diagonal ? 0 : (i == 1 ? t[2] : -t[1]) / sqrtf(anti);
        basis[2][i] = diagonal ? (i == 0 ? t[3] : -t[0]) / sqrtf(main) : 0;
        basis[3][i] = (diagonal ? -t[i] * k : t[i] / k) / length;
    }
}

/* The sample of a cell at (row, column) within it, where the cell may reach beyond the border. */
static float cell_sample(const cf_plane_set *raw, int x, int y) {
    x = x < raw->width ? x : x < 2 ? 0 : x - 2;
    y = y < raw->height ? y : y < 2 ? 0 : y - 2;
    float v = cf_row(raw, 0, y)[x];
    return fabsf(v) < 1e18F ? v : 0;
}

cf_status cf_bayer_pack_ref(const cf_stage_io *io, const void *params) {
    const cf_bayer_params *p = params;
    float basis[4][4];
    cf_bayer_basis(p->tint, basis);
    for (int y = 0; y < io->out[0].height; y++)
        for (int x = 0; x < io->out[0].width; x++) {
            float sum[4] = {0};
            for (int i = 0; i < 4; i++) {
                float v = cf_anscombe(cell_sample(&io->in[0], 2 * x + i % 2, 2 * y + i / 2),
                                      p->scale, p->offset);
                for (int plane = 0; plane < 4; plane++)
                    sum[plane] += basis[plane][i] * v;
            }
            for (int plane = 0; plane < 4; plane++)
                cf_row(&io->out[0], plane, y)[x] = sum[plane];
        }
    return CF_OK;
}
