/* SPDX-License-Identifier: Apache-2.0 */
/* Reductions of [outer][length][inner] to [outer][parts][inner]: with more than one part a second
 * launch reduces those. MAP is code on x for each element, COMBINE joins x to sum, FINISH is code
 * on x, the result, with the number of elements `total`. */
#include "cl/net/post.clh"

#ifndef COMBINE
#define COMBINE sum += x
#define START 0.0f
#endif
#ifndef MAP
#define MAP
#endif
#ifndef FINISH
#define FINISH
#endif
/* Elements that are joined before they are joined to the rest, so that long sums stay accurate. */
#define PIECE 128
#define COLUMNS 256 /* inner elements of one work-item */

#define JOIN(to, value)                                                                            \
    {                                                                                              \
        x = value;                                                                                 \
        sum = to;                                                                                  \
        COMBINE;                                                                                   \
        to = sum;                                                                                  \
    }

/* Vectors `step` floats apart. */
static float16 reduce16(__global const float *from, size_t step, int length) {
    float16 all = START, x, sum;
    for (int done = 0; done < length; done += PIECE) {
        float16 piece = START;
        for (int k = done; k < min(done + PIECE, length); k++) {
            x = vload16(0, from + k * step);
            MAP;
            sum = piece;
            COMBINE;
            piece = sum;
        }
        JOIN(all, piece);
    }
    return all;
}

/* Blocked, over all pixels: x parts of `size` pixels, y planes. */
__kernel void reduce_blocked(__global const float *from, __global float16 *to, int pixels, int size,
                             float total, int blocks, CF_POST_ARGS) {
    int first = get_global_id(0) * size, plane = get_global_id(1);
    float16 x =
        reduce16(from + ((size_t)plane * pixels + first) * 16, 16, min(size, pixels - first));
    FINISH;
    size_t i = (size_t)plane * get_global_size(0) + get_global_id(0);
    to[i] = cf_post16(x, plane % blocks, blocks, i, CF_POST_PASS);
}

/* The same to plain [N][C]. */
__kernel void reduce_blocked_plain(__global const float *from, __global float *to, int pixels,
                                   int channels, float total, int blocks, CF_POST_ARGS) {
    int plane = get_global_id(1), c = plane % blocks * 16;
    float16 x = reduce16(from + (size_t)plane * pixels * 16, 16, pixels);
    float values[16];
    FINISH;
    vstore16(x, 0, values);
    size_t i = (size_t)(plane / blocks) * channels + c;
    for (int k = 0; k < min(16, channels - c); k++)
        to[i + k] = cf_post1(values[k], c + k, blocks, i + k, CF_POST_PASS);
}

/* Plain, inner 1: x parts of `size` elements (a multiple of 16 where there are several), y rows. */
__kernel void reduce_rows(__global const float *from, __global float *to, int length, int size,
                          float total, int4 channel, CF_POST_ARGS) {
    int first = get_global_id(0) * size, count = min(size, length - first);
    size_t i = (size_t)get_global_id(1) * get_global_size(0) + get_global_id(0);
    float values[16], x, sum, all = START;
    from += (size_t)get_global_id(1) * length + first;
    if (count >= 16) {
        vstore16(reduce16(from, 16, count / 16), 0, values);
        for (int k = 0; k < 16; k++)
            JOIN(all, values[k]);
    }
    for (int j = count / 16 * 16; j < count; j++) {
        x = from[j];
        MAP;
        sum = all;
        COMBINE;
        all = sum;
    }
    x = all;
    FINISH;
    to[i] = cf_post_any1(x, channel, i, CF_POST_PASS);
}

/* Plain: x COLUMNS inner elements, y parts of `size` elements, z what is before the axes. */
__kernel void reduce_axis(__global const float *from, __global float *to, int length, int size,
                          int inner, float total, int4 channel, CF_POST_ARGS) {
    int j = get_global_id(0) * COLUMNS, last = min(j + COLUMNS, inner);
    int first = get_global_id(1) * size, count = min(size, length - first);
    size_t out = ((size_t)get_global_id(2) * get_global_size(1) + get_global_id(1)) * inner;
    from += ((size_t)get_global_id(2) * length + first) * inner;
    for (; j + 16 <= last; j += 16) {
        float16 x = reduce16(from + j, inner, count);
        FINISH;
        vstore16(cf_post_any(x, channel, out + j, CF_POST_PASS), 0, to + out + j);
    }
    for (; j < last; j++) {
        float all = START, x, sum;
        for (int k = 0; k < count; k++) {
            x = from[(size_t)k * inner + j];
            MAP;
            sum = all;
            COMBINE;
            all = sum;
        }
        x = all;
        FINISH;
        to[out + j] = cf_post_any1(x, channel, out + j, CF_POST_PASS);
    }
}
