/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of stage `match_prepare`. */

/* One work-item encodes 16 neighbouring pixels; rows are padded to 16. */
__kernel void encode(__global const float *in, int in_pitch, __global uchar *out, int out_pitch,
                     int width, int height, float p) {
    int x = (int)get_global_id(0) * 16;
    int y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    float16 v = vload16(0, in + (size_t)y * in_pitch + x);
    v = select((float16)0, v, isfinite(v));
    v = fmin(fmax(v, -p), 1);
    v = 255 * sqrt((v + p) / (1 + p)) + 0.5f;
    vstore16(convert_uchar16_sat(v), 0, out + (size_t)y * out_pitch + x);
}

/* One work-item encodes one mean of level x level pixels. */
__kernel void encode_blocks(__global const float *in, int in_pitch, __global uchar *out,
                            int out_pitch, int width, int height, int level, float p) {
    int x = (int)get_global_id(0);
    int y = (int)get_global_id(1);
    if (x >= (width + level - 1) / level || y >= (height + level - 1) / level)
        return;
    int right = min((x + 1) * level, width), bottom = min((y + 1) * level, height);
    float sum = 0;
    float4 four = (float4)0;
    for (int j = y * level; j < bottom; j++) {
        __global const float *row = in + (size_t)j * in_pitch;
        int i = x * level;
        for (; i + 4 <= right; i += 4) {
            float4 v = vload4(0, row + i);
            four += select((float4)0, v, isfinite(v));
        }
        for (; i < right; i++)
            sum += isfinite(row[i]) ? row[i] : 0;
    }
    sum += (four.x + four.y) + (four.z + four.w);
    float v = sum / (float)((right - x * level) * (bottom - y * level));
    v = fmin(fmax(v, -p), 1.0f);
    out[(size_t)y * out_pitch + x] = convert_uchar_sat(255 * sqrt((v + p) / (1 + p)) + 0.5f);
}
