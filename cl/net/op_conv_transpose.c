/* SPDX-License-Identifier: Apache-2.0 */
/* ConvTranspose in one and two dimensions: shapes, the plain C reference, and launches. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "cl/net/conv_methods.h"
#include "cl/net/pack.h"

CF_CL_SOURCE(op_conv_transpose);

/* Largest pad, stride, dilation or kernel: sums of products with sizes stay within int. */
#define LIMIT ((int64_t)1 << 14)

/* y, x; a 1-d one has height 1. Channels over all groups. */
typedef struct {
    int batch, groups, in_channels, out_channels;
    int in[2], out[2], kernel[2], stride[2], dilation[2], pad[2];
} transposed;

static cf_status read_list(const cf_op *op, const char *name, size_t count, int64_t fallback,
                           int64_t min, int64_t max, int64_t *out) {
    size_t given;
    const int64_t *list = cf_op_ints(op, name, &given);
    if (list && given != count)
        return cf_op_fail(op, CF_ERR_FORMAT, "%s has %zu values instead of %zu", name, given,
                          count);
    for (size_t i = 0; i < count; i++) {
        out[i] = list ? list[i] : fallback;
        if (out[i] < min || out[i] > max)
            return cf_op_fail(op, CF_ERR_FORMAT, "%s is %lld", name, (long long)out[i]);
    }
    return CF_OK;
}

/* Output size and the padding at the start of one axis, by the ONNX specification's formulas.
 * `full`: the size without padding; `wanted`: what output_shape says, or 0. */
static void place_output(const char *mode, int64_t full, int64_t same, int64_t wanted,
                         int64_t begin, int64_t end, int64_t *out, int64_t *pad) {
    int automatic = !strncmp(mode, "SAME_", 5);
    if (!wanted && !automatic) {
        int valid = !strcmp(mode, "VALID");
        *pad = valid ? 0 : begin;
        *out = valid ? full : full - begin - end;
        return;
    }
    *out = wanted ? wanted : same;
    int64_t total = full > *out ? full - *out : 0;
    *pad = strcmp(mode, "SAME_UPPER") ? total - total / 2 : total / 2;
}

/* Everything about a node whose inputs were checked. */
static cf_status describe(const cf_op *op, transposed *t, cf_shape *shape) {
    const cf_shape *x = &op->in[0]->shape, *w = &op->in[1]->shape;
    size_t axes = (size_t)x->rank - 2, given = 0;
    int64_t stride[2], dilation[2], extra[2], pads[4], kernel[2], wanted[2] = {0};
    const char *mode = cf_op_string(op, "auto_pad", "NOTSET");
    const int64_t *output_shape = cf_op_ints(op, "output_shape", &given);
    CF_TRY(read_list(op, "strides", axes, 1, 1, LIMIT, stride));
    CF_TRY(read_list(op, "dilations", axes, 1, 1, LIMIT, dilation));
    CF_TRY(read_list(op, "output_padding", axes, 0, 0, LIMIT, extra));
    CF_TRY(read_list(op, "pads", 2 * axes, 0, 0, LIMIT, pads));
    if (output_shape && given == axes + 2) /* older files give it with batch and channels */
        memcpy(wanted, output_shape + 2, axes * sizeof *wanted);
    else
        CF_TRY(
            read_list(op, "output_shape", axes, 0, output_shape ? 1 : 0, CF_NET_ELEMENTS, wanted));
    *t = (transposed){.batch = (int)x->dim[0],
                      .groups = (int)cf_op_int(op, "group", 1),
                      .in_channels = (int)x->dim[1],
                      .in = {1, 1},
                      .out = {1, 1},
                      .kernel = {1, 1},
                      .stride = {1, 1},
                      .dilation = {1, 1}};
    t->out_channels = (int)w->dim[1] * t->groups;
    *shape = (cf_shape){.rank = x->rank, .dim = {x->dim[0], w->dim[1] * t->groups}};
    for (size_t i = 0; i < axes; i++) {
        size_t to = i + 2 - axes;
        int64_t size = x->dim[2 + i], out, pad;
        kernel[i] = w->dim[2 + i];
        int64_t full = stride[i] * (size - 1) + extra[i] + (kernel[i] - 1) * dilation[i] + 1;
        place_output(mode, full, size * stride[i], wanted[i], pads[i], pads[axes + i], &out, &pad);
        if (out < 1 || out > CF_NET_ELEMENTS)
            return cf_op_fail(op, CF_ERR_FORMAT, "an output of %lld pixels along axis %zu",
                              (long long)out, 2 + i);
        shape->dim[2 + i] = out;
        t->in[to] = (int)size;
        t->out[to] = (int)out;
        t->kernel[to] = (int)kernel[i];
        t->stride[to] = (int)stride[i];
        t->dilation[to] = (int)dilation[i];
        t->pad[to] = (int)pad;
    }
    return CF_OK;
}

