/* SPDX-License-Identifier: Apache-2.0 */
/* Pointwise operators, unary and with NumPy broadcasting: what they do to an element stands in
 * op_pointwise_table.c, how they run in op_pointwise_plan.c. */
#include "cl/net/op_pointwise.h"

#include <string.h>

const cf_pointwise *cf_pointwise_row(const cf_op *op) {
    if (!strcmp(op->type->name, "Gelu") && strcmp(cf_op_string(op, "approximate", "none"), "none"))
        return cf_pointwise_find("Gelu tanh");
    return cf_pointwise_find(op->type->name);
}

static int is_clip(const cf_op *op) {
    return !strcmp(op->type->name, "Clip");
}

/* Operands that are elements, not numbers. */
int cf_pointwise_operands(const cf_op *op) {
    return is_clip(op) ? 1 : op->inputs;
}

double cf_pointwise_constant(const cf_tensor *t, int64_t index) {
    float f = 0;
    int64_t i = 0;
    if (t->type == CF_TYPE_FLOAT)
        cf_tensor_read(t, index, 1, &f);
    else
        cf_tensor_read_int(t, index, 1, &i);
    return t->type == CF_TYPE_FLOAT ? (double)f : (double)i;
}

/* $a and $b: from attributes, for Clip from inputs 1 and 2. */
void cf_pointwise_numbers(const cf_op *op, const cf_pointwise *row, double numbers[2]) {
    for (int k = 0; k < CF_POINTWISE_NUMBERS; k++) {
        const char *name = row->attribute[k];
        const cf_attribute *a = name ? cf_op_attribute(op, name) : NULL;
        numbers[k] = !a ? row->fallback[k] : a->kind == CF_ATTR_INT ? (double)a->i : (double)a->f;
        if (is_clip(op) && k + 1 < op->inputs && op->in[k + 1])
            numbers[k] = cf_pointwise_constant(op->in[k + 1], 0);
    }
}

static cf_status check_clip(const cf_op *op) {
    for (int k = 1; k < op->inputs; k++) {
        const cf_tensor *t = op->in[k];
        if (!t)
            continue;
        if (!cf_tensor_is_constant(t))
            return cf_op_fail(op, CF_ERR_UNSUPPORTED, "limits must be known before the run");
        if (cf_shape_count(&t->shape) != 1 || t->type != op->in[0]->type)
            return cf_op_fail(op, CF_ERR_FORMAT, "input %d must be one number of the data's type",
                              k);
    }
    return CF_OK;
}

static cf_status check_types(const cf_op *op, const cf_pointwise *row) {
    int power = !strcmp(row->name, "Pow"); /* the only one whose operands may differ in type */
    cf_type type = op->in[0]->type;
    if (type == CF_TYPE_INT64 && !row->whole)
        return cf_op_fail(op, CF_ERR_FORMAT, "operands must be floating-point numbers");
    for (int k = 1; k < cf_pointwise_operands(op); k++)
        if (op->in[k] && op->in[k]->type != type && !power)
            return cf_op_fail(op, CF_ERR_FORMAT, "operands of different types");
    if (!strcmp(row->name, "Mod") && type == CF_TYPE_FLOAT && !cf_op_int(op, "fmod", 0))
        return cf_op_fail(op, CF_ERR_FORMAT, "fmod must be 1 for floating-point numbers");
    return CF_OK;
}

static cf_status infer(cf_planner *plan, cf_op *op) {
    (void)plan;
    const cf_pointwise *row = cf_pointwise_row(op);
    for (int k = 0; k < cf_pointwise_operands(op); k++)
        if (!op->in[k])
            return cf_op_fail(op, CF_ERR_FORMAT, "input %d is missing", k);
    CF_TRY(check_types(op, row));
    if (is_clip(op))
        CF_TRY(check_clip(op));
    cf_shape shape = op->in[0]->shape;
    char a[96], b[96];
    for (int k = 1; k < cf_pointwise_operands(op); k++) {
        cf_shape before = shape;
        if (!cf_shape_broadcast(&before, &op->in[k]->shape, &shape) || !cf_shape_valid(&shape) ||
            (row->one_way && !cf_shape_equal(&before, &shape)))
            return cf_op_fail(op, CF_ERR_FORMAT, "shapes %s and %s do not go together",
                              cf_shape_text(&before, a), cf_shape_text(&op->in[k]->shape, b));
    }
    op->out[0]->shape = shape;
    op->out[0]->type = op->in[0]->type;
    return CF_OK;
}

static double flops(const cf_op *op) {
    int n = cf_pointwise_operands(op) - 1;
    return (double)cf_shape_count(&op->out[0]->shape) * (n > 1 ? n : 1);
}

/* Steps of an operand along the output's dimensions: 0 where it is repeated. */
void cf_pointwise_steps(const cf_shape *shape, const cf_shape *out, int64_t steps[CF_NET_RANK]) {
    int64_t step = 1;
    for (int d = out->rank - 1; d >= 0; d--) {
        int at = d - (out->rank - shape->rank);
        int64_t size = at >= 0 ? shape->dim[at] : 1;
        steps[d] = size == 1 ? 0 : step;
        step *= size;
    }
}

static double element(const cf_tensor *t, int64_t i) {
    return t->type == CF_TYPE_FLOAT ? (double)((const float *)t->data)[i]
                                    : (double)((const int64_t *)t->data)[i];
}

static int64_t to_whole(double x) {
    return x >= 0x1p63 ? INT64_MAX : x >= -0x1p63 ? (int64_t)x : INT64_MIN;
}

