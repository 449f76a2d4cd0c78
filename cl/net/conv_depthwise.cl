/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Depthwise convolution, blocked: one weight per channel and tap, so that a block of 16 channels is
 * one vector everywhere. A work-item makes `span` rows of one block, NP pixels at a time; rows of
 * input that output rows share come from the cache. The last tile of a row is moved back to end
 * with it.
 */
#include "cl/net/post.clh"
#include "cl/net/tile.clh"

#ifndef NP /* pixels of a tile */
#define NP 14
#endif
#ifndef KERNEL_W
#define KERNEL_W 3
#endif
#ifndef STRIDE
#define STRIDE 1 /* along the row */
#endif

#define START(i) float16 a##i = start;
#define TAP(i) a##i = fma(w[kx], y[(i)*STRIDE + kx * dilation_x], a##i);
#define TAP_EDGE(i)                                                                                \
    {                                                                                              \
        int xi = x0 + (i)*STRIDE + kx * dilation_x;                                                \
        if (xi >= 0 && xi < in_width)                                                              \
            a##i = fma(w[kx], y[xi], a##i);                                                        \
    }
#define STORE(i) out[at + (i)] = cf_post16(a##i, cb, blocks, at + (i), CF_POST_PASS);

/* weights [blocks][kernel_h][KERNEL_W][16]. */
__kernel void depthwise(__global const float16 *restrict in,
                        __global const float16 *restrict weights,
                        __global const float16 *restrict bias, __global float16 *restrict out,
                        int blocks, int in_height, int in_width, int height, int width,
                        int kernel_h, int stride_y, int dilation_y, int dilation_x, int pad_top,
                        int pad_left, int span, CF_POST_ARGS) {
    int first = get_global_id(0) * span, cb = get_global_id(1), n = get_global_id(2);
    size_t plane = (size_t)n * blocks + cb;
    float16 start = bias[cb];
    for (int row = first; row < min(first + span, height); row++)
        for (int tile = 0; tile < width; tile += NP) {
            int x = min(tile, width - NP), x0 = x * STRIDE - pad_left;
            int inside = x0 >= 0 && x0 + (NP - 1) * STRIDE + (KERNEL_W - 1) * dilation_x < in_width;
            TILE(START)
            for (int ky = 0; ky < kernel_h; ky++) {
                int yi = row * stride_y - pad_top + ky * dilation_y;
                if (yi < 0 || yi >= in_height)
                    continue;
                __global const float16 *y = in + (plane * in_height + yi) * in_width;
                __global const float16 *w = weights + (cb * kernel_h + ky) * KERNEL_W;
                if (inside) {
                    y += x0;
                    for (int kx = 0; kx < KERNEL_W; kx++) {
                        TILE(TAP)
                    }
                } else {
                    for (int kx = 0; kx < KERNEL_W; kx++) {
                        TILE(TAP_EDGE)
                    }
                }
            }
            size_t at = (plane * height + row) * width + x;
            TILE(STORE)
        }
}
