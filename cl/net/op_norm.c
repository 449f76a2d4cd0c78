/* SPDX-License-Identifier: Apache-2.0 */
/* Normalizations: BatchNormalization (constants: an epilogue), and those by the run's own mean and
 * variance: InstanceNormalization, GroupNormalization, LayerNormalization. */
#include <math.h>
#include <string.h>

#include "cl/net/op_pointwise.h"
#include "cl/net/planner.h"

CF_CL_SOURCE(op_norm);

#define ITEM_VECTORS 64 /* as in op_norm.cl */
#define MAX_PARTS 64    /* of one plane's statistics */
#define MIN_PART 256

static cf_status check_data(const cf_op *op, int rank_min) {
    const cf_tensor *x = op->in[0];
    for (int k = 0; k < op->inputs; k++)
        if ((!k || op->in[k]) && op->in[k]->type != CF_TYPE_FLOAT)
            return cf_op_fail(op, CF_ERR_FORMAT, "only on floating-point numbers");
    if (x->shape.rank < rank_min)
        return cf_op_fail(op, CF_ERR_FORMAT, "data of %d dimensions", x->shape.rank);
    if (cf_shape_count(&x->shape) == 0)
        return cf_op_fail(op, CF_ERR_UNSUPPORTED, "data without elements");
    op->out[0]->shape = x->shape;
    op->out[0]->type = CF_TYPE_FLOAT;
    return CF_OK;
}

/* Inputs first..last: constants, `count` numbers in one dimension. */
static cf_status check_vectors(const cf_op *op, int first, int last, int64_t count) {
    for (int k = first; k <= last; k++) {
        const cf_tensor *t = op->in[k];
        if (!cf_tensor_is_constant(t))
            return cf_op_fail(op, CF_ERR_UNSUPPORTED,
                              "input %d ('%s') must be known before the run", k, t->name);
        if (t->shape.rank != 1 || t->shape.dim[0] != count)
            return cf_op_fail(op, CF_ERR_FORMAT, "input %d ('%s') is not of %lld numbers", k,
                              t->name, (long long)count);
    }
    return CF_OK;
}

static double flops_of(const cf_op *op) {
    return 8.0 * (double)cf_shape_count(&op->out[0]->shape);
}

/* Statistics of `count` elements; normalizes them with factor[i / run] and offset[i / run], where
 * NULL is 0. */
static void normalize(const float *x, float *y, int64_t count, int64_t run, double epsilon,
                      const float *factor, const float *offset) {
    double mean = 0, square = 0;
    for (int64_t i = 0; i < count; i++)
        mean += (double)x[i];
    mean /= (double)count;
    for (int64_t i = 0; i < count; i++)
        square += ((double)x[i] - mean) * ((double)x[i] - mean);
    double inverse = 1 / sqrt(square / (double)count + epsilon);
    for (int64_t i = 0; i < count; i++)
        y[i] = (float)(((double)x[i] - mean) * inverse * (double)factor[i / run] +
                       (offset ? (double)offset[i / run] : 0));
}

/* ---- BatchNormalization ---- */

static cf_status infer_batch(cf_planner *plan, cf_op *op) {
    (void)plan;
    CF_TRY(check_data(op, 2));
    if (cf_op_int(op, "training_mode", 0))
        return cf_op_fail(op, CF_ERR_UNSUPPORTED, "training_mode is not supported");
    return check_vectors(op, 1, 4, op->in[0]->shape.dim[1]);
}

/* x * factor + offset per channel, in double for a good rounding. */
static void batch_line(const cf_op *op, int64_t channel, double *factor, double *offset) {
    float v[4];
    for (int k = 0; k < 4; k++)
        cf_tensor_read(op->in[1 + k], channel, 1, &v[k]);
    double epsilon = (double)cf_op_float(op, "epsilon", 1e-5F);
    *factor = (double)v[0] / sqrt((double)v[3] + epsilon);
    *offset = (double)v[1] - (double)v[2] * *factor;
}

