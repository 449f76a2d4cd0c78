/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of stage `denoise_learned`: one work-item has 8 samples of a row. */
#define MOST 3.0f  /* CF_DENOISE_LEARNED_MOST */
#define LEFT 0.92f /* CF_DENOISE_LEARNED_LEFT */

/* Beyond the border the last sample is repeated; what is not a number is 0. */
static float8 samples(__global const float *row, int x, int width) {
    float8 v;
    if (x + 8 <= width) {
        v = vload8(0, row + x);
    } else {
        float lane[8];
        for (int i = 0; i < 8; i++)
            lane[i] = row[min(x + i, width - 1)];
        v = vload8(0, lane);
    }
    return select((float8)(0), v, isfinite(v));
}

/* The network's input: three planes of columns x rows without padding. */
__kernel void gather(__global const float *clean, int clean_pitch, __global const float *sigma,
                     int sigma_pitch, __global const float *noisy, int noisy_pitch, int width,
                     int height, __global float *out, int columns, int rows) {
    int x = (int)get_global_id(0) * 8, y = (int)get_global_id(1);
    if (x >= columns || y >= rows)
        return;
    size_t from = min(y, height - 1), area = (size_t)columns * rows;
    float8 c = samples(clean + from * clean_pitch, x, width);
    float8 s = samples(sigma + from * sigma_pitch, x, width);
    float8 n = samples(noisy + from * noisy_pitch, x, width);
    __global float *to = out + (size_t)y * columns + x;
    vstore8(clamp(n - c, -8.0f, 8.0f), 0, to);
    vstore8(clamp(c, 0.0f, 64.0f), 0, to + area);
    vstore8(clamp(s, 0.0f, 4.0f), 0, to + 2 * area);
}

/* Four planes of columns x rows, one for each sample of 2 x 2, added to the picture. */
__kernel void correct(__global const float *clean, int clean_pitch, __global const float *sigma,
                      int sigma_pitch, __global const float *correction, int columns, int rows,
                      __global float *out, int out_pitch, __global float *out_sigma,
                      int out_sigma_pitch, int width, int height, float strength) {
    int x = (int)get_global_id(0) * 8, y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    size_t area = (size_t)columns * rows;
    __global const float *from =
        correction + (y & 1) * 2 * area + (size_t)(y / 2) * columns + x / 2;
    float8 move;
    move.even = vload4(0, from);
    move.odd = vload4(0, from + area);
    move = strength * clamp(move, -MOST, MOST);
    vstore8(samples(clean + (size_t)y * clean_pitch, x, width) + move, 0,
            out + (size_t)y * out_pitch + x);
    vstore8(LEFT * samples(sigma + (size_t)y * sigma_pitch, x, width), 0,
            out_sigma + (size_t)y * out_sigma_pitch + x);
}
