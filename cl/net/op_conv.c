/* SPDX-License-Identifier: Apache-2.0 */
/* Conv: shapes, the plain C reference, and the choice among the methods of conv.h. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "cl/net/conv.h"
#include "cl/net/conv_methods.h"
#include "cl/net/tune.h"

/* Largest pad, stride or dilation: sums of products with sizes below 2^30 stay within int. */
#define LIMIT ((int64_t)1 << 20)

static const cf_conv_method *const methods[] = {
    &cf_conv_direct,    &cf_conv_few,       &cf_conv_depthwise, &cf_conv_pointwise,
    &cf_conv_winograd4, &cf_conv_winograd2, &cf_conv_gemm,
};
#define METHODS (sizeof methods / sizeof *methods)

/* The attributes of a node, each with a value per spatial axis (1 or 2 of them). */
typedef struct {
    int axes;
    int64_t groups, kernel[2], stride[2], dilation[2], begin[2], end[2];
} conv_attributes;

/* Values of a list attribute; `fallback` for each when it is absent. */
static cf_status read_list(const cf_op *op, const char *name, size_t count, int64_t fallback,
                           int64_t min, int64_t *out) {
    size_t given;
    const int64_t *list = cf_op_ints(op, name, &given);
    if (list && given != count)
        return cf_op_fail(op, CF_ERR_FORMAT, "%s has %zu values instead of %zu", name, given,
                          count);
    for (size_t i = 0; i < count; i++) {
        out[i] = list ? list[i] : fallback;
        if (out[i] < min || out[i] > LIMIT)
            return cf_op_fail(op, CF_ERR_FORMAT, "%s is %lld", name, (long long)out[i]);
    }
    return CF_OK;
}

/* Output size along an axis whose padding is known; 0 or less when the kernel does not fit. */
static int64_t out_size(const conv_attributes *a, int axis, int64_t size) {
    int64_t extent = (a->kernel[axis] - 1) * a->dilation[axis] + 1;
    int64_t room = size + a->begin[axis] + a->end[axis] - extent;
    return room < 0 ? 0 : room / a->stride[axis] + 1;
}

/* Pads of auto_pad SAME_*: the output is ceil(size / stride), the odd pixel goes to one end. */
static void same_pads(conv_attributes *a, int axis, int64_t size, int upper) {
    int64_t out = (size + a->stride[axis] - 1) / a->stride[axis];
    int64_t pads = (out - 1) * a->stride[axis] + (a->kernel[axis] - 1) * a->dilation[axis] + 1;
    pads = pads > size ? pads - size : 0;
    a->begin[axis] = upper ? pads / 2 : pads - pads / 2;
    a->end[axis] = pads - a->begin[axis];
}

static cf_status read_pads(const cf_op *op, conv_attributes *a) {
    const char *mode = cf_op_string(op, "auto_pad", "NOTSET");
    int64_t pads[4] = {0};
    if (!strcmp(mode, "NOTSET")) {
        CF_TRY(read_list(op, "pads", 2 * (size_t)a->axes, 0, 0, pads));
        for (int i = 0; i < a->axes; i++) {
            a->begin[i] = pads[i];
            a->end[i] = pads[a->axes + i];
        }
    } else if (!strcmp(mode, "SAME_UPPER") || !strcmp(mode, "SAME_LOWER")) {
        for (int i = 0; i < a->axes; i++)
            same_pads(a, i, op->in[0]->shape.dim[2 + i], !strcmp(mode, "SAME_UPPER"));
    } else if (strcmp(mode, "VALID") != 0) {
        return cf_op_fail(op, CF_ERR_FORMAT, "auto_pad is '%.20s'", mode);
    }
    return CF_OK;
}

/* Needs inputs of suitable rank. */
static cf_status read_attributes(const cf_op *op, conv_attributes *a) {
    const cf_shape *w = &op->in[1]->shape;
    size_t given;
    *a = (conv_attributes){.axes = w->rank - 2, .groups = cf_op_int(op, "group", 1)};
    const int64_t *kernel = cf_op_ints(op, "kernel_shape", &given);
    for (int i = 0; i < a->axes; i++) {
        a->kernel[i] = w->dim[2 + i];
        if (kernel && (given != (size_t)a->axes || kernel[i] != a->kernel[i]))
            return cf_op_fail(op, CF_ERR_FORMAT, "kernel_shape is not that of the weights");
        if (a->kernel[i] < 1 || a->kernel[i] > LIMIT)
            return cf_op_fail(op, CF_ERR_FORMAT, "a kernel of %lld pixels",
                              (long long)a->kernel[i]);
    }
    CF_TRY(read_list(op, "strides", (size_t)a->axes, 1, 1, a->stride));
    CF_TRY(read_list(op, "dilations", (size_t)a->axes, 1, 1, a->dilation));
    for (int i = 0; i < a->axes; i++)
        if (a->kernel[i] * a->dilation[i] > CF_NET_ELEMENTS / 2)
            return cf_op_fail(op, CF_ERR_FORMAT, "a kernel that spans %lld pixels",
                              (long long)(a->kernel[i] * a->dilation[i]));
    return read_pads(op, a);
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
    if (!cf_tensor_is_constant(w) || (bias && !cf_tensor_is_constant(bias)))
        return cf_op_fail(op, CF_ERR_UNSUPPORTED, "weights ('%s') must be known before the run",
                          cf_tensor_is_constant(w) ? bias->name : w->name);
    if (bias && (bias->shape.rank != 1 || bias->shape.dim[0] != w->shape.dim[0]))
        return cf_op_fail(op, CF_ERR_FORMAT, "bias is not one value per output channel");
    for (int i = 0; i < 4 && i < x->shape.rank; i++)
        if (x->shape.dim[i] < 1 || w->shape.dim[i] < 1)
            return cf_op_fail(op, CF_ERR_FORMAT, "an empty input or weights");
    return CF_OK;
}

