/* SPDX-License-Identifier: Apache-2.0 */
/* MaxPool and AveragePool over windows of one or two dimensions. */
#include <math.h>
#include <string.h>

#include "cl/net/planner.h"

CF_CL_SOURCE(op_pool);

#define RUN 32 /* as in op_pool.cl */
/* Largest kernel, stride, dilation or pad: products with sizes below 2^30 stay within int64, sums
 * of two within int. */
#define LIMIT ((int64_t)1 << 14)

/* As in op_pool.cl; pads at the begin and end of each axis (y, x). */
typedef struct {
    int32_t in[2], out[2], kernel[2], stride[2], dilation[2], begin[2], end[2];
    int32_t count_pads;
} pool;

static int is_average(const cf_op *op) {
    return !strcmp(op->type->name, "AveragePool");
}

/* Values of a list attribute for the axes there are; the last ones of out[2]. */
static cf_status read_list(const cf_op *op, const char *name, int axes, int64_t min, int32_t *out) {
    size_t given;
    const int64_t *list = cf_op_ints(op, name, &given);
    if (list && given != (size_t)axes)
        return cf_op_fail(op, CF_ERR_FORMAT, "%s has %zu values instead of %d", name, given, axes);
    for (int i = 0; list && i < axes; i++) {
        if (list[i] < min || list[i] > LIMIT)
            return cf_op_fail(op, CF_ERR_FORMAT, "%s is %lld", name, (long long)list[i]);
        out[2 - axes + i] = (int32_t)list[i];
    }
    return CF_OK;
}

static cf_status read_pads(const cf_op *op, int axes, pool *p) {
    size_t given;
    const int64_t *list = cf_op_ints(op, "pads", &given);
    if (list && given != 2 * (size_t)axes)
        return cf_op_fail(op, CF_ERR_FORMAT, "pads has %zu values instead of %d", given, 2 * axes);
    for (int i = 0; list && i < axes; i++) {
        int a = 2 - axes + i;
        int64_t extent = (int64_t)(p->kernel[a] - 1) * p->dilation[a] + 1;
        if (list[i] < 0 || list[i] >= extent || list[axes + i] < 0 || list[axes + i] >= extent)
            return cf_op_fail(op, CF_ERR_FORMAT, "pads must be less than the kernel");
        p->begin[a] = (int32_t)list[i];
        p->end[a] = (int32_t)list[axes + i];
    }
    return CF_OK;
}

/* Output size of an axis; with ceil_mode a last window that is cut off counts if it begins inside
 * the picture or the pads before it. 0 when the window does not fit. */
static int64_t out_size(const pool *p, int a, int ceil_mode) {
    int64_t extent = (int64_t)(p->kernel[a] - 1) * p->dilation[a] + 1, stride = p->stride[a];
    int64_t room = (int64_t)p->in[a] + p->begin[a] + p->end[a] - extent;
    if (room < 0)
        return 0;
    int64_t out = (room + (ceil_mode ? stride - 1 : 0)) / stride + 1;
    return (out - 1) * stride >= (int64_t)p->in[a] + p->begin[a] ? out - 1 : out;
}

/* auto_pad SAME_*: the output is ceil(in / stride), the odd pixel goes to one end. */
static void same_pads(pool *p, int a, int upper) {
    int64_t out = (p->in[a] + p->stride[a] - 1) / p->stride[a];
    int64_t extent = (int64_t)(p->kernel[a] - 1) * p->dilation[a] + 1;
    int64_t pads = (out - 1) * p->stride[a] + extent - p->in[a];
    pads = pads > 0 ? pads : 0;
    p->begin[a] = (int32_t)(upper ? pads / 2 : pads - pads / 2);
    p->end[a] = (int32_t)(pads - p->begin[a]);
    p->out[a] = (int32_t)out;
}

static cf_status describe(const cf_op *op, pool *p) {
    const cf_shape *x = &op->in[0]->shape;
    const char *mode = cf_op_string(op, "auto_pad", "NOTSET");
    int axes = x->rank - 2, same = !strncmp(mode, "SAME_", 5);
    size_t given;
    char text[96];
    *p = (pool){.in = {1, 1}, .kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}};
    if (!cf_op_ints(op, "kernel_shape", &given))
        return cf_op_fail(op, CF_ERR_FORMAT, "kernel_shape is missing");
    CF_TRY(read_list(op, "kernel_shape", axes, 1, p->kernel));
    CF_TRY(read_list(op, "strides", axes, 1, p->stride));
    CF_TRY(read_list(op, "dilations", axes, 1, p->dilation));
    p->count_pads = cf_op_int(op, "count_include_pad", 0) != 0;
    if (!strcmp(mode, "NOTSET"))
        CF_TRY(read_pads(op, axes, p));
    else if (strcmp(mode, "VALID") != 0 && strcmp(mode, "SAME_UPPER") != 0 &&
             strcmp(mode, "SAME_LOWER") != 0)
        return cf_op_fail(op, CF_ERR_FORMAT, "auto_pad is '%.20s'", mode);
    for (int a = 2 - axes; a < 2; a++) {
        p->in[a] = (int32_t)x->dim[x->rank - 2 + a];
        if (same)
            same_pads(p, a, !strcmp(mode, "SAME_UPPER"));
        else
            p->out[a] = (int32_t)out_size(p, a, cf_op_int(op, "ceil_mode", 0) != 0);
        if (p->out[a] < 1)
            return cf_op_fail(op, CF_ERR_FORMAT, "the input (%s) is smaller than the kernel",
                              cf_shape_text(x, text));
    }
    if (axes == 1)
        p->out[0] = 1;
    return CF_OK;
}

