/* SPDX-License-Identifier: Apache-2.0 */
/* Normalization by mean and variance of the run's own data. Statistics come in parts, so that few
 * channels of many pixels use the whole device; parts are merged by Chan's formula. */
#include "cl/net/post.clh"

/* Elements whose mean is taken before their squares: they stay in the nearest cache, and sums of no
 * more than that many floats keep their accuracy. */
#define PIECE 256
#define VECTORS 64 /* stored by one work-item */

/* (mean, sum of squared deviations) of na elements takes in nb more. */
#define MERGE(mean, square, na, mean_b, square_b, nb)                                              \
    {                                                                                              \
        float share = (float)(nb) / (float)((na) + (nb));                                          \
        mean_b -= mean;                                                                            \
        square += square_b + mean_b * mean_b * (share * (float)(na));                              \
        mean += mean_b * share;                                                                    \
    }

/* Statistics of vectors first..last-1, each lane for itself. */
static void add_pieces(__global const float *from, int first, int last, float16 *mean_out,
                       float16 *square_out) {
    float16 mean = 0.0f, square = 0.0f;
    for (int done = first, n; done < last; done += n) {
        n = min(PIECE, last - done);
        float16 m = 0.0f, s = 0.0f;
        for (int i = done; i < done + n; i++)
            m += vload16(i, from);
        m /= (float)n;
        for (int i = done; i < done + n; i++) {
            float16 d = vload16(i, from) - m;
            s = fma(d, d, s);
        }
        MERGE(mean, square, done - first, m, s, n);
    }
    *mean_out = mean;
    *square_out = square;
}

/* Part x of plane y, `size` vectors each; parts[y][x] = mean, sum of squared deviations. */
__kernel void norm_parts_blocked(__global const float *from, __global float16 *parts, int pixels,
                                 int size) {
    int part = get_global_id(0), plane = get_global_id(1), first = part * size;
    size_t at = ((size_t)plane * get_global_size(0) + part) * 2;
    float16 mean, square;
    add_pieces(from + (size_t)plane * pixels * 16, first, min(first + size, pixels), &mean,
               &square);
    parts[at] = mean;
    parts[at + 1] = square;
}

/* Merges the parts of a plane of `total` vectors. */
static void merge_parts(__global const float16 *parts, int count, int size, int total,
                        float16 *mean_out, float16 *square_out) {
    float16 mean = 0.0f, square = 0.0f;
    for (int k = 0; k < count; k++) {
        float16 m = parts[2 * k], s = parts[2 * k + 1];
        MERGE(mean, square, k * size, m, s, min(size, total - k * size));
    }
    *mean_out = mean;
    *square_out = square;
}

/* scale: [2][blocks] vectors, factors and offsets. */
__kernel void norm_apply_blocked(__global const float16 *from, __global float16 *to,
                                 __global const float16 *parts, __global const float16 *scale,
                                 int pixels, int size, int count, int blocks, float epsilon,
                                 CF_POST_ARGS) {
    int plane = get_global_id(1), first = get_global_id(0) * VECTORS, cb = plane % blocks;
    float16 mean, square;
    merge_parts(parts + (size_t)plane * count * 2, count, size, pixels, &mean, &square);
    float16 factor = scale[cb] / sqrt(square / (float)pixels + epsilon),
            offset = scale[blocks + cb];
    for (int p = first; p < min(first + VECTORS, pixels); p++) {
        size_t i = (size_t)plane * pixels + p;
        to[i] = cf_post16((from[i] - mean) * factor + offset, cb, blocks, i, CF_POST_PASS);
    }
}

/* Mean and variance of a row in plain layout from its lanes and its last length % 16 elements. */
static float2 whole_row(__global const float *row, int length, float16 lanes_mean,
                        float16 lanes_square) {
    int n = length / 16, have = n;
    float m[16], s[16];
    vstore16(lanes_mean, 0, m);
    vstore16(lanes_square, 0, s);
    float mean = m[0], square = s[0];
    for (int k = 1; n && k < 16; k++, have += n)
        MERGE(mean, square, have, m[k], s[k], n);
    for (int j = n * 16; j < length; j++) {
        float b = row[j];
        MERGE(mean, square, j, b, 0.0f, 1);
    }
    return (float2)(mean, square / (float)length);
}

__kernel void norm_parts_plain(__global const float *from, __global float16 *parts, int length,
                               int size) {
    int part = get_global_id(0), row = get_global_id(1), first = part * size;
    size_t at = ((size_t)row * get_global_size(0) + part) * 2;
    float16 mean, square;
    add_pieces(from + (size_t)row * length, first, min(first + size, length / 16), &mean, &square);
    parts[at] = mean;
    parts[at + 1] = square;
}

/* Row y of `length` elements is one channel; `share` of them have the statistics of one row of
 * norm_parts_plain, which is as long as all of these together. */
__kernel void norm_apply_plain(__global const float *from, __global float *to,
                               __global const float16 *parts, __global const float *scale,
                               int length, int share, int size, int count, int channels, int blocks,
                               float epsilon, CF_POST_ARGS) {
    int row = get_global_id(1), c = row % channels, group = row / share, whole = length * share;
    int j = get_global_id(0) * VECTORS * 16, last = min(j + VECTORS * 16, length);
    float16 mean, square;
    merge_parts(parts + (size_t)group * count * 2, count, size, whole / 16, &mean, &square);
    float2 stat = whole_row(from + (size_t)group * whole, whole, mean, square);
    float factor = scale[c] / sqrt(stat.y + epsilon), offset = scale[blocks * 16 + c];
    size_t start = (size_t)row * length;
    for (; j + 16 <= last; j += 16) {
        float16 x = (vload16(0, from + start + j) - stat.x) * factor + offset;
        vstore16(cf_post_row(x, c, blocks, start + j, CF_POST_PASS), 0, to + start + j);
    }
    for (; j < last; j++)
        to[start + j] = cf_post1((from[start + j] - stat.x) * factor + offset, c, blocks, start + j,
                                 CF_POST_PASS);
}

/* Rows normalized as a whole; scale and offset (each `length`, or one element when its step is 0)
 * run along them. */
__kernel void norm_rows(__global const float *from, __global float *to, __global const float *scale,
                        __global const float *offset, int length, int step_scale, int step_offset,
                        float epsilon, int4 channel, CF_POST_ARGS) {
    size_t start = (size_t)get_global_id(0) * length;
    float16 mean, square;
    add_pieces(from + start, 0, length / 16, &mean, &square);
    float2 stat = whole_row(from + start, length, mean, square);
    float factor = 1.0f / sqrt(stat.y + epsilon);
    int j = 0;
    for (; j + 16 <= length; j += 16) {
        float16 x = (vload16(0, from + start + j) - stat.x) * factor;
        float16 a = step_scale ? vload16(0, scale + j) : (float16)(*scale);
        float16 b = step_offset ? vload16(0, offset + j) : (float16)(*offset);
        vstore16(cf_post_any(x * a + b, channel, start + j, CF_POST_PASS), 0, to + start + j);
    }
    for (; j < length; j++) {
        float x = (from[start + j] - stat.x) * factor;
        x = x * scale[j * step_scale] + offset[j * step_offset];
        to[start + j] = cf_post_any1(x, channel, start + j, CF_POST_PASS);
    }
}
