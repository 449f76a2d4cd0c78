/* SPDX-License-Identifier: Apache-2.0 */
/* ArgMax: where the largest element along an axis is. NaN is never larger than anything; a leading
 * one stays. */
#include "cl/net/strided.h"

CF_CL_SOURCE(op_argmax);

static int axis_of(const cf_op *op) {
    int64_t axis = cf_op_int(op, "axis", 0);
    return (int)(axis < 0 ? axis + op->in[0]->shape.rank : axis);
}

static cf_status infer(cf_planner *plan, cf_op *op) {
    (void)plan;
    const cf_shape *in = &op->in[0]->shape;
    cf_shape *out = &op->out[0]->shape;
    int axis;
    CF_TRY(cf_op_axis(op, cf_op_int(op, "axis", 0), in->rank, &axis));
    if (!in->dim[axis])
        return cf_op_fail(op, CF_ERR_FORMAT, "nothing along axis %d", axis);
    out->rank = 0;
    for (int d = 0; d < in->rank; d++)
        if (d != axis)
            out->dim[out->rank++] = in->dim[d];
        else if (cf_op_int(op, "keepdims", 1))
            out->dim[out->rank++] = 1;
    op->out[0]->type = CF_TYPE_INT64;
    return CF_OK;
}

static cf_status reference(const cf_op *op) {
    const cf_shape *in = &op->in[0]->shape;
    int axis = axis_of(op), last = cf_op_int(op, "select_last_index", 0) != 0;
    int64_t size = in->dim[axis], inner = cf_shape_span(in, axis + 1, in->rank);
    const float *real = op->in[0]->data;
    const int64_t *whole = op->in[0]->data;
    for (int64_t i = 0; i < cf_shape_count(&op->out[0]->shape); i++) {
        int64_t first = i / inner * size * inner + i % inner, best = 0;
        for (int64_t k = 1; k < size; k++) {
            int64_t a = first + k * inner, b = first + best * inner;
            int larger = op->in[0]->type == CF_TYPE_FLOAT
                             ? real[a] > real[b] || (last && real[a] == real[b])
                             : whole[a] > whole[b] || (last && whole[a] == whole[b]);
            best = larger ? k : best;
        }
        ((int64_t *)op->out[0]->data)[i] = best;
    }
    return CF_OK;
}

static cf_status plan_argmax(cf_planner *plan, cf_op *op) {
    const cf_shape *in = &op->in[0]->shape;
    const cf_buffer *from, *to;
    int axis = axis_of(op);
    int64_t outer = cf_shape_span(in, 0, axis), inner = cf_shape_span(in, axis + 1, in->rank);
    CF_TRY(cf_plan_tensor(plan, op->in[0], &from));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &to));
    cf_range range = {{(size_t)((inner - 1) / 16 + 1), (size_t)outer, 1}, {1, 1, 1}};
    return cf_plan_launch(plan, &cf_kernel_op_argmax, "argmax", "", range,
                          CF_ARGS(CF_BUF(from), CF_BUF(to), CF_INT((int)in->dim[axis]),
                                  CF_INT((int)inner),
                                  CF_INT(cf_op_int(op, "select_last_index", 0) != 0)));
}

const cf_operator cf_operators_argmax[] = {
    {.name = "ArgMax",
     .inputs_min = 1,
     .inputs_max = 1,
     .outputs_max = 1,
     .attributes = (const char *const[]){"i:axis", "i:keepdims", "i:select_last_index", NULL},
     .infer = infer,
     .reference = reference,
     .plan = plan_argmax},
    {.name = NULL},
};
