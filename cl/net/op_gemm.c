/* SPDX-License-Identifier: Apache-2.0 */
/* Gemm and MatMul: shapes, the plain C reference, and the choice between the ways of gemm.h. */
#include <stdio.h>
#include <string.h>

#include "cl/net/gemm.h"
#include "cl/net/tune.h"

static cf_status check_operands(const cf_op *op, int min_rank, int max_rank) {
    for (int i = 0; i < 2; i++) {
        const cf_tensor *t = op->in[i];
        if (!t)
            return cf_op_fail(op, CF_ERR_FORMAT, "input %d left out", i);
        if (t->type != CF_TYPE_FLOAT)
            return cf_op_fail(op, CF_ERR_UNSUPPORTED, "only on floating-point numbers");
        if (t->shape.rank < min_rank || t->shape.rank > max_rank)
            return cf_op_fail(op, CF_ERR_FORMAT, "input %d has %d dimensions", i, t->shape.rank);
        for (int d = 0; d < t->shape.rank; d++)
            if (t->shape.dim[d] < 1)
                return cf_op_fail(op, CF_ERR_UNSUPPORTED, "an empty input");
    }
    return CF_OK;
}

static cf_status set_output(cf_op *op, const cf_shape *shape) {
    char text[96];
    if (!cf_shape_valid(shape))
        return cf_op_fail(op, CF_ERR_FORMAT, "an output of %s", cf_shape_text(shape, text));
    op->out[0]->type = CF_TYPE_FLOAT;
    op->out[0]->shape = *shape;
    return CF_OK;
}

/* The two matrices of MatMul, 1-d operands being a row and a column; batch dimensions aside. */
static void matmul_sizes(const cf_op *op, int64_t *m, int64_t *n, int64_t *k, int64_t *b_rows) {
    const cf_shape *a = &op->in[0]->shape, *b = &op->in[1]->shape;
    *m = a->rank > 1 ? a->dim[a->rank - 2] : 1;
    *k = a->dim[a->rank - 1];
    *n = b->rank > 1 ? b->dim[b->rank - 1] : 1;
    *b_rows = b->rank > 1 ? b->dim[b->rank - 2] : b->dim[0];
}

/* The leading dimensions, which are broadcast. */
static cf_shape batch_of(const cf_shape *shape) {
    cf_shape batch = *shape;
    batch.rank = shape->rank > 2 ? shape->rank - 2 : 0;
    return batch;
}

static cf_status infer_matmul(cf_planner *plan, cf_op *op) {
    (void)plan;
    int64_t m, n, k, b_rows;
    char left[96], right[96];
    cf_shape y;
    CF_TRY(check_operands(op, 1, CF_NET_RANK));
    const cf_shape *a = &op->in[0]->shape, *b = &op->in[1]->shape;
    matmul_sizes(op, &m, &n, &k, &b_rows);
    cf_shape batch_a = batch_of(a), batch_b = batch_of(b);
    if (k != b_rows || !cf_shape_broadcast(&batch_a, &batch_b, &y))
        return cf_op_fail(op, CF_ERR_FORMAT, "%s by %s do not multiply", cf_shape_text(a, left),
                          cf_shape_text(b, right));
    if (a->rank > 1)
        y.dim[y.rank++] = m;
    if (b->rank > 1)
        y.dim[y.rank++] = n;
    return set_output(op, &y);
}