static cf_status check_inputs(const cf_op *op) {
    const cf_tensor *x = op->in[0], *w = op->in[1], *bias = op->inputs > 2 ? op->in[2] : NULL;
    if (!x || !w)
        return cf_op_fail(op, CF_ERR_FORMAT, "input or weights left out");
    if (x->type != CF_TYPE_FLOAT || w->type != CF_TYPE_FLOAT ||
        (bias && bias->type != CF_TYPE_FLOAT))
        return cf_op_fail(op, CF_ERR_UNSUPPORTED, "only on floating-point numbers");
    if (w->shape.rank != x->shape.rank || x->shape.rank < 3)
        return cf_op_fail(op, CF_ERR_FORMAT, "weights of %d dimensions for an input of %d",
                          w->shape.rank, x->shape.rank);
    if (x->shape.rank > 4)
        return cf_op_fail(op, CF_ERR_UNSUPPORTED, "only in one or two dimensions");
    for (int i = 0; i < x->shape.rank; i++)
        if (x->shape.dim[i] < 1 || w->shape.dim[i] < 1 || (i > 1 && w->shape.dim[i] > LIMIT))
            return cf_op_fail(op, CF_ERR_FORMAT, "input or weights empty, or too large a kernel");
    int64_t groups = cf_op_int(op, "group", 1);
    if (groups < 1 || groups > x->shape.dim[1] || x->shape.dim[1] % groups ||
        w->shape.dim[0] != x->shape.dim[1])
        return cf_op_fail(op, CF_ERR_FORMAT, "%lld channels in %lld groups, weights for %lld",
                          (long long)x->shape.dim[1], (long long)groups,
                          (long long)w->shape.dim[0]);
    if (w->shape.dim[1] > CF_NET_ELEMENTS / groups ||
        (bias && (bias->shape.rank != 1 || bias->shape.dim[0] != w->shape.dim[1] * groups)))
        return cf_op_fail(op, CF_ERR_FORMAT, "bias is not one value per output channel");
    size_t given;
    const int64_t *kernel = cf_op_ints(op, "kernel_shape", &given);
    for (int i = 2; kernel && i < w->shape.rank; i++)
        if (given != (size_t)w->shape.rank - 2 || kernel[i - 2] != w->shape.dim[i])
            return cf_op_fail(op, CF_ERR_FORMAT, "kernel_shape is not that of the weights");
    const char *mode = cf_op_string(op, "auto_pad", "NOTSET");
    if (strcmp(mode, "NOTSET") != 0 && strcmp(mode, "VALID") != 0 &&
        strcmp(mode, "SAME_UPPER") != 0 && strcmp(mode, "SAME_LOWER") != 0)
        return cf_op_fail(op, CF_ERR_FORMAT, "auto_pad is '%.20s'", mode);
    return CF_OK;
}

