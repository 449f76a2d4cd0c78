/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution to few channels, blocked to plain: the 16 lanes are input channels, not output
 * channels, most of which would be idle. A work-item computes 8 pixels of a row for OCN channels.
 */
#include "cl/net/post.clh"
#include "cl/net/tile.clh"

#ifndef OCN /* output channels of a tile: 1, 2 or 3 */
#define OCN 3
#endif
#ifndef PARTIAL /* 1: the last input block has lanes that are no channels, which may be NaN */
#define PARTIAL 0
#endif
#undef NP
#define NP 8

#if OCN == 1
#define EACH(F) F(0)
#define PER_PIXEL(F, i) F(i, 0)
#elif OCN == 2
#define EACH(F) F(0) F(1)
#define PER_PIXEL(F, i) F(i, 0) F(i, 1)
#else
#define EACH(F) F(0) F(1) F(2)
#define PER_PIXEL(F, i) F(i, 0) F(i, 1) F(i, 2)
#endif

#define START_1(i, j) float16 a##i##j = 0.0f;
#define START(i) PER_PIXEL(START_1, i)
#define ADD_1(i, j) a##i##j = fma(w##j, v, a##i##j);
#define ADD(i, value)                                                                              \
    {                                                                                              \
        float16 v = value;                                                                         \
        if (PARTIAL)                                                                               \
            v = select((float16)(0), v, real);                                                     \
        PER_PIXEL(ADD_1, i)                                                                        \
    }
#define INSIDE(i) ADD(i, row[x + i * sx])
#define AT_EDGE(i) ADD(i, x + i * sx >= 0 && x + i * sx < iw ? row[x + i * sx] : (float16)(0))
#define WEIGHT(j) float16 w##j = w[j];

/* Sums over lanes by halves: two vectors in, one out. */
#define FOLD_8(a, b) ((float16)(a.lo, b.lo) + (float16)(a.hi, b.hi))
#define FOLD_4(a, b) ((float16)(a.s012389ab, b.s012389ab) + (float16)(a.s4567cdef, b.s4567cdef))
#define FOLD_2(a, b) ((float16)(a.s014589cd, b.s014589cd) + (float16)(a.s2367abef, b.s2367abef))
/* The 8 pixels of channel j. */
#define FINISH(j)                                                                                  \
    {                                                                                              \
        float16 s0 = FOLD_8(a0##j, a1##j), s1 = FOLD_8(a2##j, a3##j);                              \
        float16 s2 = FOLD_8(a4##j, a5##j), s3 = FOLD_8(a6##j, a7##j);                              \
        s0 = FOLD_4(s0, s1);                                                                       \
        s2 = FOLD_4(s2, s3);                                                                       \
        s0 = FOLD_2(s0, s2);                                                                       \
        vstore8(s0.even + s0.odd, j, sums);                                                        \
    }

/* Weights: [ceil(oc / OCN)][input blocks][kh][kw][OCN][16 input channels]. Global size: tiles of a
 * picture, groups of OCN channels, batch. */
__kernel void conv_few(__global const float16 *restrict in,
                       __global const float16 *restrict weights,
                       __global const float *restrict bias, __global float *restrict out, int ic,
                       int ih, int iw, int oc, int oh, int ow, int kh, int kw, int sy, int sx,
                       int dy, int dx, int pad_y, int pad_x, CF_POST_ARGS) {
    int tiles = (ow + NP - 1) / NP, n = get_global_id(2), first = get_global_id(1) * OCN;
    int y0 = get_global_id(0) / tiles, x0 = get_global_id(0) % tiles * NP;
    int iblocks = (ic + 15) / 16, top = y0 * sy - pad_y;
    __global const float16 *w = weights + (size_t)get_global_id(1) * iblocks * kh * kw * OCN;
    TILE(START)
    for (int b = 0; b < iblocks; b++) {
        int16 real = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) < ic - 16 * b;
        for (int ky = 0; ky < kh; ky++) {
            int y = top + ky * dy;
            __global const float16 *row = in + (((size_t)n * iblocks + b) * ih + y) * iw;
            for (int kx = 0; kx < kw; kx++, w += OCN) {
                int x = x0 * sx - pad_x + kx * dx;
                if (y < 0 || y >= ih)
                    continue;
                EACH(WEIGHT)
                if (x >= 0 && x + (NP - 1) * sx < iw) {
                    TILE(INSIDE)
                } else {
                    TILE(AT_EDGE)
                }
            }
        }
    }
    float sums[OCN * NP];
    EACH(FINISH)
    int blocks = (oc + 15) / 16;
    for (int j = 0; j < OCN * NP; j++) {
        int c = first + j / NP, x = x0 + j % NP;
        size_t i = (((size_t)n * oc + c) * oh + y0) * ow + x;
        if (c < oc && x < ow)
            out[i] = cf_post1(sums[j] + bias[c], c, blocks, i, CF_POST_PASS);
    }
}