static cf_status infer_gemm(cf_planner *plan, cf_op *op) {
    (void)plan;
    char left[96], right[96];
    CF_TRY(check_operands(op, 2, 2));
    const cf_shape *a = &op->in[0]->shape, *b = &op->in[1]->shape;
    int ta = cf_op_int(op, "transA", 0) != 0, tb = cf_op_int(op, "transB", 0) != 0;
    cf_shape y = {.rank = 2, .dim = {a->dim[ta], b->dim[!tb]}}, together;
    if (a->dim[!ta] != b->dim[tb])
        return cf_op_fail(op, CF_ERR_FORMAT, "%s by %s do not multiply", cf_shape_text(a, left),
                          cf_shape_text(b, right));
    const cf_tensor *c = op->inputs > 2 ? op->in[2] : NULL;
    if (c && (c->type != CF_TYPE_FLOAT || !cf_shape_broadcast(&y, &c->shape, &together) ||
              !cf_shape_equal(&y, &together)))
        return cf_op_fail(op, CF_ERR_FORMAT, "C is %s for a product of %s",
                          cf_shape_text(&c->shape, left), cf_shape_text(&y, right));
    return set_output(op, &y);
}

/* Which matrix of an operand product z takes, batch dimensions of size 1 being repeated. */
static int matrix_of(const cf_shape *operand, const cf_shape *all, int64_t z) {
    int64_t matrix = 0, step = 1;
    for (int d = 1; d <= operand->rank; d++) { /* from the last dimension on */
        int64_t at = z / cf_shape_span(all, all->rank - d + 1, all->rank) % all->dim[all->rank - d];
        int64_t size = operand->dim[operand->rank - d];
        matrix += size == 1 ? 0 : at * step;
        step *= size;
    }
    return (int)matrix;
}

/* The work of an inferred node; `which` has room for cf_shape_count(batch) pairs. batch NULL: one
 * product. */
static void describe(const cf_op *op, const cf_shape *batch, int *which, cf_gemm *g) {
    int64_t m, n, k, b_rows;
    *g = (cf_gemm){.alpha = 1, .which = which};
    matmul_sizes(op, &m, &n, &k, &b_rows);
    if (!strcmp(op->type->name, "Gemm")) {
        const cf_shape *y = &op->out[0]->shape;
        const cf_tensor *c = op->inputs > 2 ? op->in[2] : NULL;
        g->trans_a = cf_op_int(op, "transA", 0) != 0;
        g->trans_b = cf_op_int(op, "transB", 0) != 0;
        g->alpha = cf_op_float(op, "alpha", 1);
        g->beta = c ? cf_op_float(op, "beta", 1) : 0;
        k = g->trans_a ? m : k;
        m = y->dim[0];
        n = y->dim[1];
        if (c && c->shape.rank > 0)
            g->c_col = c->shape.dim[c->shape.rank - 1] > 1;
        if (c && c->shape.rank > 1 && c->shape.dim[0] > 1)
            g->c_row = (int)c->shape.dim[1];
    }
    cf_shape batch_a = batch_of(&op->in[0]->shape), batch_b = batch_of(&op->in[1]->shape);
    g->batch = batch ? (int)cf_shape_count(batch) : 1;
    g->b_matrices = (int)cf_shape_count(&batch_b);
    g->m = (int)m;
    g->n = (int)n;
    g->k = (int)k;
    for (int z = 0; batch && z < g->batch; z++) {
        which[2 * z] = matrix_of(&batch_a, batch, z);
        which[2 * z + 1] = matrix_of(&batch_b, batch, z);
    }
}

static cf_shape whole_batch(const cf_op *op) {
    cf_shape a = batch_of(&op->in[0]->shape), b = batch_of(&op->in[1]->shape), all = {0};
    cf_shape_broadcast(&a, &b, &all);
    return all;
}

