/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `guide`: one work-item makes 16 neighbouring samples. */

__kernel void guide(__global const float *in, int in_pitch, __global float *out, int out_pitch,
                    int width, int height) {
    int x = (int)get_global_id(0) * 16;
    int y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    float16 m = vload16(0, in + (size_t)y * in_pitch + x);
    m = select((float16)(0), m, m > 0.0f);
    m = select((float16)(16), m, m < 16.0f);
    vstore16(sqrt(m), 0, out + (size_t)y * out_pitch + x);
}
