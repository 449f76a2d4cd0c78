/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transposed convolution. conv_transpose: output columns that lie a stride apart take the same taps
 * from neighbouring input pixels, so that each such phase is an ordinary convolution; a work-item
 * makes NP columns of one phase and row, 16 channels. conv_transpose_gather: anything, one output
 * element a work-item.
 */
#include "cl/net/put.clh"
#include "cl/net/tile.clh"

#ifndef NP /* columns of a tile */
#define NP 8
#endif
#ifndef IN_PLAIN /* 1: the input's layout is plain, else blocked */
#define IN_PLAIN 0
#endif

#define LANES (IN_PLAIN ? 1 : 16) /* input channels that lie together */
#define START(i) float16 sum##i = start, a##i = 0.0f;
#define ADD(i) sum##i += a##i, a##i = 0.0f;
#define STEP(i) a##i = fma(w0, (float16)(y[(i)*LANES + k]), a##i);
#define SWEEP                                                                                      \
    for (int k = 0; k < lanes; k++) {                                                              \
        float16 w0 = w[k];                                                                         \
        TILE(STEP)                                                                                 \
    }
#define STORE(i)                                                                                   \
    put(out, sum##i, n, cb, blocks, oc, oh *ow, (size_t)oy *ow + fx + (t0 + (i)) * sx,             \
        CF_POST_PASS);

/*
 * weights [output blocks][input blocks][kh][kw][LANES][16]. Global size: tiles of a phase's rows,
 * rows ordered by their phase, too; output blocks x phases; batch. The last tile of a row is moved
 * back to end with it.
 */
__kernel void conv_transpose(__global const float *restrict in,
                             __global const float16 *restrict weights,
                             __global const float16 *restrict bias, __global float *restrict out,
                             int ic, int ih, int iw, int oc, int oh, int ow, int kh, int kw, int sy,
                             int sx, int dy, int dx, int pad_y, int pad_x, CF_POST_ARGS) {
    int tiles = ((ow + sx - 1) / sx + NP - 1) / NP, row = get_global_id(0) / tiles;
    int per_phase = (oh + sy - 1) / sy, oy = row % per_phase * sy + row / per_phase;
    int cb = get_global_id(1) / sx, fx = get_global_id(1) % sx, n = get_global_id(2);
    int columns = (ow - fx + sx - 1) / sx, t0 = (int)get_global_id(0) % tiles * NP;
    if (oy >= oh || t0 >= columns)
        return;
    t0 = min(t0, columns - NP);
    int blocks = (oc + 15) / 16, in_blocks = (ic + LANES - 1) / LANES;
    float16 start = bias[cb];
    TILE(START)
    for (int b = 0; b < in_blocks; b++) {
        int lanes = min(LANES, ic - b * LANES);
        __global const float *plane = in + ((size_t)n * in_blocks + b) * ih * iw * LANES;
        for (int ky = 0; ky < kh; ky++) {
            int iy = oy + pad_y - ky * dy; /* times the stride */
            if (iy < 0 || iy % sy || iy / sy >= ih)
                continue;
            __global const float *from = plane + (size_t)(iy / sy) * iw * LANES;
            for (int kx = 0; kx < kw; kx++) {
                int ix = fx + pad_x - kx * dx;
                if (ix % sx)
                    continue;
                __global const float16 *w =
                    weights + ((((size_t)cb * in_blocks + b) * kh + ky) * kw + kx) * LANES;
                int x = ix / sx + t0;
                if (x >= 0 && x + NP <= iw) {
                    __global const float *y = from + x * LANES;
                    SWEEP
                } else { /* columns with zeros around the picture */
                    float y[NP * LANES];
                    for (int i = 0; i < NP; i++, x++)
                        for (int k = 0; k < LANES; k++)
                            y[i * LANES + k] = x >= 0 && x < iw ? from[x * LANES + k] : 0.0f;
                    SWEEP
                }
            }
        }
        if (!IN_PLAIN || b % 16 == 15 || b == in_blocks - 1) { /* short sums round less */
            TILE(ADD)
        }
    }
    TILE(STORE)
}

/* All plain; weights as ONNX has them: [ic][group_out][kh][kw]. bias_step 0: no bias. */
__kernel void conv_transpose_gather(__global const float *restrict in,
                                    __global const float *restrict weights,
                                    __global const float *restrict bias,
                                    __global float *restrict out, int bias_step, int ic, int ih,
                                    int iw, int oc, int oh, int ow, int kh, int kw, int sy, int sx,
                                    int dy, int dx, int pad_y, int pad_x, int group_in,
                                    int group_out, CF_POST_ARGS) {
    int ox = get_global_id(0), oy = get_global_id(1), c = (int)get_global_id(2) % oc;
    int n = (int)get_global_id(2) / oc, first = c / group_out * group_in;
    float sum = bias_step ? bias[c] : 0.0f;
    for (int ky = 0; ky < kh; ky++) {
        int iy = oy + pad_y - ky * dy;
        if (iy < 0 || iy % sy || iy / sy >= ih)
            continue;
        for (int kx = 0; kx < kw; kx++) {
            int ix = ox + pad_x - kx * dx;
            if (ix < 0 || ix % sx || ix / sx >= iw)
                continue;
            for (int k = first; k < first + group_in; k++)
                sum = fma(in[(((size_t)n * ic + k) * ih + iy / sy) * iw + ix / sx],
                          weights[(((size_t)k * group_out + c % group_out) * kh + ky) * kw + kx],
                          sum);
        }
    }
    size_t i = (((size_t)n * oc + c) * oh + oy) * ow + ox;
    out[i] = cf_post1(sum, c, (oc + 15) / 16, i, CF_POST_PASS);
}