static cf_status reference_batch(const cf_op *op) {
    const cf_shape *s = &op->in[0]->shape;
    const float *x = op->in[0]->data;
    float *y = op->out[0]->data;
    int64_t span = cf_shape_span(s, 2, s->rank);
    for (int64_t p = 0; p < s->dim[0] * s->dim[1]; p++) {
        double factor, offset;
        batch_line(op, p % s->dim[1], &factor, &offset);
        for (int64_t i = p * span; i < (p + 1) * span; i++)
            y[i] = (float)((double)x[i] * factor + offset);
    }
    return CF_OK;
}

static cf_status absorb_batch(cf_planner *plan, const cf_op *op, int port, cf_post *post) {
    int64_t channels = cf_post_channels(&post->shape);
    int a, b;
    if (port != 0 || post->shape.rank < 2)
        return CF_ERR_UNSUPPORTED;
    float *factors = cf_plan_keep(plan, (size_t)channels, sizeof *factors);
    float *offsets = cf_plan_keep(plan, (size_t)channels, sizeof *offsets);
    if (!factors || !offsets)
        return CF_ERR_MEMORY;
    for (int64_t c = 0; c < channels; c++) {
        double factor, offset;
        batch_line(op, c, &factor, &offset);
        factors[c] = (float)factor;
        offsets[c] = (float)offset;
    }
    CF_TRY(cf_post_param(plan, post, factors, channels, &a));
    CF_TRY(cf_post_param(plan, post, offsets, channels, &b));
    return cf_post_append(post, "x=x*PARAM(%d)+PARAM(%d);", a, b);
}

/* ---- InstanceNormalization, GroupNormalization ---- */

static cf_status infer_instance(cf_planner *plan, cf_op *op) {
    (void)plan;
    CF_TRY(check_data(op, 3));
    return check_vectors(op, 1, 2, op->in[0]->shape.dim[1]);
}

static cf_status infer_group(cf_planner *plan, cf_op *op) {
    (void)plan;
    CF_TRY(check_data(op, 2));
    int64_t groups = cf_op_int(op, "num_groups", 0), channels = op->in[0]->shape.dim[1];
    if (groups < 1 || channels % groups)
        return cf_op_fail(op, CF_ERR_FORMAT, "%lld groups of %lld channels", (long long)groups,
                          (long long)channels);
    return check_vectors(op, 1, 2, groups);
}

/* Channels that share their statistics, and one scale. */
static int64_t group_size(const cf_op *op) {
    int64_t channels = op->in[0]->shape.dim[1];
    return channels / cf_op_int(op, "num_groups", channels);
}

static cf_status reference_instance(const cf_op *op) {
    const cf_shape *s = &op->in[0]->shape;
    const float *scale = op->in[1]->data, *offset = op->in[2]->data;
    int64_t group = group_size(op), groups = s->dim[1] / group;
    int64_t count = group * cf_shape_span(s, 2, s->rank);
    for (int64_t g = 0; count && g < s->dim[0] * groups; g++)
        normalize((const float *)op->in[0]->data + g * count, (float *)op->out[0]->data + g * count,
                  count, count, (double)cf_op_float(op, "epsilon", 1e-5F), scale + g % groups,
                  offset + g % groups);
    return CF_OK;
}

static void layout_instance(cf_op *op) {
    const cf_shape *s = &op->in[0]->shape;
    if (op->in[0]->layout == CF_LAYOUT_BLOCKED && s->rank == 4 && group_size(op) == 1)
        op->want[0] = op->out[0]->layout = CF_LAYOUT_BLOCKED;
}

/* Scale and offset per channel, whole blocks. */
static cf_status pack_scale(cf_planner *plan, const cf_op *op, const cf_buffer **out) {
    int64_t channels = op->in[0]->shape.dim[1], group = group_size(op);
    int64_t row = CF_NET_BLOCKS(channels) * CF_NET_BLOCK;
    float *rows = cf_plan_keep(plan, 2 * (size_t)row, sizeof *rows);
    if (!rows)
        return CF_ERR_MEMORY;
    for (int64_t c = 0; c < channels; c++)
        for (int k = 0; k < 2; k++)
            cf_tensor_read(op->in[1 + k], c / group, 1, &rows[k * row + c]);
    return cf_plan_constant(plan, rows, 2 * (size_t)row * sizeof *rows, out);
}

