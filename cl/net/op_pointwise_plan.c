/* SPDX-License-Identifier: Apache-2.0 */
/* How pointwise operators run: as code in an epilogue, of another operator's kernel or of their own
 * that only loads and stores; with broadcasting where operands need it. */
#include <stdio.h>
#include <string.h>

#include "cl/net/op_pointwise.h"
#include "cl/net/planner.h"

CF_CL_SOURCE(op_pointwise);

#define ITEM_VECTORS 64 /* as in op_pointwise.cl */

/* ---- As code ---- */

/* How operand `k` meets x, which has the output's shape. */
typedef enum { OTHER_SPREAD, OTHER_NUMBER, OTHER_PARAM, OTHER_SIDE } other_kind;

static other_kind other_of(const cf_tensor *t, const cf_shape *x) {
    int constant = cf_tensor_is_constant(t);
    if (constant && cf_shape_count(&t->shape) == 1)
        return OTHER_NUMBER;
    if (cf_shape_equal(&t->shape, x))
        return OTHER_SIDE;
    if (!constant || x->rank < 1 || t->shape.rank > x->rank)
        return OTHER_SPREAD;
    int channel = (x->rank >= 2 ? 1 : 0) - (x->rank - t->shape.rank);
    for (int d = 0; d < t->shape.rank; d++)
        if (t->shape.dim[d] != 1 && d != channel)
            return OTHER_SPREAD;
    return OTHER_PARAM;
}

static const char *power_code(double exponent) {
    static const struct {
        double exponent;
        const char *code;
    } known[] = {
        {2, "x=x*x;"}, {3, "x=x*x*x;"},   {4, "x=(x*x)*(x*x);"}, {0.5, "x=sqrt(x);"},
        {1, ";"},      {-1, "x=1.0f/x;"}, {-2, "x=1.0f/(x*x);"}, {-0.5, "x=1.0f/sqrt(x);"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].exponent == exponent)
            return known[i].code;
    return NULL;
}

static const char *code_of(const cf_op *op, const cf_pointwise *row, int swapped) {
    int whole = op->in[0]->type == CF_TYPE_INT64 &&
                !(!strcmp(row->name, "Mod") && cf_op_int(op, "fmod", 0));
    if (swapped && row->swapped)
        return whole && row->whole_swapped ? row->whole_swapped : row->swapped;
    return whole && row->whole_code ? row->whole_code : row->code;
}

/* Writes `code` into text[size] with $a, $b and $y filled in. */
static cf_status expand(const char *code, const double *numbers, const char *y, char *text,
                        size_t size) {
    size_t used = 0;
    text[0] = 0;
    for (; *code; code++) {
        char literal[32] = {*code, 0};
        const char *part = literal;
        if (*code == '$') {
            code++;
            part = *code == 'y' ? y : cf_post_float((float)numbers[*code - 'a'], literal);
        }
        size_t length = strlen(part);
        if (used + length >= size)
            return CF_ERR_UNSUPPORTED;
        memcpy(text + used, part, length + 1);
        used += length;
    }
    return CF_OK;
}

static cf_status other_param(cf_planner *plan, cf_post *post, cf_tensor *t, int *index) {
    int64_t n = cf_shape_count(&t->shape);
    float *values = cf_plan_keep(plan, (size_t)n, sizeof *values);
    if (!values)
        return CF_ERR_MEMORY;
    for (int64_t i = 0; i < n; i++)
        values[i] = (float)cf_pointwise_constant(t, i);
    return cf_post_param(plan, post, values, n, index);
}

