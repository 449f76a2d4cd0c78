/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matrix products of plain tensors, batched: out = post(alpha * A B + beta * C). A work-item makes
 * NP rows by 16 columns. B is packed as [matrix][ceil(n/16)][k][16], zeros beyond column n. The
 * last tile of rows is moved back to end with them.
 */
#include "cl/net/post.clh"
#include "cl/net/tile.clh"

#ifndef NP /* rows of a tile */
#define NP 14
#endif
#ifndef TRANS_A /* 1: A is stored as [k][m] */
#define TRANS_A 0
#endif
#ifndef WHOLE /* 1: n is a multiple of 16 and the epilogue asks for no constants but of columns */
#define WHOLE 0
#endif

/* Where the matrices of each product are, and how results become elements of the output tensor. */
typedef struct {
    int m, n, k;
    int c_row, c_col; /* elements of C between rows and columns; 0 where it is repeated */
    float alpha, beta;
    int inner, channels; /* an element's channel is index / inner % channels */
} cf_gemm_args;

#define START(i) float16 sum##i = 0.0f;
#define PART(i) float16 a##i = 0.0f;
#define ADD(i) sum##i += a##i;
#define COPY(i) vstore16(vload16(0, x + (i) * (size_t)s.k), i, y);
#define STEP_COPY(i) a##i = fma(w0, (float16)(y[(i)*16 + k]), a##i);
#define STEP_ROW(i) a##i = fma(w0, (float16)(x[(i) * (size_t)s.k + k]), a##i);
#define STEP_COLUMN(i) a##i = fma(w0, (float16)(x[i]), a##i);
#define STORE(i) put(s, sum##i, c, out, z, row + (i), nb, CF_POST_PASS);

static inline void put(cf_gemm_args s, float16 value, __global const float *restrict c,
                       __global float *restrict out, int z, int row, int nb, CF_POST_ARGS) {
    size_t at = ((size_t)z * s.m + row) * s.n + nb * 16;
    int blocks = (s.channels + 15) / 16;
    value *= s.alpha;
    c += (size_t)row * s.c_row + (size_t)nb * 16 * s.c_col;
#if WHOLE
    if (s.beta != 0.0f)
        value = fma(s.beta, s.c_col ? vload16(0, c) : (float16)(c[0]), value);
    ((__global float16 *)out)[at / 16] = cf_post16(value, nb, blocks, at / 16, CF_POST_PASS);
#else
    float v[16];
    vstore16(value, 0, v);
    for (int k = 0; k < min(16, s.n - nb * 16); k++, at++) {
        float x = s.beta != 0.0f ? fma(s.beta, c[k * s.c_col], v[k]) : v[k];
        out[at] = cf_post1(x, (int)(at / s.inner) % s.channels, blocks, at, CF_POST_PASS);
    }
#endif
}

/* which[2 z], which[2 z + 1]: the matrices of A and B that product z takes. by_rows: neighbouring
 * work-items differ in rows, else in columns. */
__kernel void gemm(__global const float *restrict a, __global const float16 *restrict b,
                   __global const float *restrict c, __global float *restrict out,
                   __global const int *restrict which, cf_gemm_args s, int by_rows, CF_POST_ARGS) {
    int gx = get_global_id(0), gy = get_global_id(1), z = get_global_id(2);
    int row = min((by_rows ? gx : gy) * NP, s.m - NP), nb = by_rows ? gy : gx;
    __global const float *x = a + (size_t)which[2 * z] * s.m * s.k;
    __global const float16 *w = b + ((size_t)which[2 * z + 1] * ((s.n + 15) / 16) + nb) * s.k;
    TILE(START)
    x += TRANS_A ? row : (size_t)row * s.k;
    for (int first = 0; first < s.k; first += 64) { /* short sums round less: docs/numerics.md */
        int left = min(s.k - first, 64);
        TILE(PART)
#if TRANS_A
        for (; left > 0; left--, x += s.m) {
            float16 w0 = *w++;
            TILE(STEP_COLUMN)
        }
#else
        for (; left >= 16; left -= 16, x += 16) { /* a copy: rows may collide in the cache */
            float y[NP * 16];
            TILE(COPY)
            for (int k = 0; k < 16; k++) {
                float16 w0 = *w++;
                TILE(STEP_COPY)
            }
        }
        for (int k = 0; k < left; k++) {
            float16 w0 = *w++;
            TILE(STEP_ROW)
        }
#endif
        TILE(ADD)
    }
    TILE(STORE)
}

/* Packs B of any strides (in elements) when it is not known before the run. */
__kernel void gemm_pack(__global const float *restrict b, __global float *restrict packed, int n,
                        int k, int row_step, int column_step) {
    int row = get_global_id(0), nb = get_global_id(1), z = get_global_id(2);
    __global const float *from = b + (size_t)z * n * k + (size_t)row * row_step;
    __global float *to = packed + (((size_t)z * ((n + 15) / 16) + nb) * k + row) * 16;
    for (int i = 0; i < 16; i++)
        to[i] = nb * 16 + i < n ? from[(size_t)(nb * 16 + i) * column_step] : 0.0f;
}

/* What a product by a library lacks: beta * C and the epilogue, in place. */
__kernel void gemm_finish(__global float *restrict out, __global const float *restrict c,
                          cf_gemm_args s, CF_POST_ARGS) {
    int column = get_global_id(0), row = get_global_id(1), z = get_global_id(2);
    size_t at = ((size_t)z * s.m + row) * s.n + column;
    float x = out[at];
    if (s.beta != 0.0f)
        x = fma(s.beta, c[(size_t)row * s.c_row + (size_t)column * s.c_col], x);
    out[at] =
        cf_post1(x, (int)(at / s.inner) % s.channels, (s.channels + 15) / 16, at, CF_POST_PASS);
}
