/* SPDX-License-Identifier: Apache-2.0 */
/* Operators whose results are known before the run: Shape, Size, ConstantOfShape and Range. */
#include <math.h>

#include "cl/net/strided.h"

/* Makes the output a constant of these integers. */
static cf_status give_ints(cf_planner *plan, cf_op *op, const int64_t *values, int64_t count) {
    int64_t *data = cf_plan_keep(plan, (size_t)(count ? count : 1), sizeof *data);
    if (!data)
        return CF_ERR_MEMORY;
    for (int64_t i = 0; i < count; i++)
        data[i] = values[i];
    op->out[0]->type = CF_TYPE_INT64;
    op->out[0]->data = data;
    return CF_OK;
}

static int64_t clamp_axis(int64_t axis, int rank) {
    axis += axis < 0 ? rank : 0;
    return axis < 0 ? 0 : axis > rank ? rank : axis;
}

static cf_status infer_shape(cf_planner *plan, cf_op *op) {
    const cf_shape *in = &op->in[0]->shape;
    int64_t start = clamp_axis(cf_op_int(op, "start", 0), in->rank);
    int64_t end = clamp_axis(cf_op_int(op, "end", in->rank), in->rank);
    int64_t count = end > start ? end - start : 0;
    op->out[0]->shape = (cf_shape){1, {count}};
    return give_ints(plan, op, in->dim + start, count);
}

static cf_status infer_size(cf_planner *plan, cf_op *op) {
    int64_t count = cf_shape_count(&op->in[0]->shape);
    op->out[0]->shape = (cf_shape){.rank = 0};
    return give_ints(plan, op, &count, 1);
}

static cf_status infer_filled(cf_planner *plan, cf_op *op) {
    (void)plan;
    cf_shape *out = &op->out[0]->shape;
    const cf_tensor *value = cf_op_tensor(op, "value");
    size_t count;
    char text[96];
    if (value && cf_shape_count(&value->shape) != 1)
        return cf_op_fail(op, CF_ERR_FORMAT, "its value is not one number");
    CF_TRY(cf_op_constant_ints(op, 0, out->dim, CF_NET_RANK, &count));
    out->rank = (int)count;
    if (!cf_shape_valid(out))
        return cf_op_fail(op, CF_ERR_FORMAT, "an output of %s", cf_shape_text(out, text));
    op->out[0]->type = value ? value->type : CF_TYPE_FLOAT;
    return CF_OK;
}

static cf_status reference_filled(const cf_op *op) {
    const cf_tensor *value = cf_op_tensor(op, "value");
    int64_t count = cf_shape_count(&op->out[0]->shape), whole = 0;
    float real = 0;
    if (value && value->type == CF_TYPE_FLOAT)
        cf_tensor_read(value, 0, 1, &real);
    else if (value)
        cf_tensor_read_int(value, 0, 1, &whole);
    for (int64_t i = 0; i < count; i++)
        if (op->out[0]->type == CF_TYPE_FLOAT)
            ((float *)op->out[0]->data)[i] = real;
        else
            ((int64_t *)op->out[0]->data)[i] = whole;
    return CF_OK;
}

/* Number of elements of a range; -1 where there is no such number. */
static double range_count(const cf_op *op) {
    float f[3];
    int64_t n[3];
    double first, limit, step;
    if (op->in[0]->type == CF_TYPE_FLOAT) {
        for (int i = 0; i < 3; i++)
            cf_tensor_read(op->in[i], 0, 1, &f[i]);
        first = f[0], limit = f[1], step = f[2];
    } else {
        for (int i = 0; i < 3; i++)
            cf_tensor_read_int(op->in[i], 0, 1, &n[i]);
        first = (double)n[0], limit = (double)n[1], step = (double)n[2];
    }
    double count = ceil((limit - first) / step);
    return step == 0 || !isfinite(count) ? -1 : count < 0 ? 0 : count;
}

static cf_status infer_range(cf_planner *plan, cf_op *op) {
    (void)plan;
    for (int i = 0; i < 3; i++) {
        const cf_tensor *t = op->in[i];
        if (!cf_tensor_is_constant(t))
            return cf_op_fail(op, CF_ERR_UNSUPPORTED, "'%s' must be known before the run", t->name);
        if (cf_shape_count(&t->shape) != 1 || t->type != op->in[0]->type)
            return cf_op_fail(op, CF_ERR_FORMAT, "'%s' is not one number of the same type",
                              t->name);
    }
    double count = range_count(op);
    if (count < 0 || count > (double)CF_NET_ELEMENTS)
        return cf_op_fail(op, CF_ERR_FORMAT, "a range of %g elements", count);
    op->out[0]->type = op->in[0]->type;
    op->out[0]->shape = (cf_shape){1, {(int64_t)count}};
    return CF_OK;
}

static cf_status reference_range(const cf_op *op) {
    int64_t count = op->out[0]->shape.dim[0];
    if (op->out[0]->type == CF_TYPE_FLOAT) {
        float first, step, *out = op->out[0]->data;
        cf_tensor_read(op->in[0], 0, 1, &first);
        cf_tensor_read(op->in[2], 0, 1, &step);
        for (int64_t i = 0; i < count; i++)
            out[i] = first + (float)i * step;
        return CF_OK;
    }
    int64_t first, step, *out = op->out[0]->data;
    cf_tensor_read_int(op->in[0], 0, 1, &first);
    cf_tensor_read_int(op->in[2], 0, 1, &step);
    for (int64_t i = 0; i < count; i++) /* as unsigned numbers, which may wrap */
        out[i] = (int64_t)((uint64_t)first + (uint64_t)i * (uint64_t)step);
    return CF_OK;
}

const cf_operator cf_operators_shape[] = {
    {.name = "Shape",
     .inputs_min = 1,
     .inputs_max = 1,
     .outputs_max = 1,
     .attributes = (const char *const[]){"i:start", "i:end", NULL},
     .infer = infer_shape},
    {.name = "Size", .inputs_min = 1, .inputs_max = 1, .outputs_max = 1, .infer = infer_size},
    {.name = "ConstantOfShape",
     .inputs_min = 1,
     .inputs_max = 1,
     .outputs_max = 1,
     .attributes = (const char *const[]){"t:value", NULL},
     .infer = infer_filled,
     .reference = reference_filled},
    {.name = "Range",
     .inputs_min = 3,
     .inputs_max = 3,
     .outputs_max = 1,
     .infer = infer_range,
     .reference = reference_range},
    {.name = NULL},
};
