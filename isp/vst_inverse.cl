/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `vst_inverse`: one work-item makes 16 neighbouring samples. */
#include "isp/anscombe.h"

__kernel void vst_inverse(__global const float *clean, int clean_pitch, __global const float *left,
                          int left_pitch, __global float *linear, int linear_pitch,
                          __global float *sigma, int sigma_pitch, int width, int rows, float scale,
                          float offset) {
    int x = (int)get_global_id(0) * 16;
    int y = (int)get_global_id(1);
    if (x >= width || y >= rows)
        return;
    float16 v = cf_anscombe_inverse(vload16(0, clean + (size_t)y * clean_pitch + x), scale, offset);
    if (any(isgreater(v, (float16)(1 - CF_UNCLIP_REACH * sqrt(scale + offset)))))
        v = cf_unclip(v, scale, offset);
    v = clamp(v, 0.0F, 1.0F);
    float16 s = vload16(0, left + (size_t)y * left_pitch + x) * cf_anscombe_slope(v, scale, offset);
    vstore16(v, 0, linear + (size_t)y * linear_pitch + x);
    vstore16(s / (2 * sqrt(v + s + 1e-20F)), 0, sigma + (size_t)y * sigma_pitch + x);
}
