/* SPDX-License-Identifier: Apache-2.0 */
/* Comparisons, logic and Where, with NumPy's broadcasting. Truth is 1 or 0. */
#include <string.h>

#include "cl/net/strided.h"

CF_CL_SOURCE(op_compare);

#define PORTS 3

/* One operator: operands are truths (integers) or any numbers, result from doubles or integers. */
typedef struct {
    const char *name, *kernel;
    int operands, logic;
    int (*real)(float a, float b);
    int (*whole)(int64_t a, int64_t b);
} row;

#define ROW_FUNCTIONS(name, expression)                                                            \
    static int name##_real(float a, float b) {                                                     \
        (void)b;                                                                                   \
        return expression;                                                                         \
    }                                                                                              \
    static int name##_whole(int64_t a, int64_t b) {                                                \
        (void)b;                                                                                   \
        return expression;                                                                         \
    }
ROW_FUNCTIONS(equal, a == b)
ROW_FUNCTIONS(less, a < b)
ROW_FUNCTIONS(greater, a > b)
ROW_FUNCTIONS(less_equal, a <= b)
ROW_FUNCTIONS(greater_equal, a >= b)
ROW_FUNCTIONS(both, a != 0 && b != 0)
ROW_FUNCTIONS(either, a != 0 || b != 0)
ROW_FUNCTIONS(one, (a != 0) != (b != 0))
ROW_FUNCTIONS(negate, a == 0)

