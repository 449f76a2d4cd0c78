/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax and, with LOG, LogSoftmax: largest element, sum of exponentials, quotient. */
#include "cl/net/post.clh"

#define PIXELS 16   /* of one work-item, blocked */
#define COLUMNS 256 /* elements behind the axis of one work-item, plain */

#ifdef LOG
#define KEEP(x, e) (x)
#define FINISH(kept, peak, sum) ((kept) - (peak)-log(sum))
#else
#define KEEP(x, e) (e)
#define FINISH(kept, peak, sum) ((kept) / (sum))
#endif

static float lanes_max(float16 x) {
    float8 a = max(x.lo, x.hi);
    float4 b = max(a.lo, a.hi);
    float2 c = max(b.lo, b.hi);
    return max(c.x, c.y);
}

static float lanes_sum(float16 x) {
    float8 a = x.lo + x.hi;
    float4 b = a.lo + a.hi;
    float2 c = b.lo + b.hi;
    return c.x + c.y;
}

/* Blocked, over the channels: x PIXELS pixels, y images. */
__kernel void softmax_blocked(__global const float16 *from, __global float16 *to, int pixels,
                              int channels, int blocks, CF_POST_ARGS) {
    const int16 lane = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    int first = get_global_id(0) * PIXELS, end = (blocks - 1) * pixels;
    int16 real = lane < channels - (blocks - 1) * 16; /* in the last block */
    size_t plane = (size_t)get_global_id(1) * blocks * pixels;
    for (int p = first; p < min(first + PIXELS, pixels); p++) {
        __global const float16 *x = from + plane + p;
        __global float16 *y = to + plane + p;
        float16 peak = real ? x[end] : (float16)(-INFINITY), sum = 0.0f;
        for (int i = 0; i < end; i += pixels)
            peak = max(peak, x[i]);
        peak = lanes_max(peak);
        for (int i = 0; i <= end; i += pixels) {
            float16 e = exp(x[i] - peak);
            y[i] = KEEP(x[i], e);
            if (i == end)
                e = real ? e : (float16)(0.0f);
            sum += e;
        }
        sum = lanes_sum(sum);
        for (int cb = 0, i = 0; cb < blocks; cb++, i += pixels)
            y[i] = cf_post16(FINISH(y[i], peak, sum), cb, blocks, plane + p + i, CF_POST_PASS);
    }
}

/* Plain, over `length` elements one behind the other: x rows. */
__kernel void softmax_rows(__global const float *from, __global float *to, int length, int4 channel,
                           CF_POST_ARGS) {
    size_t start = (size_t)get_global_id(0) * length;
    float16 peaks = (float16)(-INFINITY), sums = 0.0f;
    int whole = length / 16 * 16;
    for (int j = 0; j < whole; j += 16)
        peaks = max(peaks, vload16(0, from + start + j));
    float peak = lanes_max(peaks);
    for (int j = whole; j < length; j++)
        peak = max(peak, from[start + j]);
    for (int j = 0; j < whole; j += 16) {
        float16 x = vload16(0, from + start + j), e = exp(x - peak);
        vstore16(KEEP(x, e), 0, to + start + j);
        sums += e;
    }
    float sum = lanes_sum(sums);
    for (int j = whole; j < length; j++) {
        float x = from[start + j], e = exp(x - peak);
        to[start + j] = KEEP(x, e);
        sum += e;
    }
    for (int j = 0; j < whole; j += 16) {
        float16 x = FINISH(vload16(0, to + start + j), peak, sum);
        vstore16(cf_post_any(x, channel, start + j, CF_POST_PASS), 0, to + start + j);
    }
    for (int j = whole; j < length; j++)
        to[start + j] =
            cf_post_any1(FINISH(to[start + j], peak, sum), channel, start + j, CF_POST_PASS);
}

/* Plain, over `length` elements `inner` apart: x COLUMNS of the inner elements, y what is before
 * the axis. */
__kernel void softmax_axis(__global const float *from, __global float *to, int length, int inner,
                           int4 channel, CF_POST_ARGS) {
    int j = get_global_id(0) * COLUMNS, last = min(j + COLUMNS, inner);
    size_t start = (size_t)get_global_id(1) * length * inner;
    for (; j + 16 <= last; j += 16) {
        float16 peak = (float16)(-INFINITY), sum = 0.0f;
        for (int k = 0; k < length; k++)
            peak = max(peak, vload16(0, from + start + (size_t)k * inner + j));
        for (int k = 0; k < length; k++) {
            size_t i = start + (size_t)k * inner + j;
            float16 x = vload16(0, from + i), e = exp(x - peak);
            vstore16(KEEP(x, e), 0, to + i);
            sum += e;
        }
        for (int k = 0; k < length; k++) {
            size_t i = start + (size_t)k * inner + j;
            float16 x = FINISH(vload16(0, to + i), peak, sum);
            vstore16(cf_post_any(x, channel, i, CF_POST_PASS), 0, to + i);
        }
    }
    for (; j < last; j++) {
        float peak = -INFINITY, sum = 0.0f;
        for (int k = 0; k < length; k++)
            peak = max(peak, from[start + (size_t)k * inner + j]);
        for (int k = 0; k < length; k++)
            sum += exp(from[start + (size_t)k * inner + j] - peak);
        for (int k = 0; k < length; k++) {
            size_t i = start + (size_t)k * inner + j;
            float x = from[i], e = exp(x - peak);
            to[i] = cf_post_any1(FINISH(KEEP(x, e), peak, sum), channel, i, CF_POST_PASS);
        }
    }
}
