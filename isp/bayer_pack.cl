/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `bayer_pack`: one work-item makes 16 neighbouring cells. */
#include "isp/anscombe.h"

/* 32 samples of a row; the last cell of an odd width takes its second column from the one before.
 */
static inline void load_row(__global const float *row, int x, int width, float16 *even,
                            float16 *odd) {
    if (x + 32 <= width) {
        float16 a = vload16(0, row + x), b = vload16(1, row + x);
        *even = (float16)(a.even, b.even);
        *odd = (float16)(a.odd, b.odd);
        return;
    }
    float e[16], o[16];
    for (int i = 0; i < 16; i++) {
        int at = min(x + 2 * i, (width - 1) & ~1);
        e[i] = row[at];
        o[i] = row[at + 1 < width ? at + 1 : max(at - 1, 0)];
    }
    *even = vload16(0, e);
    *odd = vload16(0, o);
}

static inline float16 stabilise(float16 v, float scale, float offset) {
    v = select((float16)(0), v, isless(fabs(v), (float16)(1e18F)));
    return cf_anscombe(v, scale, offset);
}

__kernel void bayer_pack(__global const float *raw, int raw_pitch, int width, int height,
                         __global float *planes, int pitch, float scale, float offset,
                         float16 basis) {
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1);
    if (2 * x >= width || 2 * y >= height)
        return;
    float16 v[4];
    int below = 2 * y + 1 < height ? 2 * y + 1 : max(2 * y - 1, 0);
    load_row(raw + (size_t)(2 * y) * raw_pitch, 2 * x, width, &v[0], &v[1]);
    load_row(raw + (size_t)below * raw_pitch, 2 * x, width, &v[2], &v[3]);
    for (int i = 0; i < 4; i++)
        v[i] = stabilise(v[i], scale, offset);
    size_t plane = (size_t)((height + 1) / 2) * pitch;
    __global float *out = planes + (size_t)y * pitch + x;
    vstore16(v[0] * basis.s0 + v[1] * basis.s1 + v[2] * basis.s2 + v[3] * basis.s3, 0, out);
    vstore16(v[0] * basis.s4 + v[1] * basis.s5 + v[2] * basis.s6 + v[3] * basis.s7, 0, out + plane);
    vstore16(v[0] * basis.s8 + v[1] * basis.s9 + v[2] * basis.sa + v[3] * basis.sb, 0,
             out + 2 * plane);
    vstore16(v[0] * basis.sc + v[1] * basis.sd + v[2] * basis.se + v[3] * basis.sf, 0,
             out + 3 * plane);
}
