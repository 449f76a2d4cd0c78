/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels of stage `transfer`: scales from 8 pixels on. A grid is 3 planes of cells, a cell a
 * float16 over mono levels: 0 weight, then precision   1, 2 sums, then chroma
 */
#include "fusion/transfer_shared.h"

/* Share of each level for mono value u: a tent over the two nearest. */
static float16 tent(float u) {
    float z = clamp(u, 0.0f, 1.0f) * (CF_TRANSFER_BINS - 1);
    return max(1.0f - fabs(z - (float16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)),
               0.0f);
}

/* Sums of one cell of 8 x 8 pixels from the level of 4 x 4; width, height: of that level. */
__kernel void grid_splat(__global const float *level, int pitch, int width, int height,
                         __global float16 *grid, float crowd) {
    int x = (int)get_global_id(0), y = (int)get_global_id(1);
    int columns = (width + 1) / 2, rows = (height + 1) / 2;
    if (x >= columns || y >= rows)
        return;
    size_t plane = (size_t)height * pitch, cells = (size_t)columns * rows;
    float16 w = 0, s0 = 0, s1 = 0;
    for (int i = 0; i < 4; i++) {
        int cx = 2 * x + (i & 1), cy = 2 * y + (i >> 1);
        if (cx >= width || cy >= height)
            continue;
        __global const float *c = level + (size_t)cy * pitch + cx;
        float weight = c[0];
        float16 share = tent(c[3 * plane] / (weight + CF_TRANSFER_TINY)) / (1.0f + weight * crowd);
        w += share * weight;
        s0 += share * c[plane];
        s1 += share * c[2 * plane];
    }
    __global float16 *out = grid + (size_t)y * columns + x;
    out[0] = w;
    out[cells] = s0;
    out[2 * cells] = s1;
}

/* Sums of one cell from its four children; width, height: of the finer grid. */
__kernel void grid_gather(__global const float16 *from, int width, int height,
                          __global float16 *grid, float crowd) {
    int x = (int)get_global_id(0), y = (int)get_global_id(1);
    int columns = (width + 1) / 2, rows = (height + 1) / 2;
    if (x >= columns || y >= rows)
        return;
    size_t plane = (size_t)width * height, cells = (size_t)columns * rows;
    float16 w = 0, s0 = 0, s1 = 0;
    for (int i = 0; i < 4; i++) {
        int cx = 2 * x + (i & 1), cy = 2 * y + (i >> 1);
        if (cx >= width || cy >= height)
            continue;
        __global const float16 *c = from + (size_t)cy * width + cx;
        float16 share = 1.0f / (1.0f + c[0] * crowd);
        w += share * c[0];
        s0 += share * c[plane];
        s1 += share * c[2 * plane];
    }
    __global float16 *out = grid + (size_t)y * columns + x;
    out[0] = w;
    out[cells] = s0;
    out[2 * cells] = s1;
}

/* Corrects the prior of one cell by its own sums, in place. */
static void correct(__global float16 *cell, size_t plane, float16 a, float16 b, float16 variance) {
    float16 w = cell[0], gain = variance / (1.0f + variance * w);
    cell[plane] = a + gain * (cell[plane] - w * a);
    cell[2 * plane] = b + gain * (cell[2 * plane] - w * b);
    cell[0] = 1.0f / (gain + CF_TRANSFER_FLOOR);
}

static float total(float16 v) {
    float8 a = v.lo + v.hi;
    float4 b = a.lo + a.hi;
    return b.x + b.y + b.z + b.w;
}

/* The coarsest grid, of one cell: from the tint of the whole scene. */
__kernel void grid_start(__global float16 *grid, float tint, float grey, float hearsay) {
    if (get_global_id(0) > 0)
        return;
    float16 share = 1.0f / (1.0f + hearsay * grid[0]);
    float weight = grey + total(share * grid[0]);
    float a = total(share * grid[1]) / weight, b = total(share * grid[2]) / weight;
    correct(grid, 1, a, b, tint);
}

