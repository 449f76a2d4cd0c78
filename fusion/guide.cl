/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `guide`: one work-item makes 16 neighbouring samples. */

__kernel void guide(__global const float *in, int in_pitch, __global float *mono, int mono_pitch,
                    __global float *sigma, int sigma_pitch, int width, int height, float scale,
                    float offset) {
    int x = (int)get_global_id(0) * 16;
    int y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    float16 m = vload16(0, in + (size_t)y * in_pitch + x);
    m = select((float16)(0), m, m > 0.0f);
    m = select((float16)(16), m, m < 16.0f);
    float16 s = sqrt(scale * m + offset);
    vstore16(sqrt(m), 0, mono + (size_t)y * mono_pitch + x);
    vstore16(s / (2.0f * sqrt(m + s) + 1e-6f), 0, sigma + (size_t)y * sigma_pitch + x);
}
