/* SPDX-License-Identifier: Apache-2.0 */
/* Winograd's minimal filtering for 3x3, stride 1: TO x TO outputs from TI x TI inputs by TI^2
 * products instead of 9 TO^2 (Lavin and Gray, 2016). A dilated convolution is one of undilated ones
 * on each of its d x d interleaved pictures, so that a tile's pixels lie d apart. */
#include "cl/net/post.clh"
#include "cl/net/tile.clh"
#include "cl/net/weights.clh"

#ifndef TO /* outputs of a tile, per side: 2 or 4 */
#define TO 4
#endif
#ifndef NP /* tiles of a group, which are multiplied together */
#define NP 12
#endif
#ifndef OB /* blocks of output channels that are multiplied together: 1 or 2 */
#define OB 2
#endif
#ifndef FUSED /* 1: transformed values in local memory, else in global memory */
#define FUSED 0
#endif

#define TI (TO + 2)
#define TAPS (TI * TI)
#if FUSED
#define SPACE __local
#else
#define SPACE __global
#endif

/* In place on TI (or 3, or TO) vectors that are s apart: one dimension of each transform. The
 * points are 0, A, -A, B, -B, infinity for TO 4, chosen by measured error (docs/numerics.md), and
 * 0, 1, -1, infinity for TO 2. */
#if TO == 4
#define A 0.75f
#define B 1.5f
static void of_input(float16 *d, int s) {
    const float a2 = A * A, b2 = B * B;
    float16 d1 = d[s], d2 = d[2 * s], d3 = d[3 * s], d4 = d[4 * s];
    float16 even_a = fma(-b2, d2, d4), odd_a = A * fma(-b2, d1, d3);
    float16 even_b = fma(-a2, d2, d4), odd_b = B * fma(-a2, d1, d3);
    d[0] = fma(a2 * b2, d[0], fma(-(a2 + b2), d2, d4));
    d[s] = even_a + odd_a;
    d[2 * s] = even_a - odd_a;
    d[3 * s] = even_b + odd_b;
    d[4 * s] = even_b - odd_b;
    d[5 * s] = fma(a2 * b2, d1, fma(-(a2 + b2), d3, d[5 * s]));
}
static void of_weights(float16 *g, int s) {
    const float a2 = A * A, b2 = B * B, ka = 0.5f / (a2 * (a2 - b2)), kb = 0.5f / (b2 * (b2 - a2));
    float16 g0 = g[0], g1 = g[s], g2 = g[2 * s];
    float16 even_a = ka * fma(a2, g2, g0), odd_a = ka * A * g1;
    float16 even_b = kb * fma(b2, g2, g0), odd_b = kb * B * g1;
    g[0] = 1 / (a2 * b2) * g0;
    g[s] = even_a + odd_a;
    g[2 * s] = even_a - odd_a;
    g[3 * s] = even_b + odd_b;
    g[4 * s] = even_b - odd_b;
    g[5 * s] = g2;
}
static void of_output(float16 *m, int s) {
    float16 even_a = m[s] + m[2 * s], odd_a = A * (m[s] - m[2 * s]);
    float16 even_b = m[3 * s] + m[4 * s], odd_b = B * (m[3 * s] - m[4 * s]);
    m[0] = m[0] + even_a + even_b;
    m[s] = odd_a + odd_b;
    m[2 * s] = fma(A * A, even_a, B * B * even_b);
    m[3 * s] = fma(A * A, odd_a, fma(B * B, odd_b, m[5 * s]));
}
#else
static void of_input(float16 *d, int s) {
    float16 d1 = d[s], d2 = d[2 * s];
    d[0] = d[0] - d2;
    d[s] = d1 + d2;
    d[2 * s] = d2 - d1;
    d[3 * s] = d[3 * s] - d1;
}
static void of_weights(float16 *g, int s) {
    float16 even = 0.5f * (g[0] + g[2 * s]), odd = 0.5f * g[s];
    g[3 * s] = g[2 * s];
    g[s] = even + odd;
    g[2 * s] = even - odd;
}
static void of_output(float16 *m, int s) {
    m[0] = m[0] + m[s] + m[2 * s];
    m[s] = m[s] - m[2 * s] + m[3 * s];
}
#endif

/* Where a tile is: picture of the batch, first output pixel. Tiles are counted along rows (`tw`),
 * columns (`th`), the d x d interleaved pictures, the batch. */
#define PLACE(tile)                                                                                \
    int x0 = (tile) % tw * TO * d + (tile) / (tw * th) % d;                                        \
    int y0 = (tile) / tw % th * TO * d + (tile) / (tw * th * d) % d;                               \
    int n = (tile) / (tw * th * d * d);

