/* SPDX-License-Identifier: Apache-2.0 */
/* Gather: slices of a tensor along one axis, by number. */
#include "cl/net/strided.h"

CF_CL_SOURCE(op_gather);

/* The data as outer x size x inner, `count` numbers. */
typedef struct {
    int64_t outer, size, inner, count;
} gathering;

static cf_status read_node(const cf_op *op, gathering *g) {
    const cf_shape *data = &op->in[0]->shape;
    int axis;
    CF_TRY(cf_op_axis(op, cf_op_int(op, "axis", 0), data->rank, &axis));
    *g = (gathering){cf_shape_span(data, 0, axis), data->dim[axis],
                     cf_shape_span(data, axis + 1, data->rank), cf_shape_count(&op->in[1]->shape)};
    return CF_OK;
}

static cf_status check_index(const cf_op *op, const gathering *g, int64_t *index) {
    if (*index < -g->size || *index >= g->size)
        return cf_op_fail(op, CF_ERR_FORMAT, "index %lld of %lld", (long long)*index,
                          (long long)g->size);
    *index += *index < 0 ? g->size : 0;
    return CF_OK;
}

static cf_status infer(cf_planner *plan, cf_op *op) {
    const cf_tensor *data = op->in[0];
    cf_tensor *indices = op->in[1];
    gathering g;
    int axis;
    CF_TRY(read_node(op, &g));
    CF_TRY(cf_op_axis(op, cf_op_int(op, "axis", 0), data->shape.rank, &axis));
    if (indices->type != CF_TYPE_INT64)
        return cf_op_fail(op, CF_ERR_FORMAT, "indices must be integers");
    if (data->shape.rank - 1 + indices->shape.rank > CF_NET_RANK)
        return cf_op_fail(op, CF_ERR_UNSUPPORTED, "more than %d dimensions", CF_NET_RANK);
    if (cf_tensor_is_constant(indices)) {
        const int64_t *list = cf_plan_data(plan, indices);
        if (!list)
            return CF_ERR_MEMORY;
        for (int64_t i = 0; i < g.count; i++) {
            int64_t index = list[i];
            CF_TRY(check_index(op, &g, &index));
        }
    } else if (!g.size) {
        return cf_op_fail(op, CF_ERR_FORMAT, "nothing to gather from");
    }
    cf_shape *out = &op->out[0]->shape;
    out->rank = 0;
    for (int d = 0; d < axis; d++)
        out->dim[out->rank++] = data->shape.dim[d];
    for (int d = 0; d < indices->shape.rank; d++)
        out->dim[out->rank++] = indices->shape.dim[d];
    for (int d = axis + 1; d < data->shape.rank; d++)
        out->dim[out->rank++] = data->shape.dim[d];
    op->out[0]->type = data->type;
    return CF_OK;
}

/* The slice that number i asks for. */
static cf_strided one_slice(const gathering *g, int64_t index, int64_t i) {
    cf_strided copy = {.from_at = index * g->inner, .to_at = i * g->inner};
    cf_strided_add(&copy, g->outer, g->size * g->inner, g->count * g->inner);
    cf_strided_add(&copy, g->inner, 1, 1);
    return copy;
}

static cf_status reference(const cf_op *op) {
    gathering g;
    CF_TRY(read_node(op, &g));
    for (int64_t i = 0; i < g.count; i++) {
        int64_t index = ((const int64_t *)op->in[1]->data)[i];
        CF_TRY(check_index(op, &g, &index));
        cf_strided copy = one_slice(&g, index, i);
        cf_strided_tensors(&copy, op->in[0], op->out[0]);
    }
    return CF_OK;
}

static cf_status plan_one(cf_planner *plan, cf_op *op, const gathering *g) {
    int64_t index = *(const int64_t *)cf_plan_data(plan, op->in[1]);
    CF_TRY(check_index(op, g, &index));
    cf_strided copy = one_slice(g, index, 0);
    if (g->outer == 1 &&
        cf_plan_alias(plan, op->out[0], op->in[0], (size_t)(index * g->inner) * sizeof(float)))
        return CF_OK;
    return cf_plan_strided_tensors(plan, op, &copy, op->in[0], op->out[0]);
}

/* Numbers that come only at run time cannot be refused: the kernel clamps them. */
static cf_status plan_gather(cf_planner *plan, cf_op *op) {
    gathering g;
    const cf_buffer *data, *indices, *to;
    CF_TRY(read_node(op, &g));
    if (g.count == 1 && cf_tensor_is_constant(op->in[1]) && cf_plan_data(plan, op->in[1]))
        return plan_one(plan, op, &g);
    CF_TRY(cf_plan_tensor(plan, op->in[0], &data));
    CF_TRY(cf_plan_tensor(plan, op->in[1], &indices));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &to));
    cf_range range = {{(size_t)g.count, (size_t)g.outer, 1}, {1, 1, 1}};
    return cf_plan_launch(plan, &cf_kernel_op_gather, "gather", "", range,
                          CF_ARGS(CF_BUF(data), CF_BUF(indices), CF_BUF(to), CF_INT((int)g.size),
                                  CF_INT((int)g.inner)));
}

const cf_operator cf_operators_gather[] = {
    {.name = "Gather",
     .inputs_min = 2,
     .inputs_max = 2,
     .outputs_max = 1,
     .attributes = (const char *const[]){"i:axis", NULL},
     .infer = infer,
     .reference = reference,
     .plan = plan_gather},
    {.name = NULL},
};