/* The other operand's expression in an epilogue. */
static cf_status other_text(cf_planner *plan, cf_post *post, cf_tensor *t, int alone, char *y) {
    int index = 0;
    char literal[32];
    switch (other_of(t, &post->shape)) {
    case OTHER_NUMBER:
        snprintf(y, 48, "%s", cf_post_float((float)cf_pointwise_constant(t, 0), literal));
        return CF_OK;
    case OTHER_PARAM:
        CF_TRY(other_param(plan, post, t, &index));
        snprintf(y, 48, "PARAM(%d)", index);
        return CF_OK;
    case OTHER_SIDE:
        if (alone) { /* the node's operands are one tensor: x with itself */
            strcpy(y, "x");
            return CF_OK;
        }
        CF_TRY(cf_post_side(post, t, &index));
        snprintf(y, 48, "SIDE(%d)", index);
        return CF_OK;
    default: return CF_ERR_UNSUPPORTED;
    }
}

static cf_status append_all(cf_planner *plan, const cf_op *op, int port, cf_post *post) {
    const cf_pointwise *row = cf_pointwise_row(op);
    double numbers[2];
    char code[256], y[48] = "";
    cf_pointwise_numbers(op, row, numbers);
    int n = cf_pointwise_operands(op), binary = strstr(row->code, "$y") != NULL;
    if (!binary) {
        CF_TRY(expand(code_of(op, row, 0), numbers, y, code, sizeof code));
        return cf_post_append(post, "%s", code);
    }
    for (int k = 0; k < n; k++) {
        if (k == port)
            continue;
        int swapped = port > 0 && n == 2;
        const char *text = code_of(op, row, swapped);
        CF_TRY(other_text(plan, post, op->in[k], n == 2 && op->in[k] == op->in[port], y));
        if (!strcmp(row->name, "Pow") && k == 1 &&
            other_of(op->in[k], &post->shape) == OTHER_NUMBER) {
            const char *known = power_code(cf_pointwise_constant(op->in[k], 0));
            text = known ? known : text;
        }
        CF_TRY(expand(text, numbers, y, code, sizeof code));
        CF_TRY(cf_post_append(post, "%s", code));
    }
    return CF_OK;
}

cf_status cf_pointwise_absorb(cf_planner *plan, const cf_op *op, int port, cf_post *post) {
    if (port >= cf_pointwise_operands(op) || !cf_shape_equal(&post->shape, &op->out[0]->shape) ||
        (port && cf_pointwise_row(op)->one_way))
        return CF_ERR_UNSUPPORTED;
    for (int k = 0; k < cf_pointwise_operands(op); k++)
        if (k != port && other_of(op->in[k], &post->shape) == OTHER_SPREAD)
            return CF_ERR_UNSUPPORTED;
    return append_all(plan, op, port, post);
}

/* ---- On the device ---- */

/* Two operands in blocked layout, `full` of the output's shape and the other of one vector per
 * image or block (`splat`: one channel); 0 when the node is not of this kind. */
static int blocked_spread(const cf_op *op, int *full, int *splat) {
    const cf_shape *x = &op->out[0]->shape;
    if (x->rank != 4 || op->inputs != 2 || x->dim[1] < CF_NET_BLOCK / 2)
        return 0;
    *full = !cf_shape_equal(&op->in[0]->shape, x);
    const cf_shape *y = &op->in[1 - *full]->shape;
    if (!cf_shape_equal(&op->in[*full]->shape, x) || y->rank != 4)
        return 0;
    *splat = y->dim[1] == 1;
    return (y->dim[2] == x->dim[2] && y->dim[3] == x->dim[3]) || (y->dim[2] == 1 && y->dim[3] == 1);
}

