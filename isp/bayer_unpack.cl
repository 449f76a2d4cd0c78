/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `bayer_unpack`: one work-item makes two rows of 32 samples. */
#include "isp/anscombe.h"

/* Columns of the turn, one per site: what the site takes of the planes. */
static inline float16 turn(const float16 *plane, float4 column) {
    return plane[0] * column.x + plane[1] * column.y + plane[2] * column.z + plane[3] * column.w;
}

static inline void interleave(__global float *out, int room, float16 even, float16 odd) {
    float16 low, high;
    low.even = even.lo;
    low.odd = odd.lo;
    high.even = even.hi;
    high.odd = odd.hi;
    vstore16(low, 0, out);
    if (room > 16)
        vstore16(high, 1, out);
}

__kernel void bayer_unpack(__global const float *clean, int clean_pitch, __global const float *left,
                           int left_pitch, __global float *raw, int raw_pitch,
                           __global float *sigma, int sigma_pitch, int width, int height,
                           float scale, float offset, float16 basis) {
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1);
    if (2 * x >= width || 2 * y >= height)
        return;
    int half_height = (height + 1) / 2;
    float16 plane[4], power[4], v[4], s[4];
    for (int i = 0; i < 4; i++) {
        plane[i] = vload16(0, clean + (size_t)(i * half_height + y) * clean_pitch + x);
        power[i] = vload16(0, left + (size_t)(i * half_height + y) * left_pitch + x);
        power[i] *= power[i];
    }
    float4 column[4] = {basis.s048c, basis.s159d, basis.s26ae, basis.s37bf};
    for (int i = 0; i < 4; i++) {
        v[i] = cf_anscombe_inverse(turn(plane, column[i]), scale, offset);
        if (any(isgreater(v[i], (float16)(1 - CF_UNCLIP_REACH * sqrt(scale + offset)))))
            v[i] = cf_unclip(v[i], scale, offset);
        s[i] = sqrt(turn(power, column[i] * column[i])) * cf_anscombe_slope(v[i], scale, offset);
    }
    for (int row = 0; row < 2 && 2 * y + row < height; row++) {
        size_t at = (size_t)(2 * y + row);
        interleave(raw + at * raw_pitch + 2 * x, width - 2 * x, v[2 * row], v[2 * row + 1]);
        interleave(sigma + at * sigma_pitch + 2 * x, width - 2 * x, s[2 * row], s[2 * row + 1]);
    }
}
