/* SPDX-License-Identifier: Apache-2.0 */
/* Conv: each method against the reference, which sums in double, over shapes, layouts and
 * epilogues, with NaN wherever nothing may be read; the reference against a case by hand.
 * Attributes as other programs understand them: test_operators. Speed: chromafuse bench. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "cl/net/conv_methods.h"
#include "cl/net/graph.h"
#include "cl/net/net.h"
#include "tests/test_main.h"

static cf_cl *cl;

/* A node that copies a tensor into blocked layout and writes NaN into the lanes beyond its
 * channels. */
static const cf_cl_source spoil_source = {
    "test/spoil",
    "__kernel void spoil(__global const float *in, __global float *out, int channels, int pixels) {"
    "  size_t i = get_global_id(0); int blocks = (channels + 15) / 16;"
    "  int c = (int)(i / 16 / pixels % blocks) * 16 + (int)(i % 16);"
    "  out[i] = c < channels ? in[i] : NAN; }",
    "spoil1"};

static cf_status spoil_infer(cf_planner *plan, cf_op *op) {
    (void)plan;
    op->out[0]->type = CF_TYPE_FLOAT;
    op->out[0]->shape = op->in[0]->shape;
    return CF_OK;
}

static cf_status spoil_reference(const cf_op *op) {
    memcpy(op->out[0]->data, op->in[0]->data,
           (size_t)cf_shape_count(&op->in[0]->shape) * sizeof(float));
    return CF_OK;
}

static void spoil_layout(cf_op *op) {
    op->want[0] = op->out[0]->layout =
        op->in[0]->shape.rank == 4 ? CF_LAYOUT_BLOCKED : CF_LAYOUT_PLAIN;
}

static cf_status spoil_plan(cf_planner *plan, cf_op *op) {
    const cf_buffer *in, *out;
    const cf_shape *s = &op->in[0]->shape;
    int blocked = op->out[0]->layout == CF_LAYOUT_BLOCKED;
    CF_TRY(cf_plan_tensor(plan, op->in[0], &in));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &out));
    size_t lanes = cf_tensor_bytes(op->out[0]) / sizeof(float);
    int channels = blocked ? (int)s->dim[1] : 1 << 30;
    return cf_plan_launch(plan, &spoil_source, "spoil", "", CF_RANGE(lanes, 1, 1, 1),
                          CF_ARGS(CF_BUF(in), CF_BUF(out), CF_INT(channels),
                                  CF_INT((int)cf_shape_span(s, 2, s->rank))));
}

static const cf_operator spoil = {.name = "Spoil",
                                  .inputs_min = 1,
                                  .inputs_max = 1,
                                  .outputs_max = 1,
                                  .infer = spoil_infer,
                                  .reference = spoil_reference,
                                  .layout = spoil_layout,
                                  .plan = spoil_plan};

/* Conv with the method and the layouts that the test says. */
static const cf_conv_method *method;
static cf_layout in_layout, out_layout;
static int planned;

static void forced_layout(cf_op *op) {
    int plane = op->in[0]->shape.rank == 4;
    op->want[0] = plane ? in_layout : CF_LAYOUT_PLAIN;
    op->out[0]->layout = plane ? out_layout : CF_LAYOUT_PLAIN;
}

static cf_status forced_plan(cf_planner *plan, cf_op *op) {
    cf_conv conv;
    cf_conv_describe(op, &conv);
    if (!method->suits(&conv))
        return CF_ERR_UNSUPPORTED;
    planned++;
    return method->plan(plan, op, &conv);
}

typedef struct {
    int n, ic, h, w, oc, kernel[2], stride[2], dilation[2], pads[4], groups;
    int fused; /* 1: with a residual sum and Relu behind it */
} conv_case;

#define K1                                                                                         \
    { 1, 1 }
#define K3                                                                                         \
    { 3, 3 }
#define D1                                                                                         \
    { 1, 1 }
#define S1                                                                                         \
    { 1, 1 }
#define P1                                                                                         \
    { 1, 1, 1, 1 }
