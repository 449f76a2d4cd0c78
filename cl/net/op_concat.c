/* SPDX-License-Identifier: Apache-2.0 */
/* Concat: parts are made where they belong when the planner can arrange it, else copied there. */
#include "cl/net/strided.h"

static int axis_of(const cf_op *op) {
    int64_t axis = cf_op_int(op, "axis", 0);
    return (int)(axis < 0 ? axis + op->in[0]->shape.rank : axis);
}

static cf_status infer(cf_planner *plan, cf_op *op) {
    (void)plan;
    const cf_tensor *first = op->in[0];
    int axis;
    char a[96], b[96];
    if (!cf_op_attribute(op, "axis"))
        return cf_op_fail(op, CF_ERR_FORMAT, "no axis");
    CF_TRY(cf_op_axis(op, cf_op_int(op, "axis", 0), first->shape.rank, &axis));
    cf_shape out = first->shape;
    for (int i = 1; i < op->inputs; i++) {
        if (!op->in[i])
            return cf_op_fail(op, CF_ERR_FORMAT, "input %d is left out", i);
        cf_shape part = op->in[i]->shape;
        int64_t size = part.rank == out.rank ? part.dim[axis] : 0;
        if (part.rank == out.rank)
            part.dim[axis] = first->shape.dim[axis];
        if (op->in[i]->type != first->type || !cf_shape_equal(&part, &first->shape))
            return cf_op_fail(op, CF_ERR_FORMAT, "%s and %s do not go together",
                              cf_shape_text(&first->shape, a), cf_shape_text(&op->in[i]->shape, b));
        out.dim[axis] += size; /* at most 64 of 2^30 */
    }
    op->out[0]->type = first->type;
    op->out[0]->shape = out;
    return CF_OK;
}

/* Input i into the output, `at` along the axis, both as they lie in memory. */
static cf_strided part_copy(const cf_shape *part, const cf_shape *out, int axis, int64_t at) {
    int64_t to[CF_NET_RANK];
    cf_strided copy = cf_strided_whole(part);
    cf_shape_strides(out, to);
    for (int d = 0; d < part->rank; d++)
        copy.to[d] = to[d];
    copy.to_at = at * to[axis];
    return copy;
}

static cf_status reference(const cf_op *op) {
    int axis = axis_of(op);
    int64_t at = 0;
    for (int i = 0; i < op->inputs; i++) {
        const cf_shape *part = &op->in[i]->shape;
        cf_strided copy = part_copy(part, &op->out[0]->shape, axis, at);
        cf_strided_tensors(&copy, op->in[i], op->out[0]);
        at += part->dim[axis];
    }
    return CF_OK;
}

static void layout(cf_op *op) {
    int blocked = 0;
    for (int i = 0; i < op->inputs && op->in[0]->shape.rank == 4; i++)
        blocked |= op->in[i]->layout == CF_LAYOUT_BLOCKED;
    for (int i = 0; i < op->inputs && blocked; i++)
        op->want[i] = CF_LAYOUT_BLOCKED;
    op->out[0]->layout = blocked ? CF_LAYOUT_BLOCKED : CF_LAYOUT_PLAIN;
}

/* Channels that do not begin at a block: lanes move. */
static cf_status shift_part(cf_planner *plan, cf_op *op, int i, int64_t at) {
    const cf_buffer *from, *to;
    CF_TRY(cf_plan_tensor(plan, op->in[i], &from));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &to));
    return cf_plan_shift_channels(plan, from, &op->in[i]->shape, to, &op->out[0]->shape, at,
                                  at + op->in[i]->shape.dim[1], -at);
}

static cf_status plan_part(cf_planner *plan, cf_op *op, int i, int axis, int64_t at) {
    cf_layout lies = op->out[0]->layout;
    cf_shape part = cf_shape_stored(&op->in[i]->shape, lies);
    cf_shape out = cf_shape_stored(&op->out[0]->shape, lies);
    if (lies == CF_LAYOUT_BLOCKED && axis == 1) {
        if (at % CF_NET_BLOCK)
            return shift_part(plan, op, i, at);
        at /= CF_NET_BLOCK;
    }
    cf_strided copy = part_copy(&part, &out, axis, at);
    if (cf_shape_span(&part, 0, axis) == 1 &&
        cf_plan_alias(plan, op->in[i], op->out[0], (size_t)copy.to_at * sizeof(float)))
        return CF_OK;
    return cf_plan_strided_tensors(plan, op, &copy, op->in[i], op->out[0]);
}

/* In order: a part whose channels end within a block leaves garbage where the next one writes. */
static cf_status plan_concat(cf_planner *plan, cf_op *op) {
    int axis = axis_of(op);
    int64_t at = 0;
    for (int i = 0; i < op->inputs; i++) {
        if (op->in[i]->shape.dim[axis])
            CF_TRY(plan_part(plan, op, i, axis, at));
        at += op->in[i]->shape.dim[axis];
    }
    return CF_OK;
}

const cf_operator cf_operators_concat[] = {
    {.name = "Concat",
     .inputs_min = 1,
     .inputs_max = CF_OP_INPUTS,
     .outputs_max = 1,
     .attributes = (const char *const[]){"i:axis", NULL},
     .infer = infer,
     .reference = reference,
     .layout = layout,
     .plan = plan_concat},
    {.name = NULL},
};