#define ROW(name, function, operands, logic)                                                       \
    { name, "compare_" #function, operands, logic, function##_real, function##_whole }
static const row rows[] = {
    ROW("Equal", equal, 2, 0),
    ROW("Less", less, 2, 0),
    ROW("Greater", greater, 2, 0),
    ROW("LessOrEqual", less_equal, 2, 0),
    ROW("GreaterOrEqual", greater_equal, 2, 0),
    ROW("And", both, 2, 1),
    ROW("Or", either, 2, 1),
    ROW("Xor", one, 2, 1),
    ROW("Not", negate, 1, 1),
    {"Where", "compare_where", 3, 0, NULL, NULL},
};

static const row *row_of(const cf_op *op) {
    const row *r = rows;
    while (strcmp(r->name, op->type->name) != 0)
        r++;
    return r;
}

static cf_status infer(cf_planner *plan, cf_op *op) {
    (void)plan;
    const row *r = row_of(op);
    char a[96], b[96];
    cf_shape shape = op->in[0]->shape;
    int values = r->operands == 3; /* Where: input 0 is a truth, the others agree */
    if ((r->logic || values) && op->in[0]->type != CF_TYPE_INT64)
        return cf_op_fail(op, CF_ERR_FORMAT, "its first input must be true or false");
    for (int i = 1; i < op->inputs; i++) {
        if (i > values && op->in[i]->type != op->in[i - 1]->type)
            return cf_op_fail(op, CF_ERR_FORMAT, "inputs are of different types");
        cf_shape before = shape;
        if (!cf_shape_broadcast(&before, &op->in[i]->shape, &shape))
            return cf_op_fail(op, CF_ERR_FORMAT, "%s and %s do not go together",
                              cf_shape_text(&before, a), cf_shape_text(&op->in[i]->shape, b));
    }
    op->out[0]->type = values ? op->in[1]->type : CF_TYPE_INT64;
    op->out[0]->shape = shape;
    return CF_OK;
}

/* Strides of an input along the output's dimensions: 0 where it is broadcast. */
static void strides_along(const cf_shape *in, const cf_shape *out, int64_t stride[CF_NET_RANK]) {
    int64_t own[CF_NET_RANK];
    cf_shape_strides(in, own);
    for (int d = 0; d < out->rank; d++) {
        int i = d - (out->rank - in->rank);
        stride[d] = i < 0 || in->dim[i] == 1 ? 0 : own[i];
    }
}

static void element(const cf_op *op, const row *r, const int64_t at[PORTS], int64_t to) {
    if (!r->real) { /* Where */
        int taken = ((const int64_t *)op->in[0]->data)[at[0]] ? 1 : 2;
        size_t size = op->out[0]->type == CF_TYPE_FLOAT ? sizeof(float) : sizeof(int64_t);
        memcpy((char *)op->out[0]->data + (size_t)to * size,
               (const char *)op->in[taken]->data + (size_t)at[taken] * size, size);
        return;
    }
    const void *a = op->in[0]->data, *b = op->in[r->operands - 1]->data;
    int64_t j = at[r->operands - 1];
    int64_t *out = op->out[0]->data;
    out[to] = op->in[0]->type == CF_TYPE_FLOAT
                  ? r->real(((const float *)a)[at[0]], ((const float *)b)[j])
                  : r->whole(((const int64_t *)a)[at[0]], ((const int64_t *)b)[j]);
}

static cf_status reference(const cf_op *op) {
    const row *r = row_of(op);
    const cf_shape *out = &op->out[0]->shape;
    int64_t stride[PORTS][CF_NET_RANK] = {{0}};
    for (int i = 0; i < op->inputs; i++)
        strides_along(&op->in[i]->shape, out, stride[i]);
    for (int64_t to = 0; to < cf_shape_count(out); to++) {
        int64_t at[PORTS] = {0}, left = to;
        for (int d = out->rank - 1; d >= 0; d--) {
            for (int i = 0; i < op->inputs; i++)
                at[i] += left % out->dim[d] * stride[i][d];
            left /= out->dim[d];
        }
        element(op, r, at, to);
    }
    return CF_OK;
}

/* Lanes of the kernel: the output's dimensions from the last on, joined where all inputs allow. */
static void join(const cf_op *op, int dim[8], int stride[PORTS][8]) {
    const cf_shape *out = &op->out[0]->shape;
    int64_t full[PORTS][CF_NET_RANK] = {{0}};
    int lanes = 0;
    for (int i = 0; i < op->inputs; i++)
        strides_along(&op->in[i]->shape, out, full[i]);
    for (int d = 0; d < 8; d++)
        dim[d] = 1;
    for (int d = out->rank - 1; d >= 0; d--) {
        int tight = lanes > 0;
        for (int i = 0; i < op->inputs && tight; i++)
            tight = full[i][d] == (int64_t)stride[i][lanes - 1] * dim[lanes - 1];
        if (out->dim[d] == 1)
            continue;
        if (tight) {
            dim[lanes - 1] *= (int)out->dim[d];
            continue;
        }
        for (int i = 0; i < op->inputs; i++)
            stride[i][lanes] = (int)full[i][d];
        dim[lanes++] = (int)out->dim[d];
    }
}

static cf_status plan_compare(cf_planner *plan, cf_op *op) {
    int dim[8], stride[PORTS][8] = {{0}}, chunk = 1024;
    const cf_buffer *in[PORTS] = {NULL}, *to;
    size_t outer = 1;
    join(op, dim, stride);
    for (int i = 0; i < op->inputs; i++)
        CF_TRY(cf_plan_tensor(plan, op->in[i], &in[i]));
    for (int i = op->inputs; i < PORTS; i++)
        in[i] = in[0];
    CF_TRY(cf_plan_tensor(plan, op->out[0], &to));
    for (int d = 1; d < 8; d++)
        outer *= (size_t)dim[d];
    cf_range range = {{(size_t)((dim[0] - 1) / chunk + 1), outer, 1}, {1, 1, 1}};
    return cf_plan_launch(plan, &cf_kernel_op_compare, row_of(op)->kernel, "", range,
                          CF_ARGS(CF_BUF(in[0]), CF_BUF(in[1]), CF_BUF(in[2]), CF_BUF(to),
                                  CF_BYTES(dim, sizeof dim), CF_BYTES(stride[0], sizeof stride[0]),
                                  CF_BYTES(stride[1], sizeof stride[1]),
                                  CF_BYTES(stride[2], sizeof stride[2]), CF_INT(chunk)));
}

#define COMPARE(title, operands)                                                                   \
    {                                                                                              \
        .name = (title), .inputs_min = (operands), .inputs_max = (operands), .outputs_max = 1,     \
        .infer = infer, .reference = reference, .plan = plan_compare                               \
    }
const cf_operator cf_operators_compare[] = {
    COMPARE("Equal", 2),
    COMPARE("Less", 2),
    COMPARE("Greater", 2),
    COMPARE("LessOrEqual", 2),
    COMPARE("GreaterOrEqual", 2),
    COMPARE("And", 2),
    COMPARE("Or", 2),
    COMPARE("Xor", 2),
    COMPARE("Not", 1),
    COMPARE("Where", 3),
    {.name = NULL},
};
