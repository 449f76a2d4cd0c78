/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 1x1 convolution without padding. A work-item makes one block of 16 output channels for `tiles`
 * tiles of NP pixels of one row; a row is the whole picture when the stride is 1. The last tile of
 * a row is moved back to end with it: it computes some pixels a second time, to the same values.
 */
#include "cl/net/put.clh"
#include "cl/net/tile.clh"
#include "cl/net/weights.clh"

#ifndef NP /* pixels of a tile: 14 accumulators measured as fast as 2 x 14 */
#define NP 14
#endif
#ifndef STRIDE /* along the row */
#define STRIDE 1
#endif
#ifndef IN_PLAIN /* 1: the input's layout is plain, else blocked */
#define IN_PLAIN 0
#endif

#define LANES (IN_PLAIN ? 1 : 16) /* input channels that lie together */
#define START(i) float16 sum##i = start;
#define PART(i) float16 a##i = 0.0f;
#define ADD(i) sum##i += a##i;
#define STEP(i) a##i = fma(w0, (float16)(y[(i)*STRIDE * LANES + k]), a##i);
#define CHANNELS(count)                                                                            \
    for (int k = 0; k < (count); k++) {                                                            \
        float16 w0 = WEIGHTS(w, 0);                                                                \
        w += 16;                                                                                   \
        TILE(STEP)                                                                                 \
    }
#define STORE(i) put(out, sum##i, n, cb, blocks, channels_out, plane_out, at + (i), CF_POST_PASS);

/*
 * weights [blocks][channels][16]. in_plane, in_step: pixels of an input plane, and between the rows
 * of it that are read. by_pixels: whether neighbouring work-items differ in tiles (which keeps
 * their weights in cache) or in blocks (which keeps the input).
 */
__kernel void pointwise(__global const float *restrict in, __global const weight *restrict weights,
                        __global const float16 *restrict bias, __global float *restrict out,
                        int channels, int channels_out, int in_plane, int in_step, int width,
                        int rows, int tiles, int by_pixels, CF_POST_ARGS) {
    int gx = get_global_id(0), gy = get_global_id(1), n = get_global_id(2);
    int group = by_pixels ? gx : gy, cb = by_pixels ? gy : gx, count = (width + NP - 1) / NP;
    int groups = (count + tiles - 1) / tiles, row = group / groups;
    int blocks = (channels_out + 15) / 16, plane_out = rows * width;
    if (row >= rows || cb >= blocks)
        return;
    size_t from = ((size_t)n * ((channels + LANES - 1) / LANES) * in_plane + row * in_step) * LANES;
    int first = (group - row * groups) * tiles, last = min(first + tiles, count);
    float16 start = bias[cb];
    for (int tile = first; tile < last; tile++) {
        int x = min(tile * NP, width - NP);
        __global const float *y = in + from + (size_t)x * STRIDE * LANES;
        __global const weight *w = weights + (size_t)cb * channels * 16;
        TILE(START)
        for (int c = 0; c < channels; c += 64) { /* short sums round less: docs/numerics.md */
            int left = min(channels - c, 64);
            TILE(PART)
            for (; left >= LANES; left -= LANES, y += (size_t)in_plane * LANES)
                CHANNELS(LANES)
            CHANNELS(left)
            TILE(ADD)
        }
        size_t at = (size_t)row * width + x;
        TILE(STORE)
    }
}
