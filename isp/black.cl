/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel of stage `black`: one work-item makes 16 neighbouring samples; rows are padded to 16. */

__kernel void black(__global const ushort *codes, int codes_pitch, __global float *raw,
                    int raw_pitch, int width, int height, float4 level, float4 scale) {
    int x = (int)get_global_id(0) * 16;
    int y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    float2 l = (y & 1) ? level.s23 : level.s01;
    float2 s = (y & 1) ? scale.s23 : scale.s01;
    float16 v = convert_float16(vload16(0, codes + (size_t)y * codes_pitch + x));
    vstore16((v - (float16)(l, l, l, l, l, l, l, l)) * (float16)(s, s, s, s, s, s, s, s), 0,
             raw + (size_t)y * raw_pitch + x);
}
