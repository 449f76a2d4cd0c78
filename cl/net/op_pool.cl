/* SPDX-License-Identifier: Apache-2.0 */
/* The largest element or, with AVERAGE, the mean of each window of a padded picture. */
#include "cl/net/post.clh"

#define RUN 32 /* output pixels of one work-item */

typedef struct {
    int in[2], out[2], window[2], stride[2], dilation[2], begin[2], end[2]; /* y, x */
    int count_pads;
} pool;

#ifdef AVERAGE
#define START 0.0f
#define ADD(sum, x) sum += x
#else
#define START (-INFINITY)
#define ADD(sum, x) sum = max(sum, x)
#endif

/* The taps of output i along an axis: the first that is inside the picture and the one behind the
 * last; `counted` are those that a mean is over. */
static int2 taps_of(const pool *p, int axis, int i, int *counted) {
    int d = p->dilation[axis], start = i * p->stride[axis] - p->begin[axis];
    int first = start < 0 ? (d - 1 - start) / d : 0;
    int last = clamp((p->in[axis] - start + d - 1) / d, 0, p->window[axis]);
    int padded = clamp((p->in[axis] + p->end[axis] - start + d - 1) / d, 0, p->window[axis]);
    *counted = p->count_pads ? padded : last - first;
    return (int2)(first, last);
}

__kernel void pool_blocked(__global const float16 *from, __global float16 *to, pool p, int blocks,
                           CF_POST_ARGS) {
    int y = get_global_id(1), plane = get_global_id(2), cb = plane % blocks;
    int first = get_global_id(0) * RUN, last = min(first + RUN, p.out[1]), rows, columns;
    int2 ty = taps_of(&p, 0, y, &rows);
    size_t row = ((size_t)plane * p.out[0] + y) * p.out[1];
    from += (size_t)plane * p.in[0] * p.in[1];
    for (int x = first; x < last; x++) {
        int2 tx = taps_of(&p, 1, x, &columns);
        int at_x = x * p.stride[1] - p.begin[1], step = p.dilation[1];
        float16 sum = START;
        for (int j = ty.x; j < ty.y; j++) {
            int at_y = y * p.stride[0] - p.begin[0] + j * p.dilation[0];
            int at = at_y * p.in[1] + at_x + tx.x * step;
            for (int i = tx.x; i < tx.y; i++, at += step)
                ADD(sum, from[at]);
        }
#ifdef AVERAGE
        sum /= (float)max(rows * columns, 1);
#endif
        to[row + x] = cf_post16(sum, cb, blocks, row + x, CF_POST_PASS);
    }
}

/* 16 outputs from column x on by windows of 2 columns side by side, as networks halve pictures. */
static float16 pool_pairs(__global const float *from, const pool *p, int2 ty, int y, int x) {
    float16 sum = START;
    for (int j = ty.x; j < ty.y; j++) {
        int at_y = y * p->stride[0] - p->begin[0] + j * p->dilation[0];
        __global const float *row = from + (size_t)at_y * p->in[1] + 2 * x;
        float16 left = vload16(0, row), right = vload16(1, row);
        ADD(sum, ((float16)(left.even, right.even)));
        ADD(sum, ((float16)(left.odd, right.odd)));
    }
    return sum;
}

__kernel void pool_plain(__global const float *from, __global float *to, pool p, int channels,
                         int blocks, CF_POST_ARGS) {
    int y = get_global_id(1), plane = get_global_id(2), c = plane % channels;
    int first = get_global_id(0) * RUN, last = min(first + RUN, p.out[1]), rows, columns;
    int2 ty = taps_of(&p, 0, y, &rows);
    size_t row = ((size_t)plane * p.out[0] + y) * p.out[1];
    from += (size_t)plane * p.in[0] * p.in[1];
    if (p.window[1] == 2 && p.stride[1] == 2 && p.dilation[1] == 1 && p.begin[1] == 0)
        for (; first + 16 <= last && 2 * first + 32 <= p.in[1]; first += 16) {
            float16 sums = pool_pairs(from, &p, ty, y, first);
#ifdef AVERAGE
            sums /= (float)max(rows * 2, 1);
#endif
            vstore16(cf_post_row(sums, c, blocks, row + first, CF_POST_PASS), 0, to + row + first);
        }
    for (int x = first; x < last; x++) {
        int2 tx = taps_of(&p, 1, x, &columns);
        int at_x = x * p.stride[1] - p.begin[1], step = p.dilation[1];
        float sum = START;
        for (int j = ty.x; j < ty.y; j++) {
            int at_y = y * p.stride[0] - p.begin[0] + j * p.dilation[0];
            int at = at_y * p.in[1] + at_x + tx.x * step;
            for (int i = tx.x; i < tx.y; i++, at += step)
                ADD(sum, from[at]);
        }
#ifdef AVERAGE
        sum /= (float)max(rows * columns, 1);
#endif
        to[row + x] = cf_post1(sum, c, blocks, row + x, CF_POST_PASS);
    }
}