static cf_status infer(cf_planner *plan, cf_op *op) {
    (void)plan;
    const cf_shape *x = &op->in[0]->shape;
    pool p;
    if (op->in[0]->type != CF_TYPE_FLOAT)
        return cf_op_fail(op, CF_ERR_UNSUPPORTED, "only on floating-point numbers");
    if (x->rank < 3)
        return cf_op_fail(op, CF_ERR_FORMAT, "data of %d dimensions", x->rank);
    if (x->rank > 4)
        return cf_op_fail(op, CF_ERR_UNSUPPORTED, "only in one or two dimensions");
    CF_TRY(describe(op, &p));
    op->out[0]->type = CF_TYPE_FLOAT;
    op->out[0]->shape = *x;
    op->out[0]->shape.dim[x->rank - 1] = p.out[1];
    if (x->rank == 4)
        op->out[0]->shape.dim[2] = p.out[0];
    return CF_OK;
}

/* One window at its place. */
static float window(const pool *p, const float *x, int64_t oy, int64_t ox, int average) {
    double sum = average ? 0 : -INFINITY;
    int count = 0;
    for (int ky = 0; ky < p->kernel[0]; ky++)
        for (int kx = 0; kx < p->kernel[1]; kx++) {
            int64_t y = oy * p->stride[0] - p->begin[0] + (int64_t)ky * p->dilation[0];
            int64_t at = ox * p->stride[1] - p->begin[1] + (int64_t)kx * p->dilation[1];
            int inside = y >= 0 && y < p->in[0] && at >= 0 && at < p->in[1];
            int padded = y < p->in[0] + p->end[0] && at < p->in[1] + p->end[1];
            double v = inside ? (double)x[y * p->in[1] + at] : 0;
            count += inside || (p->count_pads && padded);
            if (inside)
                sum = average ? sum + v : v > sum ? v : sum;
        }
    return (float)(average ? sum / (count ? count : 1) : sum);
}

static cf_status reference(const cf_op *op) {
    const cf_shape *s = &op->out[0]->shape;
    float *y = op->out[0]->data;
    pool p;
    CF_TRY(describe(op, &p));
    for (int64_t plane = 0; plane < s->dim[0] * s->dim[1]; plane++) {
        const float *x = (const float *)op->in[0]->data + plane * p.in[0] * p.in[1];
        for (int64_t oy = 0; oy < p.out[0]; oy++)
            for (int64_t ox = 0; ox < p.out[1]; ox++)
                *y++ = window(&p, x, oy, ox, is_average(op));
    }
    return CF_OK;
}

static void layout(cf_op *op) {
    const cf_shape *x = &op->in[0]->shape;
    if (x->rank == 4 && x->dim[1] >= CF_NET_BLOCK / 2)
        op->want[0] = op->out[0]->layout = CF_LAYOUT_BLOCKED;
}

static cf_status plan_pool(cf_planner *plan, cf_op *op) {
    const cf_shape *s = &op->out[0]->shape;
    const cf_buffer *in, *out;
    cf_post_buffers post;
    char options[1024] = "";
    int channels = (int)s->dim[1], blocks = CF_NET_BLOCKS(channels);
    int blocked = op->out[0]->layout == CF_LAYOUT_BLOCKED;
    pool p;
    CF_TRY(describe(op, &p));
    CF_TRY(cf_plan_tensor(plan, op->in[0], &in));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &out));
    if (is_average(op))
        strcpy(options, "-DAVERAGE");
    CF_TRY(cf_plan_post(plan, op, options, sizeof options, &post));
    cf_range range = {{((size_t)p.out[1] + RUN - 1) / RUN, (size_t)p.out[0],
                       (size_t)s->dim[0] * (size_t)(blocked ? blocks : channels)},
                      {1, 1, 1}};
    if (blocked)
        return cf_plan_launch(plan, &cf_kernel_op_pool, "pool_blocked", options, range,
                              CF_ARGS(CF_BUF(in), CF_BUF(out), CF_BYTES(&p, sizeof p),
                                      CF_INT(blocks), CF_POST(post)));
    return cf_plan_launch(plan, &cf_kernel_op_pool, "pool_plain", options, range,
                          CF_ARGS(CF_BUF(in), CF_BUF(out), CF_BYTES(&p, sizeof p), CF_INT(channels),
                                  CF_INT(blocks), CF_POST(post)));
}

static double flops(const cf_op *op) {
    pool p;
    if (describe(op, &p) != CF_OK)
        return 0;
    return (double)p.kernel[0] * p.kernel[1] * (double)cf_shape_count(&op->out[0]->shape);
}

static const char *const max_attributes[] = {"s:auto_pad",     "i:ceil_mode", "I:dilations",
                                             "I:kernel_shape", "I:pads",      "i:storage_order",
                                             "I:strides",      NULL};
static const char *const average_attributes[] = {
    "s:auto_pad",     "i:ceil_mode", "i:count_include_pad", "I:dilations",
    "I:kernel_shape", "I:pads",      "I:strides",           NULL};

const cf_operator cf_operators_pool[] = {
    {"MaxPool", 1, 1, 1, max_attributes, infer, reference, layout, plan_pool, 1, NULL, flops},
    {"AveragePool", 1, 1, 1, average_attributes, infer, reference, layout, plan_pool, 1, NULL,
     flops},
    {.name = NULL},
};