static const conv_case cases[] = {
    {1, 1, 9, 7, 64, K3, S1, D1, P1, 1, 0},
    {1, 3, 13, 25, 17, K3, {2, 2}, D1, {0, 1, 2, 0}, 1, 1},
    {2, 15, 5, 12, 33, K3, S1, D1, P1, 1, 1},
    {1, 16, 8, 16, 16, K3, S1, D1, P1, 1, 0},
    {1, 17, 1, 1, 40, K3, S1, D1, P1, 1, 1},
    {2, 33, 11, 30, 15, K3, S1, D1, {2, 0, 1, 3}, 1, 0},
    {1, 40, 14, 13, 33, K3, {2, 2}, D1, P1, 1, 1},
    {1, 40, 10, 11, 20, K3, S1, {2, 2}, {2, 2, 2, 2}, 1, 1},
    {1, 24, 7, 9, 48, K3, S1, {3, 3}, {3, 3, 3, 3}, 1, 0},
    {1, 32, 33, 29, 40, K3, S1, D1, {0, 0, 0, 0}, 1, 1},
    {1, 20, 6, 40, 2, K3, S1, D1, P1, 1, 1},
    {2, 37, 5, 9, 3, K3, S1, D1, {1, 0, 0, 2}, 1, 0},
    {1, 16, 12, 21, 5, {5, 2}, {1, 2}, {1, 2}, {2, 1, 2, 0}, 1, 1},
    {1, 17, 9, 9, 18, {1, 7}, {3, 5}, {2, 1}, {0, 3, 0, 3}, 1, 0},
    {1, 48, 6, 7, 36, {4, 4}, {1, 1}, D1, {3, 0, 2, 1}, 12, 1},
    {2, 24, 5, 5, 24, K3, S1, D1, P1, 24, 0},
    {1, 40, 8, 9, 40, K3, {2, 2}, D1, P1, 40, 1},
    {1, 40, 5, 9, 1, K3, {2, 2}, D1, P1, 1, 1},
    {1, 512, 14, 14, 48, K3, S1, D1, P1, 1, 0},
    {1, 512, 14, 14, 3, K3, S1, D1, P1, 1, 0},
    {1, 512, 14, 14, 48, K1, S1, D1, {0, 0, 0, 0}, 1, 0},
    {1, 33, 5, 29, 17, K1, S1, D1, {0, 0, 0, 0}, 1, 1},
    {2, 16, 3, 3, 40, K1, {2, 2}, D1, {0, 0, 0, 0}, 1, 0},
    {1, 1, 4, 29, 1, K1, S1, D1, {0, 0, 0, 0}, 1, 1},
    {1, 3, 6, 17, 15, K1, S1, D1, {0, 0, 0, 0}, 1, 0},
    {1, 15, 4, 35, 3, K1, {1, 2}, D1, {0, 0, 0, 0}, 1, 1},
    {2, 15, 9, 20, 15, {5, 5}, S1, D1, {2, 2, 2, 2}, 15, 1},
    {1, 3, 7, 6, 3, K3, {1, 2}, {2, 1}, {2, 1, 2, 1}, 3, 0},
    {1, 17, 1, 16, 17, {1, 3}, S1, {1, 2}, {0, 2, 0, 2}, 17, 1},
};
#define CASES (sizeof cases / sizeof *cases)

static float noise(void) {
    static unsigned state = 1;
    state = state * 1664525u + 1013904223u;
    return (float)(state >> 8) / 8388608.0f - 1.0f;
}

static float *noises(size_t count, float scale) {
    float *values = cf_alloc(count, sizeof *values);
    ck_assert(values != NULL);
    for (size_t i = 0; i < count; i++)
        values[i] = scale * noise();
    return values;
}

static cf_tensor stored(cf_shape shape, const float *values) {
    return (cf_tensor){.shape = shape, .stored = {(const unsigned char *)values, 1 /* FLOAT */}};
}

/* The network x -> Spoil -> Conv [-> Add side -> Relu] -> y. */
typedef struct {
    cf_value values[9];
    cf_node nodes[4];
    int wires[4][4];
    cf_attribute attributes[5];
    int64_t lists[4][4];
    cf_model_port inputs[2], output;
    int input_values[2], output_value;
    cf_model model;
} network;

static cf_attribute list(const char *name, const int64_t *values, size_t count) {
    return (cf_attribute){.name = name, .kind = CF_ATTR_INTS, .ints = values, .count = count};
}

