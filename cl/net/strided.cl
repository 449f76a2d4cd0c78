/* SPDX-License-Identifier: Apache-2.0 */
/* Copies with any strides, see strided.h. Lanes 0 and 1 of dim, from_stride and to_stride are the
 * two dimensions that a work-item loops over, `chunk` of each; lanes 2 to 7 are the outer ones. */
#include "cl/net/transpose16.clh"

/* The place of outer index i; lanes beyond the rank are dimensions of 1. */
static inline int outer(int i, int8 dim, int8 stride) {
    int at = i % dim.s2 * stride.s2;
    i /= dim.s2;
    at += i % dim.s3 * stride.s3;
    i /= dim.s3;
    at += i % dim.s4 * stride.s4;
    i /= dim.s4;
    at += i % dim.s5 * stride.s5;
    i /= dim.s5;
    at += i % dim.s6 * stride.s6;
    return at + i / dim.s6 * stride.s7;
}

/* Both tight in lane 0. */
__kernel void strided_rows(__global const float *restrict from, __global float *restrict to,
                           int8 dim, int8 from_stride, int8 to_stride, int2 at, int2 chunk) {
    int i0 = (int)get_global_id(0) * chunk.x, i1 = min(i0 + chunk.x, dim.s0);
    int j0 = (int)get_global_id(1) * chunk.y, j1 = min(j0 + chunk.y, dim.s1);
    from += at.x + outer((int)get_global_id(2), dim, from_stride);
    to += at.y + outer((int)get_global_id(2), dim, to_stride);
    for (int j = j0; j < j1; j++) {
        __global const float *source = from + j * from_stride.s1;
        __global float *target = to + j * to_stride.s1;
        int i = i0;
        for (; i + 16 <= i1; i += 16)
            vstore16(vload16(0, source + i), 0, target + i);
        for (; i < i1; i++)
            target[i] = source[i];
    }
}

__kernel void strided_elements(__global const float *restrict from, __global float *restrict to,
                               int8 dim, int8 from_stride, int8 to_stride, int2 at, int2 chunk) {
    int i0 = (int)get_global_id(0) * chunk.x, i1 = min(i0 + chunk.x, dim.s0);
    int j0 = (int)get_global_id(1) * chunk.y, j1 = min(j0 + chunk.y, dim.s1);
    from += at.x + outer((int)get_global_id(2), dim, from_stride);
    to += at.y + outer((int)get_global_id(2), dim, to_stride);
    for (int j = j0; j < j1; j++)
        for (int i = i0; i < i1; i++)
            to[i * to_stride.s0 + j * to_stride.s1] = from[i * from_stride.s0 + j * from_stride.s1];
}

/* `to` is tight in lane 0, `from` in lane 1. */
__kernel void strided_transpose(__global const float *restrict from, __global float *restrict to,
                                int8 dim, int8 from_stride, int8 to_stride, int2 at, int2 chunk) {
    int i0 = (int)get_global_id(0) * chunk.x, i1 = min(i0 + chunk.x, dim.s0);
    int j0 = (int)get_global_id(1) * chunk.y, j1 = min(j0 + chunk.y, dim.s1);
    int row = from_stride.s0, column = to_stride.s1;
    from += at.x + outer((int)get_global_id(2), dim, from_stride);
    to += at.y + outer((int)get_global_id(2), dim, to_stride);
    for (int j = j0; j < j1; j += 16)
        for (int i = i0; i < i1; i += 16) {
            if (i + 16 <= i1 && j + 16 <= j1) {
#define LOAD(k, h) float16 v##h = vload16(0, from + (i + k) * row + j);
#define STORE(k, h) vstore16(z##h, 0, to + (j + k) * column + i);
                CF_ALL16(LOAD)
                CF_TRANSPOSE16
                CF_ALL16(STORE)
                continue;
            }
            for (int y = j; y < min(j + 16, j1); y++)
                for (int x = i; x < min(i + 16, i1); x++)
                    to[y * column + x] = from[x * row + y];
        }
}

/* Channels moved by a number that is no multiple of 16: lane l of a block of `to` comes from two
 * neighbouring blocks of `from`. */
__kernel void strided_shift(__global const float *restrict from, __global float *restrict to,
                            int from_blocks, int to_blocks, int pixels, int first_channel,
                            int delta, int chunk) {
    int block = first_channel / 16 + (int)get_global_id(1), n = (int)get_global_id(2);
    int c = block * 16 + delta + 16; /* of lane 0 in `from`, 16 too many so that it is positive */
    int a = c / 16 - 1, lane = c % 16;
    int has_a = a >= 0 && a < from_blocks, has_b = lane && a + 1 < from_blocks;
    __global const float *block_a = from + (size_t)(n * from_blocks + a) * pixels * 16;
    __global const float *block_b = block_a + (size_t)pixels * 16;
    __global float *target = to + (size_t)(n * to_blocks + block) * pixels * 16;
    int16 keep = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) + block * 16 <
                 (int16)(first_channel);
    int first = (int)get_global_id(0) * chunk, last = min(first + chunk, pixels);
    for (int p = first; p < last; p++) {
        float both[32];
        vstore16(has_a ? vload16(p, block_a) : (float16)(0), 0, both);
        vstore16(has_b ? vload16(p, block_b) : (float16)(0), 1, both);
        vstore16(select(vload16(0, both + lane), vload16(p, target), keep), p, target);
    }
}