static cf_status infer(cf_planner *plan, cf_op *op) {
    (void)plan;
    conv_attributes a;
    char text[96];
    CF_TRY(check_inputs(op));
    CF_TRY(read_attributes(op, &a));
    const cf_shape *x = &op->in[0]->shape, *w = &op->in[1]->shape;
    cf_shape y = {.rank = x->rank, .dim = {x->dim[0], w->dim[0]}};
    if (a.groups < 1 || w->dim[0] % a.groups || x->dim[1] % a.groups ||
        x->dim[1] / a.groups != w->dim[1])
        return cf_op_fail(op, CF_ERR_FORMAT,
                          "%lld input and %lld output channels in %lld groups, weights for %lld",
                          (long long)x->dim[1], (long long)w->dim[0], (long long)a.groups,
                          (long long)w->dim[1]);
    for (int i = 0; i < a.axes; i++) {
        y.dim[2 + i] = out_size(&a, i, x->dim[2 + i]);
        if (y.dim[2 + i] < 1)
            return cf_op_fail(op, CF_ERR_FORMAT, "the input (%s) is smaller than the kernel",
                              cf_shape_text(x, text));
    }
    if (!cf_shape_valid(&y))
        return cf_op_fail(op, CF_ERR_FORMAT, "an output of %s", cf_shape_text(&y, text));
    op->out[0]->type = CF_TYPE_FLOAT;
    op->out[0]->shape = y;
    return CF_OK;
}

void cf_conv_describe(const cf_op *op, cf_conv *out) {
    const cf_tensor *x = op->in[0], *w = op->in[1], *y = op->out[0];
    conv_attributes a;
    *out = (cf_conv){.batch = 1};
    if (read_attributes(op, &a) != CF_OK) /* infer() has been through this */
        return;
    int two = x->shape.rank == 4, last = two ? 1 : 0;
    *out = (cf_conv){
        .batch = (int)x->shape.dim[0],
        .groups = (int)a.groups,
        .in_channels = (int)x->shape.dim[1],
        .in_height = two ? (int)x->shape.dim[2] : 1,
        .in_width = (int)x->shape.dim[2 + last],
        .out_channels = (int)w->shape.dim[0],
        .out_height = two ? (int)y->shape.dim[2] : 1,
        .out_width = (int)y->shape.dim[2 + last],
        .kernel = {two ? (int)a.kernel[0] : 1, (int)a.kernel[last]},
        .stride = {two ? (int)a.stride[0] : 1, (int)a.stride[last]},
        .dilation = {two ? (int)a.dilation[0] : 1, (int)a.dilation[last]},
        .pad = {two ? (int)a.begin[0] : 0, (int)a.begin[last], two ? (int)a.end[0] : 0,
                (int)a.end[last]},
        .in_layout = x->layout,
        .out_layout = y->layout,
    };
}

/* First output position whose input, at offset `shift`, is inside, and the first beyond. */
static void valid_range(int shift, int stride, int in, int out, int *first, int *end) {
    *first = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
    *end = shift >= in ? 0 : (in - 1 - shift) / stride + 1;
    *end = *end < out ? *end : out;
}

/* Adds one input channel's part to a row of outputs. */
static void add_channel(const cf_conv *c, const float *plane, const float *weights, int y,
                        double *row) {
    for (int ky = 0; ky < c->kernel[0]; ky++) {
        int iy = y * c->stride[0] - c->pad[0] + ky * c->dilation[0];
        if (iy < 0 || iy >= c->in_height)
            continue;
        for (int kx = 0; kx < c->kernel[1]; kx++) {
            int first, end, shift = kx * c->dilation[1] - c->pad[1];
            double w = (double)weights[ky * c->kernel[1] + kx];
            const float *in = plane + (int64_t)iy * c->in_width;
            valid_range(shift, c->stride[1], c->in_width, c->out_width, &first, &end);
            for (int x = first; x < end; x++)
                row[x] += w * (double)in[(int64_t)x * c->stride[1] + shift];
        }
    }
}

/* Sums in double: products of floats are exact there, so that the reference is off by little more
 * than the rounding of its result, whatever the number of terms, and can judge every method. */
