/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax and LogSoftmax: over one axis, before opset 13 over all dimensions from it on. */
#include <math.h>
#include <string.h>

#include "cl/net/planner.h"

CF_CL_SOURCE(op_softmax);

/* As in op_softmax.cl. */
#define PIXELS 16
#define COLUMNS 256

/* The tensor as [outer][length][inner]; the sum runs over length. */
typedef struct {
    int axis;
    int64_t outer, length, inner;
} spans;

static cf_status describe(const cf_op *op, spans *s) {
    const cf_shape *x = &op->in[0]->shape;
    int whole = op->opset < 13;
    CF_TRY(cf_op_axis(op, cf_op_int(op, "axis", whole ? 1 : -1), x->rank, &s->axis));
    s->outer = cf_shape_span(x, 0, s->axis);
    s->length = cf_shape_span(x, s->axis, whole ? x->rank : s->axis + 1);
    s->inner = whole ? 1 : cf_shape_span(x, s->axis + 1, x->rank);
    return CF_OK;
}

static cf_status infer(cf_planner *plan, cf_op *op) {
    (void)plan;
    spans s;
    if (op->in[0]->type != CF_TYPE_FLOAT)
        return cf_op_fail(op, CF_ERR_FORMAT, "only on floating-point numbers");
    CF_TRY(describe(op, &s));
    op->out[0]->shape = op->in[0]->shape;
    op->out[0]->type = CF_TYPE_FLOAT;
    return CF_OK;
}

static int is_log(const cf_op *op) {
    return !strcmp(op->type->name, "LogSoftmax");
}

static void softmax(const float *x, float *y, int64_t length, int64_t step, int logarithm) {
    double peak = -INFINITY, sum = 0;
    for (int64_t i = 0; i < length; i++)
        peak = (double)x[i * step] > peak ? (double)x[i * step] : peak;
    for (int64_t i = 0; i < length; i++)
        sum += exp((double)x[i * step] - peak);
    for (int64_t i = 0; i < length; i++) {
        double d = (double)x[i * step] - peak;
        y[i * step] = (float)(logarithm ? d - log(sum) : exp(d) / sum);
    }
}

static cf_status reference(const cf_op *op) {
    spans s;
    CF_TRY(describe(op, &s));
    for (int64_t o = 0; o < s.outer; o++)
        for (int64_t i = 0; i < s.inner; i++) {
            int64_t at = o * s.length * s.inner + i;
            softmax((const float *)op->in[0]->data + at, (float *)op->out[0]->data + at, s.length,
                    s.inner, is_log(op));
        }
    return CF_OK;
}

static void layout(cf_op *op) {
    const cf_shape *x = &op->in[0]->shape;
    spans s;
    if (x->rank == 4 && op->in[0]->layout == CF_LAYOUT_BLOCKED && describe(op, &s) == CF_OK &&
        s.axis == 1 && s.length == x->dim[1] && x->dim[1] >= CF_NET_BLOCK / 2)
        op->want[0] = op->out[0]->layout = CF_LAYOUT_BLOCKED;
}

static cf_status plan_softmax(cf_planner *plan, cf_op *op) {
    const cf_buffer *in, *out;
    cf_post_buffers post;
    char options[1024] = "";
    int32_t channel[4];
    int blocked = op->out[0]->layout == CF_LAYOUT_BLOCKED;
    spans s;
    CF_TRY(describe(op, &s));
    CF_TRY(cf_plan_tensor(plan, op->in[0], &in));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &out));
    if (is_log(op))
        strcpy(options, "-DLOG");
    if (!blocked)
        cf_post_any_channel(op, channel, options, sizeof options);
    CF_TRY(cf_plan_post(plan, op, options, sizeof options, &post));
    if (blocked)
        return cf_plan_launch(plan, &cf_kernel_op_softmax, "softmax_blocked", options,
                              CF_RANGE((s.inner + PIXELS - 1) / PIXELS, s.outer, 1, 1),
                              CF_ARGS(CF_BUF(in), CF_BUF(out), CF_INT((int)s.inner),
                                      CF_INT((int)s.length), CF_INT((int)CF_NET_BLOCKS(s.length)),
                                      CF_POST(post)));
    if (s.inner == 1)
        return cf_plan_launch(plan, &cf_kernel_op_softmax, "softmax_rows", options,
                              CF_RANGE(s.outer, 1, 1, 1),
                              CF_ARGS(CF_BUF(in), CF_BUF(out), CF_INT((int)s.length),
                                      CF_BYTES(channel, sizeof channel), CF_POST(post)));
    return cf_plan_launch(plan, &cf_kernel_op_softmax, "softmax_axis", options,
                          CF_RANGE((s.inner + COLUMNS - 1) / COLUMNS, s.outer, 1, 1),
                          CF_ARGS(CF_BUF(in), CF_BUF(out), CF_INT((int)s.length),
                                  CF_INT((int)s.inner), CF_BYTES(channel, sizeof channel),
                                  CF_POST(post)));
}

static double flops(const cf_op *op) {
    return 4.0 * (double)cf_shape_count(&op->out[0]->shape);
}

static const char *const attributes[] = {"i:axis", NULL};
const cf_operator cf_operators_softmax[] = {
    {"Softmax", 1, 1, 1, attributes, infer, reference, layout, plan_softmax, 1, NULL, flops},
    {"LogSoftmax", 1, 1, 1, attributes, infer, reference, layout, plan_softmax, 1, NULL, flops},
    {.name = NULL},
};
