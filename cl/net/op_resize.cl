/* SPDX-License-Identifier: Apache-2.0 */
/* Resampling by tables: output i of an axis is the sum over TAPS k of weight[i * TAPS + k] times
 * input place[i * TAPS + k]. */
#include "cl/net/post.clh"

#ifndef TAPS
#define TAPS 2 /* 1 nearest, 2 linear, 4 cubic */
#endif
#define RUN 64 /* pixels of one work-item */

/* Blocked, both axes at once: x RUN pixels of a row, y rows, z planes. */
__kernel void resize_blocked(__global const float16 *from, __global float16 *to,
                             __global const int *place_x, __global const float *weight_x,
                             __global const int *place_y, __global const float *weight_y,
                             int in_width, int in_height, int width, int blocks, CF_POST_ARGS) {
    int y = get_global_id(1), plane = get_global_id(2), cb = plane % blocks;
    int first = get_global_id(0) * RUN, last = min(first + RUN, width);
    size_t out = ((size_t)plane * get_global_size(1) + y) * width;
    __global const float16 *rows[TAPS];
    float weight[TAPS];
    from += (size_t)plane * in_height * in_width;
    for (int k = 0; k < TAPS; k++) {
        rows[k] = from + (size_t)place_y[y * TAPS + k] * in_width;
        weight[k] = weight_y[y * TAPS + k];
    }
    for (int x = first; x < last; x++) {
#if TAPS == 1
        float16 sum = rows[0][place_x[x]];
#else
        float16 sum = 0.0f;
        for (int i = 0; i < TAPS; i++) {
            int at = place_x[x * TAPS + i];
            float16 column = rows[0][at] * weight[0];
            for (int k = 1; k < TAPS; k++)
                column = fma(rows[k][at], (float16)(weight[k]), column);
            sum = fma(column, (float16)(weight_x[x * TAPS + i]), sum);
        }
#endif
        to[out + x] = cf_post16(sum, cb, blocks, out + x, CF_POST_PASS);
    }
}

/* Blocked, to twice the size between pixel centres (weights 1/4 and 3/4), the usual case in
 * U-Nets: x RUN input pixels, y input rows, z planes; each loaded once for its four outputs. */
__kernel void resize_twice_blocked(__global const float16 *from, __global float16 *to, int width,
                                   int height, int blocks, CF_POST_ARGS) {
    int y = get_global_id(1), plane = get_global_id(2), cb = plane % blocks;
    int first = get_global_id(0) * RUN, last = min(first + RUN, width);
    from += (size_t)plane * height * width;
    __global const float16 *above = from + (size_t)max(y - 1, 0) * width;
    __global const float16 *here = from + (size_t)y * width;
    __global const float16 *below = from + (size_t)min(y + 1, height - 1) * width;
    size_t out = ((size_t)plane * height + y) * 4 * width;
    /* The two output rows at input columns x - 1, x and x + 1. */
    float16 up0, up1, up2, down0, down1, down2;
#define COLUMN(up, down, x)                                                                        \
    {                                                                                              \
        float16 middle = here[x] * 0.75f;                                                          \
        up = fma(above[x], (float16)(0.25f), middle);                                              \
        down = fma(below[x], (float16)(0.25f), middle);                                            \
    }
#define STORE(side, middle, i)                                                                     \
    to[i] = cf_post16(fma(side, (float16)(0.25f), middle * 0.75f), cb, blocks, i, CF_POST_PASS)
    COLUMN(up0, down0, max(first - 1, 0));
    COLUMN(up1, down1, first);
    for (int x = first; x < last; x++) {
        size_t i = out + 2 * x, j = i + 2 * width;
        COLUMN(up2, down2, min(x + 1, width - 1));
        STORE(up0, up1, i);
        STORE(up2, up1, i + 1);
        STORE(down0, down1, j);
        STORE(down2, down1, j + 1);
        up0 = up1, up1 = up2;
        down0 = down1, down1 = down2;
    }
}

/* Plain, one axis of `in` elements with `inner` behind it: x RUN elements of a line, y lines (the
 * outputs of the axis for everything before it). */
__kernel void resize_axis(__global const float *from, __global float *to, __global const int *place,
                          __global const float *weight, int in, int out, int inner, int4 channel,
                          CF_POST_ARGS) {
    int line = get_global_id(1), at = line % out;
    int first = get_global_id(0) * RUN * 16, last = min(first + RUN * 16, inner), j = first;
    size_t start = (size_t)line * inner;
    from += (size_t)(line / out) * in * inner;
    place += at * TAPS;
    weight += at * TAPS;
    for (; j + 16 <= last; j += 16) {
        float16 sum = 0.0f;
        for (int k = 0; k < TAPS; k++)
            sum += vload16(0, from + (size_t)place[k] * inner + j) * weight[k];
        vstore16(cf_post_any(sum, channel, start + j, CF_POST_PASS), 0, to + start + j);
    }
    for (; j < last; j++) {
        float sum = 0.0f;
        for (int k = 0; k < TAPS; k++)
            sum += from[(size_t)place[k] * inner + j] * weight[k];
        to[start + j] = cf_post_any1(sum, channel, start + j, CF_POST_PASS);
    }
}

/* Plain, the last axis: x RUN * 16 elements of a row, y rows. */
__kernel void resize_last(__global const float *from, __global float *to, __global const int *place,
                          __global const float *weight, int in, int out, int4 channel,
                          CF_POST_ARGS) {
    int first = get_global_id(0) * RUN * 16, last = min(first + RUN * 16, out);
    size_t start = (size_t)get_global_id(1) * out;
    from += (size_t)get_global_id(1) * in;
    for (int x = first; x < last; x++) {
        float sum = 0.0f;
        for (int k = 0; k < TAPS; k++)
            sum += from[place[x * TAPS + k]] * weight[x * TAPS + k];
        to[start + x] = cf_post_any1(sum, channel, start + x, CF_POST_PASS);
    }
}