/* out[i] = out[i] with in[ia], element i. */
static void combine(const cf_op *op, const cf_pointwise *row, const double *numbers, int64_t i,
                    const cf_tensor *other, int64_t at) {
    cf_tensor *out = op->out[0];
    if (out->type == CF_TYPE_FLOAT) {
        float *x = (float *)out->data + i;
        *x = (float)row->real((double)*x, other ? element(other, at) : 0, numbers);
        return;
    }
    int64_t *x = (int64_t *)out->data + i;
    if (other && other->type == CF_TYPE_FLOAT) /* Pow of an integer by a fraction */
        *x = to_whole(row->real((double)*x, element(other, at), numbers));
    else
        *x = row->whole(*x, other ? ((const int64_t *)other->data)[at] : 0, numbers);
}

/* Walks over the output with the place in operand k; k 0 copies, others combine. */
static void fold_operand(const cf_op *op, const cf_pointwise *row, const double *numbers, int k) {
    const cf_shape *shape = &op->out[0]->shape;
    const cf_tensor *in = op->in[k];
    int64_t steps[CF_NET_RANK], at[CF_NET_RANK] = {0}, place = 0, n = cf_shape_count(shape);
    size_t size = in->type == CF_TYPE_FLOAT ? sizeof(float) : sizeof(int64_t);
    cf_pointwise_steps(&in->shape, shape, steps);
    for (int64_t i = 0; i < n; i++) {
        if (k)
            combine(op, row, numbers, i, in, place);
        else
            memcpy((char *)op->out[0]->data + (size_t)i * size,
                   (const char *)in->data + (size_t)place * size, size);
        for (int d = shape->rank - 1; d >= 0; d--) {
            place += steps[d];
            if (++at[d] < shape->dim[d])
                break;
            place -= steps[d] * at[d];
            at[d] = 0;
        }
    }
}

static cf_status reference(const cf_op *op) {
    const cf_pointwise *row = cf_pointwise_row(op);
    double numbers[2];
    int binary = strstr(row->code, "$y") != NULL;
    cf_pointwise_numbers(op, row, numbers);
    for (int k = 0; k < cf_pointwise_operands(op); k++)
        fold_operand(op, row, numbers, k);
    for (int64_t i = 0, n = cf_shape_count(&op->out[0]->shape); !binary && i < n; i++)
        combine(op, row, numbers, i, NULL, 0);
    return CF_OK;
}

static const char *const alpha[] = {"f:alpha", NULL};
static const char *const alpha_beta[] = {"f:alpha", "f:beta", NULL};
static const char *const alpha_gamma[] = {"f:alpha", "f:gamma", NULL};
static const char *const approximate[] = {"s:approximate", NULL};
static const char *const fmod_flag[] = {"i:fmod", NULL};

#define POINTWISE(onnx_name, least, most, names)                                                   \
    {                                                                                              \
        .name = (onnx_name), .inputs_min = (least), .inputs_max = (most), .outputs_max = 1,        \
        .attributes = (names), .infer = infer, .reference = reference,                             \
        .layout = cf_pointwise_layout, .plan = cf_pointwise_plan, .applies_post = 1,               \
        .absorb = cf_pointwise_absorb, .flops = flops                                              \
    }
const cf_operator cf_operators_pointwise[] = {
    POINTWISE("Relu", 1, 1, NULL),
    POINTWISE("LeakyRelu", 1, 1, alpha),
    POINTWISE("PRelu", 2, 2, NULL),
    POINTWISE("ThresholdedRelu", 1, 1, alpha),
    POINTWISE("Clip", 1, 3, NULL),
    POINTWISE("Sigmoid", 1, 1, NULL),
    POINTWISE("Tanh", 1, 1, NULL),
    POINTWISE("HardSigmoid", 1, 1, alpha_beta),
    POINTWISE("HardSwish", 1, 1, NULL),
    POINTWISE("Elu", 1, 1, alpha),
    POINTWISE("Selu", 1, 1, alpha_gamma),
    POINTWISE("Celu", 1, 1, alpha),
    POINTWISE("Softplus", 1, 1, NULL),
    POINTWISE("Softsign", 1, 1, NULL),
    POINTWISE("Mish", 1, 1, NULL),
    POINTWISE("Gelu", 1, 1, approximate),
    POINTWISE("Erf", 1, 1, NULL),
    POINTWISE("Sqrt", 1, 1, NULL),
    POINTWISE("Exp", 1, 1, NULL),
    POINTWISE("Log", 1, 1, NULL),
    POINTWISE("Sin", 1, 1, NULL),
    POINTWISE("Cos", 1, 1, NULL),
    POINTWISE("Neg", 1, 1, NULL),
    POINTWISE("Abs", 1, 1, NULL),
    POINTWISE("Sign", 1, 1, NULL),
    POINTWISE("Floor", 1, 1, NULL),
    POINTWISE("Ceil", 1, 1, NULL),
    POINTWISE("Round", 1, 1, NULL),
    POINTWISE("Reciprocal", 1, 1, NULL),
    POINTWISE("Add", 2, 2, NULL),
    POINTWISE("Sub", 2, 2, NULL),
    POINTWISE("Mul", 2, 2, NULL),
    POINTWISE("Div", 2, 2, NULL),
    POINTWISE("Pow", 2, 2, NULL),
    POINTWISE("Mod", 2, 2, fmod_flag),
    POINTWISE("Sum", 1, CF_OP_INPUTS, NULL),
    POINTWISE("Min", 1, CF_OP_INPUTS, NULL),
    POINTWISE("Max", 1, CF_OP_INPUTS, NULL),
    {.name = NULL},
};
