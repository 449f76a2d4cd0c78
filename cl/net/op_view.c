/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that change a tensor's shape and none of its elements: Reshape, Flatten, Squeeze,
 * Unsqueeze, Identity, and Dropout as it is after training. They cost nothing where the planner can
 * let the output lie where the input lies. */
#include <stdio.h>
#include <string.h>

#include "cl/net/strided.h"

static cf_status set_output(cf_op *op, const cf_shape *shape) {
    op->out[0]->type = op->in[0]->type;
    op->out[0]->shape = *shape;
    return CF_OK;
}

static cf_status infer_same(cf_planner *plan, cf_op *op) {
    (void)plan;
    return set_output(op, &op->in[0]->shape);
}

static cf_status infer_dropout(cf_planner *plan, cf_op *op) {
    if (op->outputs > 1)
        return cf_op_fail(op, CF_ERR_UNSUPPORTED, "the mask is made in training only");
    if (op->inputs > 2 && op->in[2]) {
        int64_t training;
        size_t count;
        CF_TRY(cf_op_constant_ints(op, 2, &training, 1, &count));
        if (count && training)
            return cf_op_fail(op, CF_ERR_UNSUPPORTED, "training mode");
    }
    return infer_same(plan, op);
}

/* The dimension written as -1 takes what is left. */
static cf_status fill_open(const cf_op *op, cf_shape *shape, int open) {
    int64_t left = cf_shape_count(&op->in[0]->shape);
    char from[96], to[96];
    cf_shape_text(&op->in[0]->shape, from);
    if (open >= 0)
        shape->dim[open] = 1;
    int valid = cf_shape_valid(shape);
    int64_t count = valid ? cf_shape_count(shape) : 0;
    if (valid && open >= 0 && count && left % count == 0) {
        shape->dim[open] = left / count;
        count = left;
    } else if (open >= 0) {
        shape->dim[open] = -1;
        valid = 0;
    }
    if (!valid || count != left)
        return cf_op_fail(op, CF_ERR_FORMAT, "%s cannot become %s", from, cf_shape_text(shape, to));
    return CF_OK;
}

static cf_status infer_reshape(cf_planner *plan, cf_op *op) {
    (void)plan;
    cf_shape shape = {.rank = 0};
    int64_t wanted[CF_NET_RANK];
    size_t count;
    int open = -1, allow_zero = cf_op_int(op, "allowzero", 0) != 0;
    CF_TRY(cf_op_constant_ints(op, 1, wanted, CF_NET_RANK, &count));
    shape.rank = (int)count;
    for (int i = 0; i < shape.rank; i++) {
        shape.dim[i] = wanted[i];
        if (wanted[i] == 0 && !allow_zero) {
            if (i >= op->in[0]->shape.rank)
                return cf_op_fail(op, CF_ERR_FORMAT, "dimension %d is 0, for that of the input", i);
            shape.dim[i] = op->in[0]->shape.dim[i];
        } else if (wanted[i] == -1) {
            if (open >= 0)
                return cf_op_fail(op, CF_ERR_FORMAT, "more than one dimension of -1");
            open = i;
        } else if (wanted[i] < 0) {
            return cf_op_fail(op, CF_ERR_FORMAT, "a dimension of %lld", (long long)wanted[i]);
        }
    }
    CF_TRY(fill_open(op, &shape, open));
    return set_output(op, &shape);
}

static cf_status infer_flatten(cf_planner *plan, cf_op *op) {
    (void)plan;
    const cf_shape *in = &op->in[0]->shape;
    int64_t axis = cf_op_int(op, "axis", 1);
    if (axis < -in->rank || axis > in->rank) /* the rank itself is allowed here */
        return cf_op_fail(op, CF_ERR_FORMAT, "axis %lld of a tensor of %d dimensions",
                          (long long)axis, in->rank);
    int split = (int)(axis < 0 ? axis + in->rank : axis);
    cf_shape shape = {2, {cf_shape_span(in, 0, split), cf_shape_span(in, split, in->rank)}};
    return set_output(op, &shape);
}

/* The axes of Squeeze and Unsqueeze, an attribute before opset 13 and an input since, as flags.
 * *given: whether there are any. */
static cf_status read_axes(const cf_op *op, int rank, int flags[CF_NET_RANK], int *given) {
    int64_t list[CF_NET_RANK];
    size_t count = 0;
    const cf_attribute *attribute = cf_op_attribute(op, "axes");
    if (op->opset < 13 && attribute) {
        if (attribute->count > CF_NET_RANK)
            return cf_op_fail(op, CF_ERR_FORMAT, "%zu axes", attribute->count);
        count = attribute->count;
        if (count)
            memcpy(list, attribute->ints, count * sizeof *list);
    } else if (attribute || (op->opset < 13 && op->inputs > 1)) {
        return cf_op_fail(op, CF_ERR_FORMAT, "axes are an input from opset 13 on, not before");
    } else {
        CF_TRY(cf_op_constant_ints(op, 1, list, CF_NET_RANK, &count));
    }
    *given = attribute || op->inputs > 1;
    memset(flags, 0, CF_NET_RANK * sizeof *flags);
    for (size_t i = 0; i < count; i++) {
        int axis;
        CF_TRY(cf_op_axis(op, list[i], rank, &axis));
        if (flags[axis])
            return cf_op_fail(op, CF_ERR_FORMAT, "axis %d twice", axis);
        flags[axis] = 1;
    }
    return CF_OK;
}