static cf_status reference(const cf_op *op) {
    cf_conv c;
    cf_conv_describe(op, &c);
    const float *x = op->in[0]->data, *w = op->in[1]->data;
    const float *bias = op->inputs > 2 && op->in[2] ? op->in[2]->data : NULL;
    float *out = op->out[0]->data;
    /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): infer checked that groups >= 1 */
    int group_in = c.in_channels / c.groups, group_out = c.out_channels / c.groups;
    int64_t plane = (int64_t)c.in_height * c.in_width;
    int64_t taps = (int64_t)c.kernel[0] * c.kernel[1];
    double *row = cf_alloc((size_t)c.out_width, sizeof *row);
    if (!row)
        return CF_ERR_MEMORY;
    for (int64_t i = 0; i < (int64_t)c.batch * c.out_channels * c.out_height; i++) {
        int y = (int)(i % c.out_height), oc = (int)(i / c.out_height % c.out_channels);
        int64_t n = i / c.out_height / c.out_channels, ic = oc / group_out * group_in;
        for (int k = 0; k < c.out_width; k++)
            row[k] = bias ? (double)bias[oc] : 0.0;
        for (int k = 0; k < group_in; k++)
            add_channel(&c, x + (n * c.in_channels + ic + k) * plane,
                        w + ((int64_t)oc * group_in + k) * taps, y, row);
        for (int k = 0; k < c.out_width; k++)
            out[i * c.out_width + k] = (float)row[k];
    }
    cf_free(row);
    return CF_OK;
}

static double flops(const cf_op *op) {
    const cf_shape *w = &op->in[1]->shape;
    return 2.0 * (double)cf_shape_count(&op->out[0]->shape) * (double)cf_shape_span(w, 1, w->rank);
}

/* Few input channels would leave most lanes of a block unused; few output channels likewise, and
 * they are most often the network's output, which is plain. */
static void layout(cf_op *op) {
    const cf_shape *x = &op->in[0]->shape, *y = &op->out[0]->shape;
    int blocked_in =
        x->rank == 4 && (x->dim[1] >= CF_NET_BLOCK || op->in[0]->layout == CF_LAYOUT_BLOCKED);
    int blocked_out = y->rank == 4 && y->dim[1] >= CF_NET_BLOCK / 2;
    op->want[0] = blocked_in ? CF_LAYOUT_BLOCKED : CF_LAYOUT_PLAIN;
    op->out[0]->layout = blocked_out ? CF_LAYOUT_BLOCKED : CF_LAYOUT_PLAIN;
}

/* The methods that suit a node, for cf_choose. */
typedef struct {
    cf_op *op;
    const cf_conv *conv;
    const cf_conv_method *methods[METHODS];
} suitable;

static cf_status record(cf_planner *plan, size_t index, void *user) {
    const suitable *s = user;
    return s->methods[index]->plan(plan, s->op, s->conv);
}

/* All that the time depends on, but for the epilogue. */
static void describe_key(const cf_conv *c, char *key, size_t room) {
    snprintf(key, room, "conv_n%d_g%d_%dx%dx%d_%dx%dx%d_k%dx%d_s%dx%d_d%dx%d_p%d.%d.%d.%d_l%d%d",
             c->batch, c->groups, c->in_channels, c->in_height, c->in_width, c->out_channels,
             c->out_height, c->out_width, c->kernel[0], c->kernel[1], c->stride[0], c->stride[1],
             c->dilation[0], c->dilation[1], c->pad[0], c->pad[1], c->pad[2], c->pad[3],
             (int)c->in_layout, (int)c->out_layout);
}

static cf_status plan_conv(cf_planner *plan, cf_op *op) {
    cf_conv conv;
    char key[256];
    const char *names[METHODS];
    cf_conv_describe(op, &conv);
    unsigned units = cf_cl_device_info(cf_plan_device(plan))->compute_units;
    suitable s = {op, &conv, {NULL}};
    cf_choice choice = {.key = key, .names = names, .record = record, .user = &s};
    for (size_t i = 0; i < METHODS; i++) {
        if (!methods[i]->suits(&conv))
            continue;
        s.methods[choice.count] = methods[i];
        names[choice.count] = methods[i]->name;
        if (methods[i]->cost(&conv, units) < s.methods[choice.fallback]->cost(&conv, units))
            choice.fallback = choice.count;
        choice.count++;
    }
    describe_key(&conv, key, sizeof key);
    return cf_choose(plan, &choice);
}

static const char *const attributes[] = {"s:auto_pad", "I:dilations", "i:group", "I:kernel_shape",
                                         "I:pads",     "I:strides",   NULL};

const cf_operator cf_operators_conv[] = {{.name = "Conv",
                                          .inputs_min = 2,
                                          .inputs_max = 3,
                                          .outputs_max = 1,
                                          .attributes = attributes,
                                          .infer = infer,
                                          .reference = reference,
                                          .layout = layout,
                                          .plan = plan_conv,
                                          .applies_post = 1,
                                          .flops = flops},
                                         {.name = NULL}};