static void build(network *net, const conv_case *c, const cf_operator *conv, cf_shape out,
                  const float *w, const float *bias) {
    enum { X, SPOILT, W, BIAS, Y, SIDE, SUM, RESULT };
    const cf_shape x = {4, {c->n, c->ic, c->h, c->w}}, per_channel = {1, {c->oc}};
    const cf_shape weights = {4, {c->oc, c->ic / c->groups, c->kernel[0], c->kernel[1]}};
    *net = (network){.output_value = c->fused ? RESULT : Y, .input_values = {X, SIDE}};
    for (int i = 0; i < 8; i++)
        net->values[i] = (cf_value){.name = "value", .node = -1};
    net->values[W].constant = stored(weights, w);
    net->values[BIAS].constant = stored(per_channel, bias);
    for (int i = 0; i < 2; i++) {
        net->lists[0][i] = c->stride[i];
        net->lists[1][i] = c->dilation[i];
    }
    for (int i = 0; i < 4; i++)
        net->lists[2][i] = c->pads[i];
    net->attributes[0] = list("strides", net->lists[0], 2);
    net->attributes[1] = list("dilations", net->lists[1], 2);
    net->attributes[2] = list("pads", net->lists[2], 4);
    net->attributes[3] = (cf_attribute){.name = "group", .kind = CF_ATTR_INT, .i = c->groups};
    const int wires[4][4] = {{X, SPOILT}, {SPOILT, W, BIAS, Y}, {Y, SIDE, SUM}, {SUM, RESULT}};
    const int inputs[4] = {1, 3, 2, 1};
    const cf_operator *const types[4] = {&spoil, conv, cf_operator_find("Add"),
                                         cf_operator_find("Relu")};
    memcpy(net->wires, wires, sizeof wires);
    for (int i = 0; i < 4; i++) {
        net->nodes[i] = (cf_node){.label = types[i]->name,
                                  .op_type = types[i]->name,
                                  .type = types[i],
                                  .in = net->wires[i],
                                  .inputs = inputs[i],
                                  .out = net->wires[i] + inputs[i],
                                  .outputs = 1};
        if (i < 2 || c->fused)
            net->values[net->wires[i][inputs[i]]].node = i;
    }
    net->nodes[1].attributes = net->attributes;
    net->nodes[1].attribute_count = 4;
    net->values[X].is_input = net->values[SIDE].is_input = 1;
    net->inputs[0] = (cf_model_port){"x", CF_TYPE_FLOAT, x};
    net->inputs[1] = (cf_model_port){"side", CF_TYPE_FLOAT, out};
    net->output = (cf_model_port){"y", CF_TYPE_FLOAT, out};
    net->model = (cf_model){.name = "test",
                            .values = net->values,
                            .value_count = 8,
                            .nodes = net->nodes,
                            .node_count = c->fused ? 4 : 2,
                            .inputs = net->inputs,
                            .outputs = &net->output,
                            .input_values = net->input_values,
                            .output_values = &net->output_value,
                            .input_count = c->fused ? 2 : 1,
                            .output_count = 1,
                            .info = {.opset = 17}};
}

static int out_size(const conv_case *c, int axis) {
    int room = (axis ? c->w : c->h) + c->pads[axis] + c->pads[2 + axis] -
               ((c->kernel[axis] - 1) * c->dilation[axis] + 1);
    return room / c->stride[axis] + 1;
}

static cf_buffer *upload(const float *values, size_t count) {
    cf_buffer *buffer;
    ck_assert_int_eq(cf_buffer_get(cl, count * sizeof *values, &buffer), CF_OK);
    ck_assert_int_eq(cf_buffer_write(buffer, 0, values, count * sizeof *values), CF_OK);
    return buffer;
}

/* Runs the model on the device; the status of planning. */
static cf_status run(const cf_model *model, const float *x, const float *side, float *y) {
    cf_net_params params = CF_NET_DEFAULTS;
    cf_net *net;
    params.poison = 1;
    cf_status status = cf_net_create(cl, model, &params, &net);
    if (status != CF_OK)
        return status;
    size_t out = (size_t)cf_shape_count(&model->outputs[0].shape);
    cf_buffer *inputs[2], *output = upload(y, out);
    for (size_t i = 0; i < model->input_count; i++)
        inputs[i] = upload(i ? side : x, (size_t)cf_shape_count(&model->inputs[i].shape));
    ck_assert_int_eq(cf_net_run(net, (const cf_buffer *const *)inputs, &output), CF_OK);
    ck_assert_int_eq(cf_buffer_read(output, 0, y, out * sizeof *y), CF_OK);
    cf_net_destroy(&net);
    cf_buffer_put(&output);
    for (size_t i = 0; i < model->input_count; i++)
        cf_buffer_put(&inputs[i]);
    return CF_OK;
}