void cf_pointwise_layout(cf_op *op) {
    cf_shape *shape = &op->out[0]->shape;
    int full = 0, splat = 0, any = 0;
    if (shape->rank != 4)
        return;
    for (int k = 0; k < cf_pointwise_operands(op); k++)
        any |= cf_shape_equal(&op->in[k]->shape, shape) && !cf_tensor_is_constant(op->in[k]) &&
               op->in[k]->layout == CF_LAYOUT_BLOCKED;
    if (!any)
        return;
    if (op->own >= 0) {
        op->out[0]->layout = CF_LAYOUT_BLOCKED;
        for (int k = 0; k < cf_pointwise_operands(op); k++)
            if (cf_shape_equal(&op->in[k]->shape, shape))
                op->want[k] = CF_LAYOUT_BLOCKED;
    } else if (blocked_spread(op, &full, &splat)) {
        op->out[0]->layout = op->want[full] = CF_LAYOUT_BLOCKED;
        op->want[1 - full] = splat ? CF_LAYOUT_PLAIN : CF_LAYOUT_BLOCKED;
    }
}

static int chunks(int64_t vectors) {
    return (int)((vectors + ITEM_VECTORS - 1) / ITEM_VECTORS);
}

/* Everything is in the epilogue: x only has to be loaded and stored. */
static cf_status plan_loaded(cf_planner *plan, cf_op *op) {
    const cf_shape *shape = &op->out[0]->shape;
    const cf_buffer *in, *out;
    cf_post_buffers post;
    char options[1024] = "";
    CF_TRY(cf_plan_tensor(plan, op->in[op->own], &in));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &out));
    CF_TRY(cf_plan_post(plan, op, options, sizeof options, &post));
    int channels = (int)cf_post_channels(shape), blocks = CF_NET_BLOCKS(channels);
    if (op->out[0]->layout == CF_LAYOUT_BLOCKED) {
        int pixels = (int)cf_shape_span(shape, 2, 4);
        return cf_plan_launch(
            plan, &cf_kernel_op_pointwise, "pointwise_blocked", options,
            CF_RANGE(chunks(pixels), shape->dim[0] * blocks, 1, 1),
            CF_ARGS(CF_BUF(in), CF_BUF(out), CF_INT(pixels), CF_INT(blocks), CF_POST(post)));
    }
    int64_t rows = 1, length = cf_shape_count(shape);
    int step = 0;
    if (op->post && op->post->param_count && length) {
        step = shape->rank <= 2;
        rows = shape->rank < 2 ? 1 : cf_shape_span(shape, 0, step ? 1 : 2);
        length /= rows;
    }
    return cf_plan_launch(plan, &cf_kernel_op_pointwise, "pointwise_plain", options,
                          CF_RANGE(chunks((length + 15) / 16), rows, 1, 1),
                          CF_ARGS(CF_BUF(in), CF_BUF(out), CF_INT((int)length), CF_INT(channels),
                                  CF_INT(step), CF_INT(blocks), CF_POST(post)));
}

/* " -DOP=..." for the kernels with two variables; x is the operand of `port` 0 or 1. */
static cf_status spread_options(const cf_op *op, int swapped, char *options, size_t size) {
    const cf_pointwise *row = cf_pointwise_row(op);
    double numbers[2];
    char code[256];
    cf_pointwise_numbers(op, row, numbers);
    CF_TRY(expand(code_of(op, row, swapped), numbers, "y", code, sizeof code));
    snprintf(options, size, "-DOP=%s", code);
    return CF_OK;
}

static cf_status plan_blocked_spread(cf_planner *plan, cf_op *op, int full, int splat) {
    const cf_shape *shape = &op->out[0]->shape, *small = &op->in[1 - full]->shape;
    const cf_buffer *in, *other, *out;
    cf_post_buffers post;
    char options[1024];
    CF_TRY(spread_options(op, full, options, sizeof options));
    if (splat)
        strcat(options, " -DSPLAT");
    CF_TRY(cf_plan_post(plan, op, options, sizeof options, &post));
    CF_TRY(cf_plan_tensor(plan, op->in[full], &in));
    CF_TRY(cf_plan_tensor(plan, op->in[1 - full], &other));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &out));
    int blocks = (int)CF_NET_BLOCKS(shape->dim[1]), pixels = (int)cf_shape_span(shape, 2, 4);
    int area = (int)cf_shape_span(small, 2, 4), other_blocks = splat ? 1 : blocks;
    const int32_t steps[4] = {small->dim[0] == 1 ? 0 : area * other_blocks, splat ? 0 : area,
                              area != 1, 0};
    return cf_plan_launch(plan, &cf_kernel_op_pointwise, "pointwise_blocked_spread", options,
                          CF_RANGE(chunks(pixels), shape->dim[0] * blocks, 1, 1),
                          CF_ARGS(CF_BUF(in), CF_BUF(other), CF_BUF(out), CF_INT(pixels),
                                  CF_INT(blocks), CF_BYTES(steps, sizeof steps), CF_POST(post)));
}

