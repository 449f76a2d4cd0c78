/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of stage `bilateral`. Planes q0, q1, trust are averaged from buffer to buffer; planes
 * mono, 1 / r^2, 1 / c^2 stay. All have one pitch. One work-item makes 16 neighbouring cells. */
#include "fusion/bilateral_shared.h"

static float16 finite16(float16 v) {
    return select((float16)(0), v, (v >= -CF_BILATERAL_LIMIT) & (v <= CF_BILATERAL_LIMIT));
}

__kernel void bilateral_begin(__global const float *mono, int mono_pitch,
                              __global const float *sigma, int sigma_pitch,
                              __global const float *chroma, int chroma_pitch,
                              __global const float *error, int error_pitch, int height,
                              __global float *guide, __global float *cells, int pitch,
                              float mono_range, float mono_noise, float range, float noise) {
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1);
    if (x >= pitch || y >= height)
        return;
    size_t plane = (size_t)height * pitch, at = (size_t)y * pitch + x;
    float16 m = finite16(vload16(0, mono + (size_t)y * mono_pitch + x));
    float16 s = max(finite16(vload16(0, sigma + (size_t)y * sigma_pitch + x)), 0.0f);
    float16 e = max(finite16(vload16(0, error + (size_t)y * error_pitch + x)), 0.0f);
    float16 r = mono_range + mono_noise * s;
    float16 c = range + noise * s / max(m, CF_BILATERAL_DARKEST);
    vstore16(m, 0, guide + at);
    vstore16(1.0f / (r * r), 0, guide + plane + at);
    vstore16(1.0f / (c * c), 0, guide + 2 * plane + at);
    for (int k = 0; k < 2; k++) {
        float16 v = vload16(0, chroma + ((size_t)k * height + y) * chroma_pitch + x);
        v = finite16(v);
        vstore16(v / (1.0f + 0.5f * fabs(v)), 0, cells + k * plane + at);
    }
    vstore16(1.0f / (1.0f + e), 0, cells + 2 * plane + at);
}

/* 16 cells of a row from column x on; those beyond the border are those at it. */
static float16 load(__global const float *row, int x, int width) {
    if (x >= 0 && x + 16 <= width)
        return vload16(0, row + x);
    float v[16];
    for (int i = 0; i < 16; i++)
        v[i] = row[clamp(x + i, 0, width - 1)];
    return vload16(0, v);
}

/* narrowing: 1 / s^2. */
__kernel void bilateral_pass(__global const float *guide, __global const float *from,
                             __global float *to, int width, int height, int pitch, int step,
                             float narrowing) {
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    size_t plane = (size_t)height * pitch, at = (size_t)y * pitch + x;
    float16 mono = vload16(0, guide + at), q0 = vload16(0, from + at);
    float16 q1 = vload16(0, from + plane + at);
    float16 mono_scale = -0.125f * vload16(0, guide + plane + at);
    float16 scale = -0.125f * narrowing * vload16(0, guide + 2 * plane + at);
    float16 total = 0, mass = 0, sum0 = 0, sum1 = 0;
    for (int j = -1; j <= 1; j++) {
        size_t row = (size_t)clamp(y + j * step, 0, height - 1) * pitch;
        for (int i = -1; i <= 1; i++) {
            int column = x + i * step;
            float16 d = load(guide + row, column, width) - mono;
            float16 n0 = load(from + row, column, width);
            float16 n1 = load(from + plane + row, column, width);
            float16 d0 = n0 - q0, d1 = n1 - q1;
            float16 u = 1.0f + d * d * mono_scale + (d0 * d0 + d1 * d1) * scale;
            u = max(u, 0.0f);
            u *= u;
            u *= u;
            u *= u;
            total += u;
            u *= load(from + 2 * plane + row, column, width);
            mass += u;
            sum0 += u * n0;
            sum1 += u * n1;
        }
    }
    float16 inverse = 1.0f / mass;
    vstore16(sum0 * inverse, 0, to + at);
    vstore16(sum1 * inverse, 0, to + plane + at);
    vstore16(mass / total, 0, to + 2 * plane + at);
}

__kernel void bilateral_finish(__global const float *cells, int pitch, int height,
                               __global float *chroma, int chroma_pitch, __global float *error,
                               int error_pitch) {
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1);
    if (x >= pitch || y >= height)
        return;
    size_t plane = (size_t)height * pitch, at = (size_t)y * pitch + x;
    for (int k = 0; k < 2; k++) {
        float16 q = vload16(0, cells + k * plane + at);
        q = clamp(q, -CF_BILATERAL_STRONGEST, CF_BILATERAL_STRONGEST);
        vstore16(q / (1.0f - 0.5f * fabs(q)), 0,
                 chroma + ((size_t)k * height + y) * chroma_pitch + x);
    }
    vstore16(1.0f / vload16(0, cells + 2 * plane + at) - 1.0f, 0,
             error + (size_t)y * error_pitch + x);
}