/* Largest difference, and its mean, in units of the rms of b. */
static double difference(const float *a, const float *b, size_t count, double *mean) {
    double largest = 0, square = 0, sum = 0;
    for (size_t i = 0; i < count; i++) {
        double d = fabs((double)a[i] - (double)b[i]);
        largest = d <= largest ? largest : d; /* NaN stays */
        square += (double)b[i] * (double)b[i];
        sum += d;
    }
    double rms = sqrt(square / (double)count);
    *mean = sum / (double)count / rms;
    return largest / rms;
}

/* Returns how many of the cases the method suits; each must be within `tolerance`. */
static int check_method(const cf_conv_method *m, cf_layout in, cf_layout out, double tolerance) {
    cf_operator conv = *cf_operator_find("Conv");
    conv.layout = forced_layout;
    conv.plan = forced_plan;
    method = m;
    in_layout = in;
    out_layout = out;
    planned = 0;
    cf_log_set(NULL, NULL, CF_LOG_ERROR); /* a case that does not suit is none of its errors */
    for (size_t i = 0; i < CASES; i++) {
        const conv_case *c = &cases[i];
        const cf_shape shape = {4, {c->n, c->oc, out_size(c, 0), out_size(c, 1)}};
        size_t count = (size_t)cf_shape_count(&shape);
        int terms = c->ic / c->groups * c->kernel[0] * c->kernel[1];
        float *x = noises((size_t)(c->n * c->ic * c->h * c->w), 1), *side = noises(count, 1);
        float *w = noises((size_t)(c->oc * terms), 1 / sqrtf((float)terms));
        float *bias = noises((size_t)c->oc, 1), *y = noises(count, 1);
        const void *inputs[2] = {x, side};
        void *want = NULL;
        cf_shape got;
        network net;
        build(&net, c, &conv, shape, w, bias);
        cf_status status = run(&net.model, x, side, y);
        ck_assert(status == CF_OK || status == CF_ERR_UNSUPPORTED);
        if (status == CF_OK) {
            ck_assert_int_eq(cf_net_reference(&net.model, NULL, inputs, &want, &got), CF_OK);
            double mean, error = difference(y, want, count, &mean);
            if (getenv("VERBOSE"))
                fprintf(stderr, "%s, %d terms: largest error %.1e, mean %.1e\n", m->name, terms,
                        error, mean);
            ck_assert_msg(error <= tolerance, "%s, case %zu, layouts %d %d: %g", m->name, i,
                          (int)in, (int)out, error);
        }
        cf_free(want);
        cf_free(y);
        cf_free(bias);
        cf_free(w);
        cf_free(side);
        cf_free(x);
    }
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    return planned;
}

/* VERBOSE=1 prints what is measured, for docs/numerics.md. */
START_TEST(direct_suits_every_layout) {
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(check_method(&cf_conv_direct, i & 1, i >> 1, 1e-5), (int)CASES);
}
END_TEST

START_TEST(few_channels_agree) {
    ck_assert_int_eq(check_method(&cf_conv_few, CF_LAYOUT_BLOCKED, CF_LAYOUT_PLAIN, 1e-5), 7);
}
END_TEST

START_TEST(winograd_agrees) {
    ck_assert_int_ge(check_method(&cf_conv_winograd4, CF_LAYOUT_BLOCKED, CF_LAYOUT_BLOCKED, 1e-5),
                     8);
    ck_assert_int_ge(check_method(&cf_conv_winograd2, CF_LAYOUT_BLOCKED, CF_LAYOUT_BLOCKED, 1e-5),
                     8);
}
END_TEST