/* One tile of one block of input channels into v[TAPS], `apart` apart. */
static void transform_in(__global const float16 *restrict in, SPACE float16 *v, int apart, int y0,
                         int x0, int ih, int iw, int d) {
    float16 t[TAPS];
    for (int r = 0; r < TI; r++) {
        int y = y0 + r * d;
        for (int c = 0; c < TI; c++) {
            int x = x0 + c * d;
            t[r * TI + c] = y >= 0 && y < ih && x >= 0 && x < iw ? in[y * iw + x] : (float16)(0);
        }
        of_input(t + r * TI, 1);
    }
    for (int c = 0; c < TI; c++) {
        of_input(t + c, TI);
        for (int r = 0; r < TI; r++)
            v[(r * TI + c) * apart] = t[r * TI + c];
    }
}

/* m[TAPS] of one tile, `apart` apart, into TO x TO output pixels. With `up` 2 there are four
 * outputs for each, interleaved: those of blocks 0.. for the first, and so on (ConvTranspose). */
static void transform_out(SPACE const float16 *m, int apart, __global const float *restrict bias,
                          int vb, int blocks, __global float16 *restrict out, int n, int y0, int x0,
                          int oh, int ow, int d, int up, CF_POST_ARGS) {
    int phase = vb / blocks, cb = vb % blocks;
    float16 start = vload16(cb, bias);
    float16 t[TAPS];
    for (int r = 0; r < TI; r++) {
        for (int c = 0; c < TI; c++)
            t[r * TI + c] = m[(r * TI + c) * apart];
        of_output(t + r * TI, 1);
    }
    for (int c = 0; c < TO && x0 + c * d < ow; c++) {
        of_output(t + c, TI);
        for (int r = 0; r < TO && y0 + r * d < oh; r++) {
            int y = (y0 + r * d) * up + phase / up, x = (x0 + c * d) * up + phase % up;
            size_t i = (((size_t)n * blocks + cb) * oh * up + y) * ow * up + x;
            out[i] = cf_post16(t[r * TI + c] + start, cb, blocks, i, CF_POST_PASS);
        }
    }
}