static cf_status infer(cf_planner *plan, cf_op *op) {
    (void)plan;
    transposed t;
    cf_shape shape;
    char text[96];
    CF_TRY(check_inputs(op));
    CF_TRY(describe(op, &t, &shape));
    if (!cf_shape_valid(&shape))
        return cf_op_fail(op, CF_ERR_FORMAT, "an output of %s", cf_shape_text(&shape, text));
    op->out[0]->type = CF_TYPE_FLOAT;
    op->out[0]->shape = shape;
    return CF_OK;
}

/* Which input position tap k of output position `out` takes along an axis; -1: none. */
static int source(const transposed *t, int axis, int out, int k) {
    int at = out + t->pad[axis] - k * t->dilation[axis];
    return at < 0 || at % t->stride[axis] || at / t->stride[axis] >= t->in[axis]
               ? -1
               : at / t->stride[axis];
}

/* One output element without bias. x: the batch entry; w: the channel's first weight. */
static double gather(const transposed *t, const float *x, const float *w, int oy, int ox) {
    int group_in = t->in_channels / t->groups, group_out = t->out_channels / t->groups;
    int64_t plane = (int64_t)t->in[0] * t->in[1], taps = (int64_t)t->kernel[0] * t->kernel[1];
    double sum = 0;
    for (int ky = 0; ky < t->kernel[0]; ky++)
        for (int kx = 0; kx < t->kernel[1]; kx++) {
            int iy = source(t, 0, oy, ky), ix = source(t, 1, ox, kx);
            const float *weight = w + ky * t->kernel[1] + kx;
            for (int k = 0; iy >= 0 && ix >= 0 && k < group_in; k++)
                sum += (double)x[k * plane + (int64_t)iy * t->in[1] + ix] *
                       (double)weight[k * group_out * taps];
        }
    return sum;
}

/* Sums in double, as Conv's reference does. */
static cf_status reference(const cf_op *op) {
    transposed t;
    cf_shape shape;
    CF_TRY(describe(op, &t, &shape));
    const float *x = op->in[0]->data, *w = op->in[1]->data;
    const float *bias = op->inputs > 2 && op->in[2] ? op->in[2]->data : NULL;
    float *out = op->out[0]->data;
    int group_in = t.in_channels / t.groups, group_out = t.out_channels / t.groups;
    int64_t plane = (int64_t)t.in[0] * t.in[1], taps = (int64_t)t.kernel[0] * t.kernel[1];
    for (int64_t i = 0; i < cf_shape_count(&shape); i++) {
        int ox = (int)(i % t.out[1]), oy = (int)(i / t.out[1] % t.out[0]);
        int64_t c = i / t.out[1] / t.out[0] % t.out_channels;
        int64_t n = i / t.out[1] / t.out[0] / t.out_channels, first = c / group_out * group_in;
        out[i] = (float)(gather(&t, x + (n * t.in_channels + first) * plane,
                                w + (first * group_out + c % group_out) * taps, oy, ox) +
                         (bias ? (double)bias[c] : 0.0));
    }
    return CF_OK;
}

static double flops(const cf_op *op) {
    const cf_shape *w = &op->in[1]->shape;
    return 2.0 * (double)cf_shape_count(&op->in[0]->shape) * (double)cf_shape_span(w, 1, w->rank);
}

/* Whether the tiled kernel suits; the other one does everything. */
static int is_tiled(const cf_op *op) {
    return cf_op_int(op, "group", 1) == 1 && cf_tensor_is_constant(op->in[1]) &&
           (op->inputs < 3 || !op->in[2] || cf_tensor_is_constant(op->in[2]));
}

static void layout(cf_op *op) {
    const cf_shape *x = &op->in[0]->shape, *y = &op->out[0]->shape;
    if (!is_tiled(op) || x->rank != 4)
        return;
    if (x->dim[1] >= CF_NET_BLOCK || op->in[0]->layout == CF_LAYOUT_BLOCKED)
        op->want[0] = CF_LAYOUT_BLOCKED;
    if (y->dim[1] >= CF_NET_BLOCK / 2)
        op->out[0]->layout = CF_LAYOUT_BLOCKED;
}