/* As in op_pointwise.cl. */
typedef struct {
    int32_t rank, size[CF_NET_RANK], step_a[CF_NET_RANK], step_b[CF_NET_RANK];
} spread;

static spread spread_of(const cf_shape *a, const cf_shape *b, const cf_shape *out) {
    int64_t step_a[CF_NET_RANK], step_b[CF_NET_RANK];
    spread s = {.rank = 0};
    cf_pointwise_steps(a, out, step_a);
    cf_pointwise_steps(b, out, step_b);
    for (int d = 0; d < out->rank; d++) {
        int32_t size = (int32_t)out->dim[d], sa = (int32_t)step_a[d], sb = (int32_t)step_b[d];
        if (size == 1)
            continue;
        int r = s.rank - 1; /* the dimension before: one with this if both operands walk on */
        if (r >= 0 && s.step_a[r] == sa * size && s.step_b[r] == sb * size)
            s.size[r] *= size;
        else
            s.size[r = s.rank++] = size;
        s.step_a[r] = sa;
        s.step_b[r] = sb;
    }
    if (!s.rank)
        s.size[s.rank++] = 1;
    return s;
}

static cf_status plan_spread_pair(cf_planner *plan, cf_op *op, cf_tensor *a, cf_tensor *b) {
    const cf_shape *shape = &op->out[0]->shape;
    const cf_buffer *in_a, *in_b, *out;
    cf_post_buffers post;
    char options[1024];
    CF_TRY(spread_options(op, 0, options, sizeof options));
    int32_t channel[4];
    cf_post_any_channel(op, channel, options, sizeof options);
    CF_TRY(cf_plan_post(plan, op, options, sizeof options, &post));
    CF_TRY(cf_plan_tensor(plan, a, &in_a));
    CF_TRY(cf_plan_tensor(plan, b, &in_b));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &out));
    spread s = spread_of(&a->shape, &b->shape, shape);
    int64_t length = s.size[s.rank - 1], rows = cf_shape_count(shape) / length;
    return cf_plan_launch(plan, &cf_kernel_op_pointwise, "pointwise_spread", options,
                          CF_RANGE(chunks((length + 15) / 16), rows, 1, 1),
                          CF_ARGS(CF_BUF(in_a), CF_BUF(in_b), CF_BUF(out), CF_BYTES(&s, sizeof s),
                                  CF_BYTES(channel, sizeof channel), CF_POST(post)));
}

/* Operand by operand; the epilogue comes with the last. */
static cf_status plan_spread(cf_planner *plan, cf_op *op) {
    cf_post *post = op->post;
    cf_tensor *x = op->in[0];
    for (int k = 1; k < op->inputs; k++, x = op->out[0]) {
        op->post = k == op->inputs - 1 ? post : NULL;
        CF_TRY(plan_spread_pair(plan, op, x, op->in[k]));
    }
    return CF_OK;
}

cf_status cf_pointwise_plan(cf_planner *plan, cf_op *op) {
    int full, splat;
    if (op->own >= 0)
        return plan_loaded(plan, op);
    if (op->out[0]->layout == CF_LAYOUT_BLOCKED && blocked_spread(op, &full, &splat))
        return plan_blocked_spread(plan, op, full, splat);
    return plan_spread(plan, op);
}
