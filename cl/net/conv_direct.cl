/* SPDX-License-Identifier: Apache-2.0 */
/* Direct convolution: any kernel, stride, dilation, groups, layout. A work-item computes a register
 * tile of NP pixels of a row by OB blocks of 16 output channels. */
#include "cl/net/put.clh"
#include "cl/net/tile.clh"
#include "cl/net/weights.clh"

#ifndef NP /* pixels of a tile */
#define NP 12
#endif
#ifndef OB /* blocks of output channels in a tile: 1 or 2 */
#define OB 2
#endif
#ifndef SX /* horizontal stride, when it is 1 or 2; 0: some other */
#define SX 1
#endif
#ifndef IN_PLAIN /* 1: the input's layout is plain, else blocked */
#define IN_PLAIN 0
#endif

#ifndef KW /* plain inputs: width of the kernel, if it is small; 0: given at run time */
#define KW 0
#endif

#define EACH_TAP (SX && !KW)      /* tiles inside the picture are found tap by tap */
#define LANES (IN_PLAIN ? 1 : 16) /* input channels that lie together */
#define RUN (IN_PLAIN ? 16 : 1)   /* of these, how many are summed before they are added up */

#if OB == 2
#define START(i) float16 a##i = 0.0f, b##i = 0.0f;
#define STEP(i, apart)                                                                             \
    {                                                                                              \
        float16 t = (float16)(y[(i) * (apart)]);                                                   \
        a##i = fma(wa, t, a##i);                                                                   \
        b##i = fma(wb, t, b##i);                                                                   \
    }
#define KEEP(i) tile[i] += a##i, tile[NP + i] += b##i;
#else
#define START(i) float16 a##i = 0.0f;
#define STEP(i, apart) a##i = fma(wa, (float16)(y[(i) * (apart)]), a##i);
#define KEEP(i) tile[i] += a##i;
#endif

/* All pixels of the tile times the weights of one tap and `lanes` input channels. */
#define INSIDE(i) STEP(i, SX *LANES)
#define GATHERED(i) STEP(i, LANES)
#define SWEEP(space, from, step)                                                                   \
    {                                                                                              \
        space const float *y = from;                                                               \
        for (int k = 0; k < lanes; k++, y++, w += OB * 16) {                                       \
            float16 wa = WEIGHTS(w, 0);                                                            \
            SECOND(float16 wb = WEIGHTS(w, 1);)                                                    \
            TILE(step)                                                                             \
        }                                                                                          \
    }
#if OB == 2
#define SECOND(code) code
#else
#define SECOND(code)
#endif

/*
 * Weights: [ceil(output blocks / OB)][`depth` input blocks][kh][kw][LANES][OB * 16]. With groups,
 * the input blocks begin with the first one that a tile's channels read; channels between that are
 * of another group have weights 0. Global size: tiles of a picture, output tiles, batch (`swap`:
 * the first two the other way, for weights that stay in cache while the picture does not).
 */
__kernel void conv_direct(__global const float *restrict in,
                          __global const weight *restrict weights,
                          __global const float *restrict bias, __global float *restrict out,
                          int swap, int ic, int ih, int iw, int oc, int oh, int ow, int group_in,
                          int group_out, int depth, int kh, int kw, int sy, int sx, int dy, int dx,
                          int pad_y, int pad_x, CF_POST_ARGS) {
    int gx = get_global_id(0), gy = get_global_id(1), n = get_global_id(2);
    int at = swap ? gy : gx, ob = swap ? gx : gy;
    int tiles = (ow + NP - 1) / NP, y0 = at / tiles, x0 = at % tiles * NP;
    int cb = ob * OB, oblocks = (oc + 15) / 16, iblocks = (ic + LANES - 1) / LANES;
    int last = min(oc, (cb + OB) * 16) - 1;
    int begin = cb * 16 / group_out * group_in, end = last / group_out * group_in + group_in;
    /* taps whose row is inside */
    int top = y0 * sy - pad_y;
    int ky0 = top >= 0 ? 0 : (-top + dy - 1) / dy;
    int ky1 = ih - top <= 0 ? 0 : min(kh, (ih - top + dy - 1) / dy);
    float16 tile[OB * NP];
    for (int i = 0; i < OB * NP; i++)
        tile[i] = vload16(cb + i / NP, bias);
    for (int b = begin / LANES; b * LANES < end;) {
        /* Sums of a part of the channels are added up: one long sum would lose digits. */
        TILE(START)
        for (int run = 0; run < RUN && b * LANES < end; run++, b++) {
            int k0 = max(begin - b * LANES, 0), lanes = min(end - b * LANES, LANES) - k0;
            for (int ky = ky0; ky < ky1; ky++) {
                __global const float *row =
                    in + (((size_t)n * iblocks + b) * ih + (top + ky * dy)) * iw * LANES + k0;
                size_t tap = (((size_t)ob * depth + (b - begin / LANES)) * kh + ky) * kw;
#if KW
                int left = x0 * sx - pad_x;
                if (SX && left >= 0 && left + (KW - 1) * dx + (NP - 1) * SX < iw) {
                    __global const weight *w = weights + tap * OB * 16;
                    const int lanes = 1;
                    for (int kx = 0; kx < KW; kx++)
                        SWEEP(__global, row + left + kx * dx, INSIDE)
                    continue;
                }
#endif
                for (int kx = 0; kx < kw; kx++) {
                    int x = x0 * sx - pad_x + kx * dx;
                    __global const weight *w = weights + ((tap + kx) * LANES + k0) * OB * 16;
                    if (EACH_TAP && x >= 0 && x + (NP - 1) * SX < iw) {
                        SWEEP(__global, row + (ptrdiff_t)x * LANES, INSIDE)
                    } else { /* pixels with zeros around the picture */
                        float edge[NP * LANES];
                        for (int i = 0; i < NP; i++, x += sx)
                            for (int k = 0; k < LANES; k++)
                                edge[i * LANES + k] =
                                    x >= 0 && x < iw && k < lanes ? row[x * LANES + k] : 0.0f;
                        SWEEP(__private, edge, GATHERED)
                    }
                }
            }
        }
        TILE(KEEP)
    }
    /* one copy of the epilogue: it is what takes long to compile */
    for (int i = 0; i < OB * NP; i++)
        if (x0 + i % NP < ow && cb + i / NP < oblocks)
            put(out, tile[i], n, cb + i / NP, oblocks, oc, oh * ow, (size_t)y0 * ow + x0 + i % NP,
                CF_POST_PASS);
}