/* The tile that computes least beyond a row's end, never reaching beyond it. Up to 12 sums and as
 * many parts of sums fit into 32 registers; 8 measured no slower than 12. */
static int choose_tile(int columns) {
    static const int sizes[] = {8, 12, 11, 4, 1};
    int best = 1, least = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int n = sizes[i], computed = (columns + n - 1) / n * n;
        if (n < 8) /* few pixels for each weight that is loaded */
            computed *= 2;
        if (n <= columns && (!least || computed < least)) {
            best = n;
            least = computed;
        }
    }
    return best;
}

/* Weights [ic][oc][taps] to [output blocks][input blocks][taps][lanes][16]. */
static cf_status pack(cf_planner *plan, const cf_op *op, const transposed *t, int lanes,
                      const cf_buffer **out) {
    size_t taps = (size_t)t->kernel[0] * (size_t)t->kernel[1];
    size_t each = taps * (size_t)t->out_channels, blocks = CF_NET_BLOCKS((size_t)t->out_channels);
    size_t groups = ((size_t)t->in_channels + (size_t)lanes - 1) / (size_t)lanes;
    size_t count = blocks * groups * taps * (size_t)lanes * CF_NET_BLOCK;
    float *packed = cf_alloc(count, sizeof *packed), *one = cf_alloc(each, sizeof *one);
    cf_status status = packed && one ? CF_OK : CF_ERR_MEMORY;
    for (size_t k = 0; status == CF_OK && k < (size_t)t->in_channels; k++) {
        cf_tensor_read(op->in[1], (int64_t)(k * each), (int64_t)each, one);
        for (size_t i = 0; i < each; i++) {
            size_t c = i / taps, tap = i % taps;
            size_t row =
                ((c / CF_NET_BLOCK * groups + k / (size_t)lanes) * taps + tap) * (size_t)lanes +
                k % (size_t)lanes;
            packed[row * CF_NET_BLOCK + c % CF_NET_BLOCK] = one[i];
        }
    }
    if (status == CF_OK)
        status = cf_plan_constant(plan, packed, count * sizeof *packed, out);
    cf_free(one);
    cf_free(packed);
    return status;
}

static cf_status plan_tiled(cf_planner *plan, cf_op *op, const transposed *t) {
    char options[1024];
    const cf_buffer *in, *out, *weights, *bias;
    cf_post_buffers post;
    int columns = t->out[1] / t->stride[1], np = choose_tile(columns ? columns : 1);
    int in_plain = op->in[0]->layout == CF_LAYOUT_PLAIN;
    snprintf(options, sizeof options, "-DNP=%d -DIN_PLAIN=%d -DOUT_PLAIN=%d", np, in_plain,
             op->out[0]->layout == CF_LAYOUT_PLAIN);
    CF_TRY(cf_plan_post(plan, op, options, sizeof options, &post));
    CF_TRY(cf_plan_tensor(plan, op->in[0], &in));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &out));
    CF_TRY(cf_pack_bias(plan, op->inputs > 2 ? op->in[2] : NULL, t->out_channels, &bias));
    CF_TRY(pack(plan, op, t, in_plain ? 1 : CF_NET_BLOCK, &weights));
    int tiles = ((t->out[1] + t->stride[1] - 1) / t->stride[1] + np - 1) / np;
    int rows = (t->out[0] + t->stride[0] - 1) / t->stride[0] * t->stride[0];
    cf_range range = {{(size_t)tiles * (size_t)rows,
                       (size_t)CF_NET_BLOCKS(t->out_channels) * (size_t)t->stride[1],
                       (size_t)t->batch},
                      {1, 1, 1}};
    return cf_plan_launch(
        plan, &cf_kernel_op_conv_transpose, "conv_transpose", options, range,
        CF_ARGS(CF_BUF(in), CF_BUF(weights), CF_BUF(bias), CF_BUF(out), CF_INT(t->in_channels),
                CF_INT(t->in[0]), CF_INT(t->in[1]), CF_INT(t->out_channels), CF_INT(t->out[0]),
                CF_INT(t->out[1]), CF_INT(t->kernel[0]), CF_INT(t->kernel[1]), CF_INT(t->stride[0]),
                CF_INT(t->stride[1]), CF_INT(t->dilation[0]), CF_INT(t->dilation[1]),
                CF_INT(t->pad[0]), CF_INT(t->pad[1]), CF_POST(post)));
}