/* Sums in double, as Conv's reference does. */
static cf_status reference(const cf_op *op) {
    const float *a = op->in[0]->data, *b = op->in[1]->data;
    const float *c = op->inputs > 2 && op->in[2] ? op->in[2]->data : NULL;
    float *out = op->out[0]->data;
    cf_shape batch = whole_batch(op);
    cf_gemm g;
    cf_shape batch_a = batch_of(&op->in[0]->shape), batch_b = batch_of(&op->in[1]->shape);
    describe(op, NULL, NULL, &g);
    size_t m = (size_t)g.m, n = (size_t)g.n, k = (size_t)g.k;
    for (int64_t z = 0; z < cf_shape_count(&batch); z++) {
        const float *x = a + (size_t)matrix_of(&batch_a, &batch, z) * m * k;
        const float *w = b + (size_t)matrix_of(&batch_b, &batch, z) * n * k;
        for (size_t i = 0; i < m * n; i++) {
            size_t row = i / n, column = i % n;
            double sum = 0;
            for (size_t j = 0; j < k; j++)
                sum += (double)x[g.trans_a ? j * m + row : row * k + j] *
                       (double)w[g.trans_b ? column * k + j : j * n + column];
            sum *= (double)g.alpha;
            if (c && g.beta != 0.0f)
                sum += (double)g.beta * (double)c[row * (size_t)g.c_row + column * (size_t)g.c_col];
            *out++ = (float)sum;
        }
    }
    return CF_OK;
}

static double flops(const cf_op *op) {
    const cf_shape *a = &op->in[0]->shape;
    int ta = !strcmp(op->type->name, "Gemm") && cf_op_int(op, "transA", 0) != 0;
    return 2.0 * (double)cf_shape_count(&op->out[0]->shape) * (double)a->dim[ta ? 0 : a->rank - 1];
}

/* Many rows by one matrix are one product: the usual dense layer on a sequence. */
static void join_batch(cf_gemm *g) {
    if (g->batch == 1 || g->b_matrices != 1 || g->trans_a || g->beta != 0.0f)
        return;
    for (int z = 0; z < g->batch; z++)
        if (g->which[2 * z] != z)
            return;
    g->m *= g->batch;
    g->batch = 1;
}

static const cf_gemm_method *const methods[] = {&cf_gemm_tile, &cf_gemm_clblast};

typedef struct {
    cf_op *op;
    const cf_gemm *g;
} product;

static cf_status record(cf_planner *plan, size_t index, void *user) {
    const product *p = user;
    return methods[index]->plan(plan, p->op, p->g);
}

static cf_status plan_gemm(cf_planner *plan, cf_op *op) {
    cf_shape batch = whole_batch(op);
    cf_gemm g;
    char key[160];
    int *which = cf_plan_keep(plan, 2 * (size_t)cf_shape_count(&batch), sizeof *which);
    if (!which)
        return CF_ERR_MEMORY;
    describe(op, &batch, which, &g);
    join_batch(&g);
    snprintf(key, sizeof key, "gemm_n%d_b%d_%dx%dx%d_t%d%d_c%d%d", g.batch, g.b_matrices, g.m, g.n,
             g.k, g.trans_a, g.trans_b, g.beta != 0.0f, cf_tensor_is_constant(op->in[1]));
    const char *const names[] = {methods[0]->name, methods[1]->name};
    product user = {op, &g};
    int is_cpu = !strcmp(cf_cl_device_info(cf_plan_device(plan))->type, "cpu");
    const cf_choice choice = {.key = key,
                              .names = names,
                              .count = 2,
                              .fallback = !is_cpu && g.m > 1 && g.n > 1,
                              .record = record,
                              .user = &user};
    return cf_choose(plan, &choice);
}

static const char *const attributes[] = {"f:alpha", "f:beta", "i:transA", "i:transB", NULL};

const cf_operator cf_operators_gemm[] = {{.name = "Gemm",
                                          .inputs_min = 2,
                                          .inputs_max = 3,
                                          .outputs_max = 1,
                                          .attributes = attributes,
                                          .infer = infer_gemm,
                                          .reference = reference,
                                          .plan = plan_gemm,
                                          .applies_post = 1,
                                          .flops = flops},
                                         {.name = "MatMul",
                                          .inputs_min = 2,
                                          .inputs_max = 2,
                                          .outputs_max = 1,
                                          .infer = infer_matmul,
                                          .reference = reference,
                                          .plan = plan_gemm,
                                          .applies_post = 1,
                                          .flops = flops},
                                         {.name = NULL}};
