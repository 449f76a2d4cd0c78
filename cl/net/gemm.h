/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products: one description of the work, two ways to do it. */
#ifndef CHROMAFUSE_CL_NET_GEMM_H
#define CHROMAFUSE_CL_NET_GEMM_H

#include "cl/net/planner.h"

/*
 * batch products out[z] = alpha * op(A[which[2 z]]) * op(B[which[2 z + 1]]) + beta * C, all
 * row-major and tight. op(A) is m x k, op(B) is k x n; trans_a: A is stored as k x m, trans_b: B as
 * n x k. A is input 0 of the node, B input 1, C input 2.
 */
typedef struct {
    int batch, m, n, k;
    int trans_a, trans_b;
    float alpha, beta; /* beta 0: there is no C */
    int c_row, c_col;  /* elements of C between rows and columns; 0 where it is repeated */
    int b_matrices;    /* different ones */
    const int *which;
} cf_gemm;

/* What the kernels of op_gemm.cl take of it. */
typedef struct {
    int m, n, k, c_row, c_col;
    float alpha, beta;
    int inner, channels;
} cf_gemm_args;
cf_gemm_args cf_gemm_describe(const cf_op *op, const cf_gemm *g);

typedef struct {
    const char *name; /* in profiles and tuning files */
    int (*suits)(const cf_gemm *g);
    cf_status (*plan)(cf_planner *plan, cf_op *op, const cf_gemm *g);
} cf_gemm_method;

/* A register tile of ours. Suits everything. */
extern const cf_gemm_method cf_gemm_tile;
/* CLBlast. Suits everything; on PoCL slower than the tile by far, on GPUs the one to take. */
extern const cf_gemm_method cf_gemm_clblast;

/* Records out = alpha * op(A) op(B) by CLBlast, with the temporary buffer it wants from the arena
 * and parameters that suit the device. */
cf_status cf_clblast_plan(cf_planner *plan, const cf_gemm *g, const cf_buffer *a,
                          const cf_buffer *b, const cf_buffer *out);

#endif