typedef struct {
    float16 mass, a, b, square;
} tally;

/* Sums over the 2 x 2 cells of a coarser grid nearest to cell (x, y); their plain weights add up
 * to 1. */
static tally neighbours(__global const float16 *from, int width, int height, int x, int y) {
    size_t plane = (size_t)width * height;
    tally t = {0, 0, 0, 0};
    for (int i = 0; i < 4; i++) {
        int cx = clamp(x / 2 + (i & 1 ? (x & 1 ? 1 : -1) : 0), 0, width - 1);
        int cy = clamp(y / 2 + (i & 2 ? (y & 1 ? 1 : -1) : 0), 0, height - 1);
        __global const float16 *c = from + (size_t)cy * width + cx;
        float16 w = c[0] * ((i & 1 ? 0.25f : 0.75f) * (i & 2 ? 0.25f : 0.75f));
        float16 a = c[plane], b = c[2 * plane];
        t.mass += w;
        t.a += w * a;
        t.b += w * b;
        t.square += w * (a * a + b * b);
    }
    return t;
}

/* Lets neighbouring levels count a little. */
static float16 leak(float16 v) {
    float16 up = (float16)(0, v.s0, v.s12, v.s3456, v.s789a, v.sbcde);
    float16 down = (float16)(v.s1234, v.s5678, v.s9abc, v.sdef, 0);
    return v + CF_TRANSFER_BIN_LEAK * (up + down);
}

/* Estimate of one cell from the next coarser grid; width, height: of the finer grid. */
__kernel void grid_refine(__global const float16 *from, __global float16 *grid, int width,
                          int height, float detail) {
    int x = (int)get_global_id(0), y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    tally t = neighbours(from, (width + 1) / 2, (height + 1) / 2, x, y);
    float16 inverse = 1.0f / (leak(t.mass) + CF_TRANSFER_TINY);
    float16 a = leak(t.a) * inverse, b = leak(t.b) * inverse;
    float16 spread = max(leak(t.square) * inverse - a * a - b * b, 0.0f);
    float16 variance = max(leak((float16)(1)) * inverse - CF_TRANSFER_FLOOR, 0.0f) +
                       CF_TRANSFER_DISAGREE * spread + detail;
    correct(grid + (size_t)y * width + x, (size_t)width * height, a, b, variance);
}

/* Estimate of one cell of 4 x 4 pixels from the finest grid; width, height: of that level. */
__kernel void grid_slice(__global const float16 *from, __global float *level, int pitch, int width,
                         int height, float detail, float mono_range2) {
    int x = (int)get_global_id(0), y = (int)get_global_id(1);
    if (x >= width || y >= height)
        return;
    size_t plane = (size_t)height * pitch;
    __global float *c = level + (size_t)y * pitch + x;
    float guide = c[4 * plane], w = c[0], off = c[3 * plane] - w * guide;
    float16 like = tent(guide);
    tally t = neighbours(from, (width + 1) / 2, (height + 1) / 2, x, y);
    float inverse = 1.0f / (total(t.mass * like) + CF_TRANSFER_TINY);
    float a = total(t.a * like) * inverse, b = total(t.b * like) * inverse;
    float spread = max(total(t.square * like) * inverse - a * a - b * b, 0.0f);
    float variance =
        max(inverse - CF_TRANSFER_FLOOR, 0.0f) + CF_TRANSFER_DISAGREE * spread + detail;
    float share = w / (w + off * off + CF_TRANSFER_TINY);
    w *= share;
    float gain = variance / (1.0f + variance * w);
    c[plane] = a + gain * (share * c[plane] - w * a);
    c[2 * plane] = b + gain * (share * c[2 * plane] - w * b);
    c[0] = 1.0f / (gain + CF_TRANSFER_FLOOR);
    c[5 * plane] = 0.25f / (mono_range2 + CF_TRANSFER_TEXTURE * c[5 * plane]);
}