#if OB == 2
#define SECOND(code) code
#else
#define SECOND(code)
#endif
#define START(i)                                                                                   \
    float16 a##i = 0.0f;                                                                           \
    SECOND(float16 b##i = 0.0f;)
#define STEP(i)                                                                                    \
    {                                                                                              \
        float16 t = (float16)(y[i * 16]);                                                          \
        a##i = fma(wa, t, a##i);                                                                   \
        SECOND(b##i = fma(wb, t, b##i);)                                                           \
    }
#define STORE(i)                                                                                   \
    m[i] = c0 ? m[i] + a##i : a##i;                                                                \
    SECOND(m[TAPS * NP + i] = c0 ? m[TAPS * NP + i] + b##i : b##i;)

/* NP tiles at one tap: v [input blocks][NP][16] times weights w, `apart` vectors from one input
 * block's [16][OB * 16] to the next, into m[NP], the second block's behind all taps of the first.
 * Sums of RUN channels are added up: one long sum would lose two thirds of the digits that the
 * transforms leave (docs/numerics.md). */
#define RUN 64
static void multiply(SPACE const float *y, __global const float16 *restrict w, int apart, int ic,
                     SPACE float16 *m) {
    for (int c0 = 0; c0 < ic; c0 += RUN) {
        int end = min(c0 + RUN, ic);
        TILE(START)
        for (int c = c0; c < end; c += 16, y += NP * 16 - 16, w += apart - 16 * OB)
            for (int k = 0; k < min(16, end - c); k++, y++, w += OB) {
                float16 wa = w[0];
                SECOND(float16 wb = w[1];)
                TILE(STEP)
            }
        TILE(STORE)
    }
}

#if FUSED
/* A group of NP tiles: transformed, multiplied and transformed back without leaving the cache.
 * Weights: transformed, [ceil(blocks / OB)][TAPS][input blocks][16][OB * 16]. v: TAPS * NP vectors
 * per input block, m: OB * TAPS * NP vectors. */
__kernel void winograd_fused(__global const float *restrict in, __global const float *restrict u,
                             __global const float *restrict bias, __global float *restrict out,
                             int ic, int ih, int iw, int oc, int oh, int ow, int d, int pad_y,
                             int pad_x, int th, int tw, int tiles, int up, __local float16 *v,
                             __local float16 *m, CF_POST_ARGS) {
    int first = get_global_id(0) * NP, iblocks = (ic + 15) / 16, oblocks = (oc + 15) / 16;
    int count = min(NP, tiles - first);
    for (int b = 0; b < iblocks; b++) /* neighbours after each other, for memory's sake */
        for (int i = 0; i < count; i++) {
            PLACE(first + i)
            transform_in((__global const float16 *)in + ((size_t)n * iblocks + b) * ih * iw,
                         v + b * NP + i, iblocks * NP, y0 - pad_y, x0 - pad_x, ih, iw, d);
        }
    for (int cb = 0; cb < oblocks * up * up; cb += OB) {
        __global const float16 *w = (__global const float16 *)u + (size_t)cb * TAPS * iblocks * 16;
        for (int p = 0; p < TAPS; p++, w += iblocks * 16 * OB)
            multiply((__local const float *)(v + p * iblocks * NP), w, 16 * OB, ic, m + p * NP);
        for (int i = 0; i < count; i++) {
            PLACE(first + i)
            for (int b = 0; b < OB && cb + b < oblocks * up * up; b++)
                transform_out(m + b * TAPS * NP + i, NP, bias, cb + b, oblocks,
                              (__global float16 *)out, n, y0, x0, oh, ow, d, up, CF_POST_PASS);
        }
    }
}
#else
/* The same in steps, on `count` tiles from `first` on. v: [groups][TAPS][input blocks][NP]
 * vectors, m: [groups][output tiles of OB][OB][TAPS][NP]. */
__kernel void winograd_in(__global const float *restrict in, __global float *restrict v, int ic,
                          int ih, int iw, int d, int pad_y, int pad_x, int th, int tw, int first) {
    int i = get_global_id(0), b = get_global_id(1), iblocks = (ic + 15) / 16;
    PLACE(first + i)
    transform_in((__global const float16 *)in + ((size_t)n * iblocks + b) * ih * iw,
                 (__global float16 *)v + ((size_t)i / NP * TAPS * iblocks + b) * NP + i % NP,
                 iblocks * NP, y0 - pad_y, x0 - pad_x, ih, iw, d);
}

/* Weights [ceil(blocks / OB)][9][input blocks][16][OB * 16] from output tile `ob` on into u: [...]
 * [input blocks][TAPS][16][OB * 16], so that what is written at a time lies together. */
__kernel void winograd_weights(__global const weight *restrict weights, __global float *restrict u,
                               int vectors, int ob) {
    int k = get_global_id(0), chunk = get_global_id(1);
    __global const weight *g = weights + ((size_t)(ob + chunk) * 9 * vectors + k) * 16;
    __global float16 *to = (__global float16 *)u + (size_t)chunk * TAPS * vectors +
                           k / (16 * OB) * (TAPS * 16 * OB) + k % (16 * OB);
    float16 t[3 * TI];
    for (int r = 0; r < 3; r++) {
        for (int c = 0; c < 3; c++)
            t[r * TI + c] = WEIGHTS(g, (r * 3 + c) * vectors);
        of_weights(t + r * TI, 1);
    }
    for (int c = 0; c < TI; c++) {
        float16 column[TI];
        for (int r = 0; r < 3; r++)
            column[r] = t[r * TI + c];
        of_weights(column, 1);
        for (int r = 0; r < TI; r++)
            to[(r * TI + c) * 16 * OB] = column[r];
    }
}

__kernel void winograd_multiply(__global const float *restrict v, __global const float *restrict u,
                                __global float *restrict m, int ic, int ob, int obs) {
    int g = get_global_id(0), p = get_global_id(1), chunk = get_global_id(2);
    int iblocks = (ic + 15) / 16;
    multiply(v + ((size_t)g * TAPS + p) * iblocks * NP * 16,
             (__global const float16 *)u + ((size_t)chunk * iblocks * TAPS + p) * 16 * OB,
             TAPS * 16 * OB, ic,
             (__global float16 *)m + (((size_t)g * obs + ob + chunk) * OB * TAPS + p) * NP);
}

/* group: NP, stride: blocks per group in m. Given at run time, for one kernel to serve all sizes.
 */
__kernel void winograd_out(__global const float *restrict m, __global const float *restrict bias,
                           __global float *restrict out, int oc, int oh, int ow, int d, int th,
                           int tw, int first, int group, int stride, int up, CF_POST_ARGS) {
    int i = get_global_id(0), cb = get_global_id(1), blocks = (oc + 15) / 16;
    PLACE(first + i)
    m += ((((size_t)i / group * stride + cb) * TAPS) * group + i % group) * 16;
    transform_out((__global const float16 *)m, group, bias, cb, blocks, (__global float16 *)out, n,
                  y0, x0, oh, ow, d, up, CF_POST_PASS);
}
#endif