/* Into how many parts of which size statistics of `vectors` vectors are cut. */
static void cut(int64_t vectors, int *size, int *count) {
    int64_t each = (vectors + MAX_PARTS - 1) / MAX_PARTS;
    *size = (int)(each > MIN_PART ? each : MIN_PART);
    *count = (int)((vectors + *size - 1) / *size);
}

static cf_status plan_instance(cf_planner *plan, cf_op *op) {
    const cf_shape *s = &op->in[0]->shape;
    int blocked = op->out[0]->layout == CF_LAYOUT_BLOCKED, size, count;
    int pixels = (int)cf_shape_span(s, 2, s->rank), channels = (int)s->dim[1];
    int blocks = CF_NET_BLOCKS(channels), share = (int)group_size(op);
    int64_t planes = s->dim[0] * (blocked ? blocks : channels / share);
    const cf_buffer *in, *out, *parts, *scale;
    cf_post_buffers post;
    char options[1024] = "";
    CF_TRY(cf_plan_tensor(plan, op->in[0], &in));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &out));
    CF_TRY(pack_scale(plan, op, &scale));
    CF_TRY(cf_plan_post(plan, op, options, sizeof options, &post));
    cut(blocked ? pixels : (int64_t)pixels * share / 16, &size, &count);
    CF_TRY(cf_plan_scratch(plan, (size_t)planes * (size_t)(count + 1) * 128, &parts));
    if (count)
        CF_TRY(cf_plan_launch(plan, &cf_kernel_op_norm,
                              blocked ? "norm_parts_blocked" : "norm_parts_plain", "",
                              CF_RANGE(count, planes, 1, 1),
                              CF_ARGS(CF_BUF(in), CF_BUF(parts),
                                      CF_INT(blocked ? pixels : pixels * share), CF_INT(size))));
    float epsilon = cf_op_float(op, "epsilon", 1e-5F);
    if (blocked)
        return cf_plan_launch(plan, &cf_kernel_op_norm, "norm_apply_blocked", options,
                              CF_RANGE((pixels + ITEM_VECTORS - 1) / ITEM_VECTORS, planes, 1, 1),
                              CF_ARGS(CF_BUF(in), CF_BUF(out), CF_BUF(parts), CF_BUF(scale),
                                      CF_INT(pixels), CF_INT(size), CF_INT(count), CF_INT(blocks),
                                      CF_FLOAT(epsilon), CF_POST(post)));
    int item = ITEM_VECTORS * 16;
    return cf_plan_launch(plan, &cf_kernel_op_norm, "norm_apply_plain", options,
                          CF_RANGE((pixels + item - 1) / item, s->dim[0] * channels, 1, 1),
                          CF_ARGS(CF_BUF(in), CF_BUF(out), CF_BUF(parts), CF_BUF(scale),
                                  CF_INT(pixels), CF_INT(share), CF_INT(size), CF_INT(count),
                                  CF_INT(channels), CF_INT(blocks), CF_FLOAT(epsilon),
                                  CF_POST(post)));
}

/* ---- LayerNormalization ---- */

/* Whether t has one element, or runs along the dimensions from `axis` on. */
static int runs_along(const cf_shape *t, const cf_shape *x, int axis) {
    int skip = x->rank - t->rank;
    if (cf_shape_count(t) == 1 && t->rank <= x->rank - axis)
        return 1;
    for (int d = 0; d < x->rank; d++)
        if ((d - skip >= 0 ? t->dim[d - skip] : 1) != (d < axis ? 1 : x->dim[d]))
            return 0;
    return t->rank <= x->rank;
}

static cf_status infer_layer(cf_planner *plan, cf_op *op) {
    (void)plan;
    int axis;
    CF_TRY(check_data(op, 1));
    const cf_shape *x = &op->in[0]->shape;
    CF_TRY(cf_op_axis(op, cf_op_int(op, "axis", -1), x->rank, &axis));
    for (int k = 1; k < op->inputs; k++)
        if (op->in[k] && !runs_along(&op->in[k]->shape, x, axis))
            return cf_op_fail(op, CF_ERR_UNSUPPORTED,
                              "scale and bias must be one number or have the normalized shape");
    return CF_OK;
}

