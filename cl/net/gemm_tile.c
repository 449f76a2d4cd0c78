/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products by a register tile of our own: B packed when the plan is made, or before each
 * product where it is not known until then. */
#include <stdio.h>

#include "base/alloc.h"
#include "cl/net/conv_methods.h"
#include "cl/net/gemm.h"

CF_CL_SOURCE(op_gemm);

/* B up to this size stays in a core's second-level cache, bytes. */
#define CACHED ((size_t)512 << 10)

cf_gemm_args cf_gemm_describe(const cf_op *op, const cf_gemm *g) {
    const cf_shape *y = &op->out[0]->shape;
    return (cf_gemm_args){.m = g->m,
                          .n = g->n,
                          .k = g->k,
                          .c_row = g->c_row,
                          .c_col = g->c_col,
                          .alpha = g->alpha,
                          .beta = g->beta,
                          .inner = y->rank > 2 ? (int)cf_shape_span(y, 2, y->rank) : 1,
                          .channels = (int)cf_post_channels(y)};
}

/* A constant B as [matrix][ceil(n/16)][k][16]. */
static cf_status pack_constant(cf_planner *plan, const cf_tensor *b, const cf_gemm *g,
                               const cf_buffer **out) {
    size_t n = (size_t)g->n, k = (size_t)g->k, each = CF_NET_BLOCKS(n) * k * CF_NET_BLOCK;
    size_t runs = g->trans_b ? n : k, length = g->trans_b ? k : n;
    float *packed = cf_alloc(each * (size_t)g->b_matrices, sizeof *packed);
    float *run = cf_alloc(length, sizeof *run);
    cf_status status = packed && run ? CF_OK : CF_ERR_MEMORY;
    for (size_t i = 0; status == CF_OK && i < runs * (size_t)g->b_matrices; i++) {
        float *to = packed + i / runs * each;
        cf_tensor_read(b, (int64_t)(i * length), (int64_t)length, run);
        for (size_t j = 0; j < length; j++) {
            size_t column = g->trans_b ? i % runs : j, row = g->trans_b ? j : i % runs;
            to[(column / CF_NET_BLOCK * k + row) * CF_NET_BLOCK + column % CF_NET_BLOCK] = run[j];
        }
    }
    if (status == CF_OK)
        status = cf_plan_constant(plan, packed, each * (size_t)g->b_matrices * sizeof *packed, out);
    cf_free(run);
    cf_free(packed);
    return status;
}

static cf_status pack_b(cf_planner *plan, const cf_op *op, const cf_gemm *g,
                        const cf_buffer **out) {
    const cf_buffer *b;
    size_t blocks = (size_t)CF_NET_BLOCKS(g->n);
    if (cf_tensor_is_constant(op->in[1]))
        return pack_constant(plan, op->in[1], g, out);
    CF_TRY(cf_plan_tensor(plan, op->in[1], &b));
    CF_TRY(cf_plan_scratch(
        plan, (size_t)g->b_matrices * blocks * (size_t)g->k * CF_NET_BLOCK * sizeof(float), out));
    cf_range range = {{(size_t)g->k, blocks, (size_t)g->b_matrices}, {1, 1, 1}};
    return cf_plan_launch(plan, &cf_kernel_op_gemm, "gemm_pack", "", range,
                          CF_ARGS(CF_BUF(b), CF_BUF(*out), CF_INT(g->n), CF_INT(g->k),
                                  CF_INT(g->trans_b ? 1 : g->n), CF_INT(g->trans_b ? g->k : 1)));
}

static cf_status plan_tile(cf_planner *plan, cf_op *op, const cf_gemm *g) {
    char options[1024];
    const cf_buffer *a, *b, *c, *out, *which;
    cf_post_buffers post;
    int np = cf_conv_tile(g->m), constants = op->post ? op->post->param_count : 0;
    int whole = g->n % CF_NET_BLOCK == 0 && (!constants || op->out[0]->shape.rank <= 2);
    snprintf(options, sizeof options, "-DNP=%d -DTRANS_A=%d -DWHOLE=%d", np, g->trans_a, whole);
    CF_TRY(cf_plan_post(plan, op, options, sizeof options, &post));
    CF_TRY(cf_plan_tensor(plan, op->in[0], &a));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &out));
    CF_TRY(pack_b(plan, op, g, &b));
    c = a; /* any, where there is none */
    if (g->beta != 0.0f)
        CF_TRY(cf_plan_tensor(plan, op->in[2], &c));
    CF_TRY(cf_plan_constant(plan, g->which, 2 * (size_t)g->batch * sizeof *g->which, &which));
    cf_gemm_args args = cf_gemm_describe(op, g);
    size_t tiles = (size_t)((g->m + np - 1) / np), blocks = (size_t)CF_NET_BLOCKS(g->n);
    int by_rows = blocks * CF_NET_BLOCK * (size_t)g->k * sizeof(float) > CACHED;
    cf_range range = {{by_rows ? tiles : blocks, by_rows ? blocks : tiles, (size_t)g->batch},
                      {1, 1, 1}};
    return cf_plan_launch(plan, &cf_kernel_op_gemm, "gemm", options, range,
                          CF_ARGS(CF_BUF(a), CF_BUF(b), CF_BUF(c), CF_BUF(out), CF_BUF(which),
                                  CF_BYTES(&args, sizeof args), CF_INT(by_rows), CF_POST(post)));
}

static int suits(const cf_gemm *g) {
    (void)g;
    return 1;
}

const cf_gemm_method cf_gemm_tile = {"tile", suits, plan_tile};