/* In the words of conv.h. */
static cf_conv as_conv(const cf_op *op, const transposed *t) {
    return (cf_conv){.batch = t->batch,
                     .groups = t->groups,
                     .in_channels = t->in_channels,
                     .in_height = t->in[0],
                     .in_width = t->in[1],
                     .out_channels = t->out_channels,
                     .out_height = t->out[0],
                     .out_width = t->out[1],
                     .kernel = {t->kernel[0], t->kernel[1]},
                     .stride = {t->stride[0], t->stride[1]},
                     .dilation = {t->dilation[0], t->dilation[1]},
                     .pad = {t->pad[0], t->pad[1]},
                     .in_layout = op->in[0]->layout,
                     .out_layout = op->out[0]->layout};
}

static cf_status plan_transpose(cf_planner *plan, cf_op *op) {
    transposed t;
    cf_shape shape;
    char options[1024] = "-DOUT_PLAIN=1";
    const cf_buffer *in, *out, *weights, *bias;
    cf_post_buffers post;
    CF_TRY(describe(op, &t, &shape));
    const cf_conv conv = as_conv(op, &t);
    if (is_tiled(op) && cf_conv_winograd_up_suits(&conv))
        return cf_conv_winograd_up(plan, op, &conv);
    if (is_tiled(op))
        return plan_tiled(plan, op, &t);
    int has_bias = op->inputs > 2 && op->in[2];
    CF_TRY(cf_plan_post(plan, op, options, sizeof options, &post));
    CF_TRY(cf_plan_tensor(plan, op->in[0], &in));
    CF_TRY(cf_plan_tensor(plan, op->in[1], &weights));
    CF_TRY(cf_plan_tensor(plan, op->in[has_bias ? 2 : 1], &bias));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &out));
    cf_range range = {
        {(size_t)t.out[1], (size_t)t.out[0], (size_t)t.batch * (size_t)t.out_channels}, {1, 1, 1}};
    return cf_plan_launch(
        plan, &cf_kernel_op_conv_transpose, "conv_transpose_gather", options, range,
        CF_ARGS(CF_BUF(in), CF_BUF(weights), CF_BUF(bias), CF_BUF(out), CF_INT(has_bias),
                CF_INT(t.in_channels), CF_INT(t.in[0]), CF_INT(t.in[1]), CF_INT(t.out_channels),
                CF_INT(t.out[0]), CF_INT(t.out[1]), CF_INT(t.kernel[0]), CF_INT(t.kernel[1]),
                CF_INT(t.stride[0]), CF_INT(t.stride[1]), CF_INT(t.dilation[0]),
                CF_INT(t.dilation[1]), CF_INT(t.pad[0]), CF_INT(t.pad[1]),
                CF_INT(t.in_channels / t.groups), CF_INT(t.out_channels / t.groups),
                CF_POST(post)));
}

static const char *const attributes[] = {"s:auto_pad",       "I:dilations",    "i:group",
                                         "I:kernel_shape",   "I:pads",         "I:strides",
                                         "I:output_padding", "I:output_shape", NULL};

const cf_operator cf_operators_conv_transpose[] = {{.name = "ConvTranspose",
                                                    .inputs_min = 2,
                                                    .inputs_max = 3,
                                                    .outputs_max = 1,
                                                    .attributes = attributes,
                                                    .infer = infer,
                                                    .reference = reference,
                                                    .layout = layout,
                                                    .plan = plan_transpose,
                                                    .applies_post = 1,
                                                    .flops = flops},
                                                   {.name = NULL}};
