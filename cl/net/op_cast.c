/* SPDX-License-Identifier: Apache-2.0 */
/* Cast between numbers. Floating-point types are all float32 here, integers all int64, so that only
 * floats to integers, and integers to narrower ones, change anything; float16 is not rounded to. */
#include <math.h>

#include "cl/net/strided.h"

CF_CL_SOURCE(op_cast);

enum { ONNX_UINT8 = 2, ONNX_INT8, ONNX_UINT16, ONNX_INT16, ONNX_INT32, ONNX_BOOL = 9 };
enum { ONNX_UINT32 = 12 };

static cf_status infer(cf_planner *plan, cf_op *op) {
    (void)plan;
    int64_t to = cf_op_int(op, "to", 0);
    int type = to > 0 && to < 100 ? cf_onnx_type_class((int)to) : -1;
    if (type < 0)
        return cf_op_fail(op, CF_ERR_UNSUPPORTED, "to element type %lld", (long long)to);
    cf_tensor *from = op->in[0], *out = op->out[0];
    out->type = (cf_type)type;
    out->shape = from->shape;
    if (from->type == CF_TYPE_FLOAT && out->type == CF_TYPE_FLOAT) {
        /* a constant of half floats, as files store weights to be small, need not be copied */
        out->data = from->data;
        out->stored = from->stored;
    }
    return CF_OK;
}

/* Bits that do not fit are cut off, as C and NumPy do. */
static int64_t narrow(int64_t v, int64_t to) {
    switch (to) {
    case ONNX_UINT8: return (uint8_t)v;
    case ONNX_INT8: return (int8_t)v;
    case ONNX_UINT16: return (uint16_t)v;
    case ONNX_INT16: return (int16_t)v;
    case ONNX_INT32: return (int32_t)v;
    case ONNX_UINT32: return (uint32_t)v;
    case ONNX_BOOL: return v != 0;
    default: return v;
    }
}

/* Towards zero; what no int64 can hold becomes the least one. */
static int64_t truncated(float v, int64_t to) {
    if (to == ONNX_BOOL)
        return v != 0;
    const float limit = 9223372036854775808.0F; /* 2^63 */
    return v >= -limit && v < limit ? narrow((int64_t)v, to) : narrow(INT64_MIN, to);
}

static cf_status reference(const cf_op *op) {
    int64_t to = cf_op_int(op, "to", 0), count = cf_shape_count(&op->out[0]->shape);
    const float *real = op->in[0]->data;
    const int64_t *whole = op->in[0]->data;
    int from_real = op->in[0]->type == CF_TYPE_FLOAT;
    for (int64_t i = 0; i < count; i++)
        if (op->out[0]->type == CF_TYPE_FLOAT)
            ((float *)op->out[0]->data)[i] = from_real ? real[i] : (float)whole[i];
        else
            ((int64_t *)op->out[0]->data)[i] =
                from_real ? truncated(real[i], to) : narrow(whole[i], to);
    return CF_OK;
}

static void layout(cf_op *op) {
    op->want[0] = op->out[0]->layout = op->in[0]->layout;
}

/* Range of an integer type: its least value, and how many there are; 0 for those that floats on the
 * device never leave, as far as the plan knows. */
static void range_of(int64_t to, float *low, float *span) {
    switch (to) {
    case ONNX_UINT8: *low = 0, *span = 0x1p8F; break;
    case ONNX_INT8: *low = -0x1p7F, *span = 0x1p8F; break;
    case ONNX_UINT16: *low = 0, *span = 0x1p16F; break;
    case ONNX_INT16: *low = -0x1p15F, *span = 0x1p16F; break;
    case ONNX_UINT32: *low = 0, *span = 0x1p32F; break;
    case ONNX_INT32: *low = -0x1p31F, *span = 0x1p32F; break;
    default: *low = *span = 0;
    }
}

static cf_status plan_cast(cf_planner *plan, cf_op *op) {
    int64_t to_type = cf_op_int(op, "to", 0);
    int truth = to_type == ONNX_BOOL, chunk = 4096;
    float low, span;
    const cf_buffer *from, *to;
    range_of(to_type, &low, &span);
    int copied = op->out[0]->type == CF_TYPE_FLOAT ||
                 (op->in[0]->type == CF_TYPE_INT64 && !truth && !(span > 0));
    cf_shape stored = cf_shape_stored(&op->out[0]->shape, op->out[0]->layout);
    if (copied && cf_plan_alias(plan, op->out[0], op->in[0], 0))
        return CF_OK;
    if (copied) {
        cf_strided copy = cf_strided_whole(&stored);
        return cf_plan_strided_tensors(plan, op, &copy, op->in[0], op->out[0]);
    }
    CF_TRY(cf_plan_tensor(plan, op->in[0], &from));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &to));
    int count = (int)cf_shape_count(&stored);
    cf_range range = {{(size_t)((count - 1) / chunk + 1), 1, 1}, {1, 1, 1}};
    return cf_plan_launch(plan, &cf_kernel_op_cast, "cast", "", range,
                          CF_ARGS(CF_BUF(from), CF_BUF(to), CF_INT(count), CF_INT(chunk),
                                  CF_INT(truth), CF_FLOAT(low), CF_FLOAT(span)));
}

static cf_status absorb(cf_planner *plan, const cf_op *op, int port, cf_post *post) {
    (void)plan, (void)post;
    return port == 0 && op->out[0]->type == CF_TYPE_FLOAT ? CF_OK : CF_ERR_UNSUPPORTED;
}

const cf_operator cf_operators_cast[] = {
    {.name = "Cast",
     .inputs_min = 1,
     .inputs_max = 1,
     .outputs_max = 1,
     .attributes = (const char *const[]){"i:to", "i:saturate", NULL},
     .infer = infer,
     .reference = reference,
     .layout = layout,
     .plan = plan_cast,
     .absorb = absorb},
    {.name = NULL},
};
