/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `bayer_denoise`: mixes 16 neighbouring samples of two mosaics. */

__kernel void bayer_mix(__global const float *raw, int raw_pitch, __global float *clean,
                        int clean_pitch, int width, int height, float amount) {
    int x = (int)get_global_id(0) * 16, y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    __global float *to = clean + (size_t)y * clean_pitch + x;
    float16 a = vload16(0, raw + (size_t)y * raw_pitch + x), b = vload16(0, to);
    vstore16(select(b, a + amount * (b - a), isless(fabs(a), (float16)(1e18F))), 0, to);
}