static cf_status infer_squeeze(cf_planner *plan, cf_op *op) {
    (void)plan;
    const cf_shape *in = &op->in[0]->shape;
    int flags[CF_NET_RANK], given;
    cf_shape shape = {.rank = 0};
    CF_TRY(read_axes(op, in->rank, flags, &given));
    for (int i = 0; i < in->rank; i++) {
        if (given && flags[i] && in->dim[i] != 1)
            return cf_op_fail(op, CF_ERR_FORMAT, "axis %d is %lld, not 1", i,
                              (long long)in->dim[i]);
        if (given ? !flags[i] : in->dim[i] != 1)
            shape.dim[shape.rank++] = in->dim[i];
    }
    return set_output(op, &shape);
}

static cf_status infer_unsqueeze(cf_planner *plan, cf_op *op) {
    (void)plan;
    const cf_shape *in = &op->in[0]->shape;
    int flags[CF_NET_RANK], given, next = 0;
    size_t added = 0;
    const cf_attribute *attribute = cf_op_attribute(op, "axes");
    if (attribute)
        added = attribute->count;
    else if (op->inputs > 1)
        added = (size_t)cf_shape_count(&op->in[1]->shape);
    else
        return cf_op_fail(op, CF_ERR_FORMAT, "no axes");
    if (added > (size_t)(CF_NET_RANK - in->rank))
        return cf_op_fail(op, CF_ERR_UNSUPPORTED, "more than %d dimensions", CF_NET_RANK);
    cf_shape shape = {.rank = in->rank + (int)added};
    CF_TRY(read_axes(op, shape.rank, flags, &given));
    for (int i = 0; i < shape.rank; i++)
        shape.dim[i] = flags[i] ? 1 : in->dim[next++];
    return set_output(op, &shape);
}

static cf_status reference(const cf_op *op) {
    cf_strided copy = cf_strided_whole(&op->out[0]->shape);
    cf_strided_collapse(&copy);
    cf_strided_tensors(&copy, op->in[0], op->out[0]);
    return CF_OK;
}

/* N x C x 1 x 1 with whole blocks is the same memory in both layouts. */
static int same_in_both(const cf_shape *shape) {
    return shape->rank == 4 && shape->dim[1] % CF_NET_BLOCK == 0 && shape->dim[2] == 1 &&
           shape->dim[3] == 1;
}

static void layout(cf_op *op) {
    const cf_tensor *in = op->in[0];
    cf_tensor *out = op->out[0];
    if (cf_shape_equal(&in->shape, &out->shape)) {
        op->want[0] = out->layout = in->layout;
        return;
    }
    if (same_in_both(&in->shape))
        op->want[0] = in->layout;
    if (same_in_both(&out->shape))
        out->layout = CF_LAYOUT_BLOCKED;
}

static cf_status plan_view(cf_planner *plan, cf_op *op) {
    if (cf_plan_alias(plan, op->out[0], op->in[0], 0))
        return CF_OK;
    cf_shape stored = cf_shape_stored(&op->out[0]->shape, op->out[0]->layout);
    cf_strided copy = cf_strided_whole(&stored);
    return cf_plan_strided_tensors(plan, op, &copy, op->in[0], op->out[0]);
}

/* Nothing is done to the value at all. */
static cf_status absorb(cf_planner *plan, const cf_op *op, int port, cf_post *post) {
    (void)plan, (void)op, (void)post;
    return port == 0 ? CF_OK : CF_ERR_UNSUPPORTED;
}

static const char *const axes[] = {"I:axes", NULL};

#define VIEW .outputs_max = 1, .reference = reference, .layout = layout, .plan = plan_view
const cf_operator cf_operators_view[] = {
    {.name = "Reshape",
     .inputs_min = 2,
     .inputs_max = 2,
     .attributes = (const char *const[]){"i:allowzero", NULL},
     .infer = infer_reshape,
     VIEW},
    {.name = "Flatten",
     .inputs_min = 1,
     .inputs_max = 1,
     .attributes = (const char *const[]){"i:axis", NULL},
     .infer = infer_flatten,
     VIEW},
    {.name = "Squeeze",
     .inputs_min = 1,
     .inputs_max = 2,
     .attributes = axes,
     .infer = infer_squeeze,
     VIEW},
    {.name = "Unsqueeze",
     .inputs_min = 1,
     .inputs_max = 2,
     .attributes = axes,
     .infer = infer_unsqueeze,
     VIEW},
    {.name = "Identity",
     .inputs_min = 1,
     .inputs_max = 1,
     .infer = infer_same,
     .absorb = absorb,
     VIEW},
    {.name = "Dropout",
     .inputs_min = 1,
     .inputs_max = 3,
     .outputs_max = 2,
     .attributes = (const char *const[]){"f:ratio", "i:seed", NULL},
     .infer = infer_dropout,
     .absorb = absorb,
     .reference = reference,
     .layout = layout,
     .plan = plan_view},
    {.name = NULL},
};