static int64_t layer_length(const cf_op *op) {
    const cf_shape *x = &op->in[0]->shape;
    int64_t axis = cf_op_int(op, "axis", -1);
    return cf_shape_span(x, (int)(axis < 0 ? axis + x->rank : axis), x->rank);
}

static int has_bias(const cf_op *op) {
    return op->inputs > 2 && op->in[2];
}

static cf_status reference_layer(const cf_op *op) {
    int64_t length = layer_length(op), n = cf_shape_count(&op->in[0]->shape);
    int64_t run = cf_shape_count(&op->in[1]->shape) == 1 ? length : 1;
    int64_t step = has_bias(op) && cf_shape_count(&op->in[2]->shape) > 1;
    for (int64_t at = 0; at < n; at += length) {
        float *y = (float *)op->out[0]->data + at;
        normalize((const float *)op->in[0]->data + at, y, length, run,
                  (double)cf_op_float(op, "epsilon", 1e-5F), op->in[1]->data, NULL);
        for (int64_t i = 0; has_bias(op) && i < length; i++)
            y[i] += ((const float *)op->in[2]->data)[i * step];
    }
    return CF_OK;
}

static cf_status plan_layer(cf_planner *plan, cf_op *op) {
    static const float zero[16];
    int64_t length = layer_length(op), rows = cf_shape_count(&op->in[0]->shape) / length;
    const cf_buffer *in, *out, *scale, *offset;
    cf_post_buffers post;
    char options[1024] = "";
    int32_t channel[4];
    CF_TRY(cf_plan_tensor(plan, op->in[0], &in));
    CF_TRY(cf_plan_tensor(plan, op->in[1], &scale));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &out));
    CF_TRY(has_bias(op) ? cf_plan_tensor(plan, op->in[2], &offset)
                        : cf_plan_constant(plan, zero, sizeof zero, &offset));
    cf_post_any_channel(op, channel, options, sizeof options);
    CF_TRY(cf_plan_post(plan, op, options, sizeof options, &post));
    return cf_plan_launch(plan, &cf_kernel_op_norm, "norm_rows", options, CF_RANGE(rows, 1, 1, 1),
                          CF_ARGS(CF_BUF(in), CF_BUF(out), CF_BUF(scale), CF_BUF(offset),
                                  CF_INT((int)length),
                                  CF_INT(cf_shape_count(&op->in[1]->shape) > 1),
                                  CF_INT(has_bias(op) && cf_shape_count(&op->in[2]->shape) > 1),
                                  CF_FLOAT(cf_op_float(op, "epsilon", 1e-5F)),
                                  CF_BYTES(channel, sizeof channel), CF_POST(post)));
}

static const char *const batch_attributes[] = {"f:epsilon", "f:momentum", "i:training_mode", NULL};
static const char *const instance_attributes[] = {"f:epsilon", NULL};
static const char *const group_attributes[] = {"f:epsilon", "i:num_groups", NULL};
static const char *const layer_attributes[] = {"i:axis", "f:epsilon", "i:stash_type", NULL};

const cf_operator cf_operators_norm[] = {
    {"BatchNormalization", 5, 5, 1, batch_attributes, infer_batch, reference_batch,
     cf_pointwise_layout, cf_pointwise_plan, 1, absorb_batch, flops_of},
    {"InstanceNormalization", 3, 3, 1, instance_attributes, infer_instance, reference_instance,
     layout_instance, plan_instance, 1, NULL, flops_of},
    {"GroupNormalization", 3, 3, 1, group_attributes, infer_group, reference_instance,
     layout_instance, plan_instance, 1, NULL, flops_of},
    {"LayerNormalization", 2, 3, 1, layer_attributes, infer_layer, reference_layer, NULL,
     plan_layer, 1, NULL, flops_of},
    {.name = NULL},
};