START_TEST(one_filter_per_channel_and_one_by_one_agree) {
    ck_assert_int_ge(check_method(&cf_conv_depthwise, CF_LAYOUT_BLOCKED, CF_LAYOUT_BLOCKED, 1e-5),
                     5);
    for (int i = 0; i < 4; i++)
        ck_assert_int_ge(check_method(&cf_conv_pointwise, i & 1, i >> 1, 1e-5), 5);
}
END_TEST

/* A few cases: CLBlast's kernels take PoCL long to compile. */
static int suits_library(const cf_conv *c) {
    return cf_conv_gemm.suits(c) && c->batch == 2 && c->in_channels > 16;
}

START_TEST(clblast_agrees) {
    cf_conv_method some = cf_conv_gemm;
    some.suits = suits_library;
    for (int i = 0; i < 2; i++)
        ck_assert_int_ge(check_method(&some, (cf_layout)i, (cf_layout)!i, 1e-5), 2);
}
END_TEST

/* 1x1x3x3 picture 1..9, 2x2 kernel (1 2; 3 4), bias 0.5, padded by a pixel above and on the left.
 */
START_TEST(reference_by_hand) {
    static const float x[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, w[4] = {1, 2, 3, 4}, bias[1] = {0.5f};
    static const float want[9] = {4.5f, 11.5f, 18.5f, 18.5f, 37.5f, 47.5f, 36.5f, 67.5f, 77.5f};
    const conv_case c = {1, 1, 3, 3, 1, {2, 2}, S1, D1, {1, 1, 0, 0}, 1, 0};
    const cf_shape shape = {4, {1, 1, 3, 3}};
    const void *inputs[1] = {x};
    void *y = NULL;
    cf_shape got;
    network net;
    build(&net, &c, cf_operator_find("Conv"), shape, w, bias);
    ck_assert_int_eq(cf_net_reference(&net.model, NULL, inputs, &y, &got), CF_OK);
    ck_assert(cf_shape_equal(&got, &shape));
    for (int i = 0; i < 9; i++)
        ck_assert_float_eq(((float *)y)[i], want[i]);
    cf_free(y);
}
END_TEST

/* What a file may get wrong; each must be an error before anything is planned. */
START_TEST(refuses_what_does_not_fit) {
    static const float w[64], bias[8];
    const cf_shape shape = {4, {1, 4, 3, 3}};
    const conv_case wrong[] = {
        {1, 4, 3, 3, 4, {2, 2}, {0, 1}, D1, {0}, 1, 0},          /* stride 0 */
        {1, 4, 3, 3, 4, {2, 2}, {1, 1 << 21}, D1, {0}, 1, 0},    /* beyond any picture */
        {1, 4, 3, 3, 4, {2, 2}, S1, {1, -1}, {0}, 1, 0},         /* dilation */
        {1, 4, 3, 3, 4, {2, 2}, S1, D1, {-1, 0, 0, 0}, 1, 0},    /* negative pad */
        {1, 4, 3, 3, 4, {2, 2}, S1, {8, 1}, {1, 0, 1, 0}, 1, 0}, /* kernel above picture */
        {1, 4, 3, 3, 4, {2, 2}, S1, D1, {0}, 3, 0},              /* groups */
        {1, 4, 3, 3, 4, {2, 2}, S1, D1, {1 << 20, 1 << 20, 1 << 20, 1 << 20}, 1, 0},
    };
    cf_log_set(NULL, NULL, CF_LOG_ERROR);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        network net;
        cf_net *planned_net;
        build(&net, &wrong[i], cf_operator_find("Conv"), shape, w, bias);
        ck_assert_int_eq(cf_net_create(cl, &net.model, NULL, &planned_net), CF_ERR_FORMAT);
        ck_assert(planned_net == NULL);
    }
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, reference_by_hand);
    tcase_add_test(tc, refuses_what_does_not_fit);
    tcase_add_test(tc, direct_suits_every_layout);
    tcase_add_test(tc, few_channels_agree);
    tcase_add_test(tc, winograd_agrees);
    tcase_add_test(tc, one_filter_per_channel_and_one_by_one_agree);
    tcase_add_test(tc, clblast_agrees);
}

int main(void) {
    if (cf_cl_open(NULL, &cl) != CF_OK)
        return 77;
    int failed = test_run("conv", add);
    cf_cl_close(&cl);
    return failed;
}
