/* SPDX-License-Identifier: Apache-2.0 */
/* Pointwise operators: all work is in the epilogue; and their broadcasting forms, where OP is code
 * on x and y. */
#include "cl/net/post.clh"

#define VALUE(v) (v) /* in OP y has x's type */
#ifndef OP
#define OP x += y
#endif
/* Work of one work-item, in vectors of 16: enough to outweigh what starting it costs. */
#define VECTORS 64

/* Blocked: x is one work-item per VECTORS pixels, y one per image and channel block. */
__kernel void pointwise_blocked(__global const float16 *from, __global float16 *to, int pixels,
                                int blocks, CF_POST_ARGS) {
    int plane = get_global_id(1), first = get_global_id(0) * VECTORS;
    int last = min(first + VECTORS, pixels), cb = plane % blocks;
    for (int p = first; p < last; p++) {
        size_t i = (size_t)plane * pixels + p;
        to[i] = cf_post16(from[i], cb, blocks, i, CF_POST_PASS);
    }
}

/* Blocked, one operand of fewer elements: its vector (SPLAT: its only channel) for image n, block
 * cb, pixel p is at n * steps.x + cb * steps.y + p * steps.z. */
#ifdef SPLAT
#define OTHER(i) ((float16)(((__global const float *)other)[i]))
#else
#define OTHER(i) other[i]
#endif
__kernel void pointwise_blocked_spread(__global const float16 *full, __global const float16 *other,
                                       __global float16 *to, int pixels, int blocks, int4 steps,
                                       CF_POST_ARGS) {
    int plane = get_global_id(1), first = get_global_id(0) * VECTORS;
    int last = min(first + VECTORS, pixels), cb = plane % blocks;
    int start = plane / blocks * steps.x + cb * steps.y;
    for (int p = first; p < last; p++) {
        size_t i = (size_t)plane * pixels + p;
        float16 x = full[i], y = OTHER(start + p * steps.z);
        OP;
        to[i] = cf_post16(x, cb, blocks, i, CF_POST_PASS);
    }
}

/* Plain: rows of `length` elements, the y-th of channel y % channels; with step 1 the channel is
 * the place in the row instead. */
__kernel void pointwise_plain(__global const float *from, __global float *to, int length,
                              int channels, int step, int blocks, CF_POST_ARGS) {
    int row = get_global_id(1), first = get_global_id(0) * VECTORS * 16;
    int last = min(first + VECTORS * 16, length), c = step ? 0 : row % channels, j = first;
    size_t start = (size_t)row * length;
    if (!step)
        for (; j + 16 <= last; j += 16) {
            float16 x = vload16(0, from + start + j);
            vstore16(cf_post_row(x, c, blocks, start + j, CF_POST_PASS), 0, to + start + j);
        }
    for (; j < last; j++)
        to[start + j] = cf_post1(from[start + j], c + step * j, blocks, start + j, CF_POST_PASS);
}

/* NumPy broadcasting: sizes of the output's dimensions, and the steps of both operands along each
 * (0 where it is repeated); dimensions of 1 are left out, the last one's steps are 0 or 1. */
typedef struct {
    int rank, size[8], step_a[8], step_b[8];
} spread;

static float16 row16(__global const float *p, int step, int j) {
    return step ? vload16(0, p + j) : (float16)(*p);
}

__kernel void pointwise_spread(__global const float *a, __global const float *b, __global float *to,
                               spread s, int4 channel, CF_POST_ARGS) {
    int row = get_global_id(1), rest = row, length = s.size[s.rank - 1];
    int j = get_global_id(0) * VECTORS * 16, last = min(j + VECTORS * 16, length);
    for (int d = s.rank - 2; d >= 0; d--) {
        int at = rest % s.size[d];
        rest /= s.size[d];
        a += at * s.step_a[d];
        b += at * s.step_b[d];
    }
    int step_a = s.step_a[s.rank - 1], step_b = s.step_b[s.rank - 1];
    size_t start = (size_t)row * length;
    for (; j + 16 <= last; j += 16) {
        float16 x = row16(a, step_a, j), y = row16(b, step_b, j);
        OP;
        vstore16(cf_post_any(x, channel, start + j, CF_POST_PASS), 0, to + start + j);
    }
    for (; j < last; j++) {
        float x = a[j * step_a], y = b[j * step_b];
        OP;
        to[start + j] = cf_post_any1(x, channel, start + j, CF_POST_PASS);
    }
}
