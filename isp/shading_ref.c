/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `shading`. */
#include "isp/shading.h"

/* Grid cell and position in it of pixel i of n, on a grid of m points. */
static int locate(int i, int n, int m, float *fraction) {
    float at = n > 1 ? (float)i * ((float)(m - 1) / (float)(n - 1)) : 0;
    int cell = (int)at;
    if (cell > m - 2)
        cell = m - 2;
    if (cell < 0)
        cell = 0;
    *fraction = at - (float)cell;
    return cell;
}

static float gain_at(const cf_plane_set *gains, int site, int gx, int gy, float fx, float fy) {
    int right = gx + 1 < gains->width ? gx + 1 : gx, below = gy + 1 < gains->height ? gy + 1 : gy;
    const float *a = cf_row(gains, site, gy), *b = cf_row(gains, site, below);
    float left_gain = a[gx] + fy * (b[gx] - a[gx]);
    float right_gain = a[right] + fy * (b[right] - a[right]);
    return left_gain + fx * (right_gain - left_gain);
}

cf_status cf_shading_ref(const cf_stage_io *io, const void *params) {
    const cf_plane_set *raw = &io->in[0], *gains = &io->in[1], *out = &io->out[0];
    (void)params;
    for (int y = 0; y < raw->height; y++)
        for (int x = 0; x < raw->width; x++) {
            float fx, fy;
            int gx = locate(x, raw->width, gains->width, &fx);
            int gy = locate(y, raw->height, gains->height, &fy);
            int site = (y & 1) * 2 + (x & 1);
            cf_row(out, 0, y)[x] = cf_row(raw, 0, y)[x] * gain_at(gains, site, gx, gy, fx, fy);
        }
    return CF_OK;
}
