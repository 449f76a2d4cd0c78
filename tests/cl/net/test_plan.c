/* SPDX-License-Identifier: Apache-2.0 */
/* The planner and the executor on small networks: fusing, aliasing, shared memory, misuse, and that
 * runs allocate and compile nothing. Does not judge operators one by one: test_operators and
 * test_onnx_cases do. */
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/random.h"
#include "cl/net/net.h"
#include "cl/profile.h"
#include "cl/program.h"
#include "tests/cl/net/onnx_writer.h"
#include "tests/test_main.h"

#define DIMS(...)                                                                                  \
    (const int64_t[]) {                                                                            \
        __VA_ARGS__, -1                                                                            \
    }
enum { W = 41, H = 23, C = 16, COUNT = C * W * H };

static cf_cl *cl;

static void setup(void) {
    ck_assert_int_eq(cf_cl_open(NULL, &cl), CF_OK);
}

static void teardown(void) {
    ck_assert_uint_eq(cf_pool_statistics(cl).live_count, 0);
    cf_cl_close(&cl);
}

static void fill(float *values, size_t count, unsigned seed) {
    cf_random random;
    cf_random_seed(&random, seed);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)cf_random_uniform(&random) * 2 - 1;
}

/* A 1x1 convolution with random weights. */
static void add_conv(onnx_bytes *g, const char *in, const char *out, const char *w, unsigned seed) {
    float values[C * C];
    char inputs[64];
    fill(values, C * C, seed);
    onnx_bytes tensor = onnx_tensor(w, 1, DIMS(C, C, 1, 1), values, sizeof values);
    onnx_part(g, 5, &tensor);
    snprintf(inputs, sizeof inputs, "%s %s", in, w);
    onnx_bytes node = onnx_node("Conv", out, inputs, out);
    onnx_part(g, 1, &node);
}

static void add_node(onnx_bytes *g, const char *op, const char *in, const char *out) {
    onnx_bytes node = onnx_node(op, out, in, out);
    onnx_part(g, 1, &node);
}

static void add_concat(onnx_bytes *g, const char *in, const char *out) {
    onnx_bytes node = onnx_node("Concat", out, in, out), axis = onnx_attribute("axis", 2);
    onnx_int(&axis, 3, 1);
    onnx_part(&node, 5, &axis);
    onnx_part(g, 1, &node);
}

static void add_port(onnx_bytes *g, unsigned field, const char *name, int64_t channels) {
    onnx_bytes port = onnx_value(name, 1, DIMS(1, channels, 0, 0));
    onnx_part(g, field, &port);
}

/* x -> conv a, relu -> conv b, + a, relu = c; concat(a, c) -> y, and a itself is an output. */
static cf_model *branching(void) {
    onnx_bytes g = {.size = 0};
    add_conv(&g, "x", "a0", "wa", 1);
    add_node(&g, "Relu", "a0", "a");
    add_conv(&g, "a", "b", "wb", 2);
    add_node(&g, "Add", "b a", "s");
    add_node(&g, "Relu", "s", "c");
    add_concat(&g, "b2 c", "y");
    add_conv(&g, "c", "b20", "wc", 3);
    add_node(&g, "Sigmoid", "b20", "b2");
    add_port(&g, 11, "x", C);
    add_port(&g, 12, "y", 2 * C);
    add_port(&g, 12, "a", C);
    static onnx_bytes bytes; /* the model refers to it */
    cf_model *model;
    bytes = onnx_model(&g, 17);
    ck_assert_int_eq(cf_model_parse(bytes.at, bytes.size, "branching", &model), CF_OK);
    return model;
}

/* Five convolutions in a row. */
static cf_model *chain(void) {
    onnx_bytes g = {.size = 0};
    char in[16] = "x", out[16], weights[16];
    for (int i = 0; i < 5; i++) {
        snprintf(out, sizeof out, i == 4 ? "y" : "t%d", i);
        snprintf(weights, sizeof weights, "w%d", i);
        add_conv(&g, in, out, weights, (unsigned)i);
        snprintf(in, sizeof in, "%s", out);
    }
    add_port(&g, 11, "x", C);
    add_port(&g, 12, "y", C);
    static onnx_bytes bytes;
    cf_model *model;
    bytes = onnx_model(&g, 17);
    ck_assert_int_eq(cf_model_parse(bytes.at, bytes.size, "chain", &model), CF_OK);
    return model;
}

/* A convolution with weights that half floats can hold, stored as float32 (1) or half (10). */
static void add_stored(onnx_bytes *g, const char *in, const char *out, const char *w, int type,
                       int64_t channels, int64_t side) {
    float values[8 * C * 9];
    uint16_t halves[8 * C * 9];
    size_t count = (size_t)(channels * C * side * side);
    char inputs[64];
    fill(values, count, 5);
    for (size_t i = 0; i < count; i++) {
        values[i] = truncf(values[i] * 0x1p10F) * (i % 2 ? 0x1p-10F : 0x1p-24F);
        ck_assert(cf_half_from(values[i], &halves[i]));
    }
    onnx_bytes tensor =
        onnx_tensor(w, type, DIMS(channels, C, side, side), type == 1 ? (void *)values : halves,
                    count * (type == 1 ? 4 : 2));
    onnx_part(g, 5, &tensor);
    snprintf(inputs, sizeof inputs, "%s %s", in, w);
    onnx_bytes node = onnx_node("Conv", out, inputs, out);
    if (side == 3) {
        onnx_bytes strides = onnx_attribute("strides", 7);
        onnx_int(&strides, 8, 2);
        onnx_int(&strides, 8, 2);
        onnx_part(&node, 5, &strides);
    }
    onnx_part(g, 1, &node);
}

static cf_model *stored_as(int type) {
    onnx_bytes g = {.size = 0};
    add_stored(&g, "x", "t", "w1", type, 8, 1);
    add_stored(&g, "x", "y", "w2", type, 8, 3);
    add_port(&g, 11, "x", C);
    add_port(&g, 12, "t", 8);
    add_port(&g, 12, "y", 8);
    static onnx_bytes bytes;
    cf_model *model;
    bytes = onnx_model(&g, 17);
    ck_assert_int_eq(cf_model_parse(bytes.at, bytes.size, "stored", &model), CF_OK);
    return model;
}

static const cf_shape shape = {4, {1, C, H, W}};

/* Runs on the device; outputs one behind the other in out. */
static cf_status run(cf_net *net, const float *x, float *out) {
    cf_buffer *in, *outs[4];
    size_t count = cf_net_output_count(net);
    ck_assert_int_eq(cf_buffer_get(cl, COUNT * sizeof *x, &in), CF_OK);
    ck_assert_int_eq(cf_buffer_write(in, 0, x, COUNT * sizeof *x), CF_OK);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(cf_buffer_get(cl, cf_net_port_bytes(cf_net_output(net, i)), &outs[i]),
                         CF_OK);
    cf_status status = cf_net_run(net, (const cf_buffer *const[]){in}, outs);
    for (size_t i = 0; i < count; i++) {
        size_t bytes = cf_net_port_bytes(cf_net_output(net, i));
        if (status == CF_OK)
            status = cf_buffer_read(outs[i], 0, out, bytes);
        out += bytes / sizeof *out;
        cf_buffer_put(&outs[i]);
    }
    cf_buffer_put(&in);
    return status;
}

static void compare(const cf_model *model, const cf_net_params *params, cf_net_info *info) {
    float x[COUNT], *got = cf_alloc(4 * COUNT, sizeof *got);
    void *expected[4];
    cf_shape shapes[4];
    cf_net *net;
    fill(x, COUNT, 9);
    ck_assert_int_eq(cf_net_reference(model, &shape, (const void *const[]){x}, expected, shapes),
                     CF_OK);
    ck_assert_int_eq(cf_net_create(cl, model, params, &net), CF_OK);
    *info = cf_net_describe(net);
    for (int repeat = 0; repeat < 2; repeat++) { /* the second sees what the first left */
        ck_assert_int_eq(run(net, x, got), CF_OK);
        const float *at = got;
        for (size_t i = 0; i < cf_net_output_count(net); i++) {
            size_t count = (size_t)cf_shape_count(&shapes[i]);
            ck_assert(cf_shape_equal(&shapes[i], &cf_net_output(net, i)->shape));
            for (size_t j = 0; j < count; j++)
                ck_assert_float_eq_tol(at[j], ((float *)expected[i])[j], 1e-4);
            at += count;
        }
    }
    for (size_t i = 0; i < cf_net_output_count(net); i++)
        cf_free(expected[i]);
    cf_net_destroy(&net);
    cf_free(got);
}

START_TEST(fusing_changes_launches_not_results) {
    cf_model *model = branching();
    cf_net_info fused, unfused, lanes;
    cf_net_params params = {.shapes = &shape, .shape_count = 1, .poison = 1};
    compare(model, &params, &fused);
    params.unfused = 1;
    compare(model, &params, &unfused);
    params.unfused = 0;
    params.lanes = 8;
    compare(model, &params, &lanes);
    /* Relu; Add and Relu; Sigmoid: four nodes went into convolutions */
    ck_assert_uint_eq(unfused.nodes, 8);
    ck_assert_uint_eq(fused.nodes, 4);
    ck_assert_uint_lt(fused.launches, unfused.launches);
    ck_assert_double_ge(fused.gflop, 3 * 2e-9 * C * COUNT); /* the pointwise ones count a little */
    ck_assert_double_le(fused.gflop, 1.1 * 3 * 2e-9 * C * COUNT);
    cf_model_destroy(&model);
}
END_TEST

START_TEST(half_weights_stay_half) {
    static float out[2][2 * COUNT];
    float x[COUNT];
    cf_net_info info[2];
    const cf_net_params params = {.shapes = &shape, .shape_count = 1, .poison = 1};
    fill(x, COUNT, 9);
    for (int i = 0; i < 2; i++) {
        cf_model *model = stored_as(i ? 10 : 1);
        cf_net *net;
        compare(model, &params, &info[i]);
        ck_assert_int_eq(cf_net_create(cl, model, &params, &net), CF_OK);
        cf_model_destroy(&model);
        ck_assert_int_eq(run(net, x, out[i]), CF_OK);
        cf_net_destroy(&net);
    }
    ck_assert_int_eq(memcmp(out[0], out[1], sizeof out[0]), 0); /* nothing is lost */
    ck_assert_uint_lt(info[1].weight_bytes, info[0].weight_bytes);
}
END_TEST

/* Values that half floats have, and have not: by hand from IEEE 754's binary16. */
START_TEST(half_floats_are_exact_or_refused) {
    static const struct {
        float value;
        int exact;
        uint16_t bits;
    } rows[] = {
        {1, 1, 0x3c00},   {-2, 1, 0xc000},       {65504, 1, 0x7bff},
        {65520, 0, 0},    {0x1p-14F, 1, 0x0400}, {0x1p-24F, 1, 0x0001},
        {0x1p-25F, 0, 0}, {-0.0F, 1, 0x8000},    {INFINITY, 1, 0x7c00},
        {1.0F / 3, 0, 0}, {0x1.ffcp-15F, 0, 0},  {0x1.ff8p-15F, 1, 0x03ff},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint16_t bits = 0;
        ck_assert_int_eq(cf_half_from(rows[i].value, &bits), rows[i].exact);
        if (rows[i].exact)
            ck_assert_uint_eq(bits, rows[i].bits);
    }
}
END_TEST

START_TEST(memory_is_shared_over_time) {
    cf_model *model = chain();
    cf_net_info info;
    const cf_net_params params = {.shapes = &shape, .shape_count = 1, .poison = 1};
    compare(model, &params, &info);
    /* four tensors between five nodes, two of them alive at once; the input in blocks */
    ck_assert_uint_le(info.arena_bytes, 2 * (COUNT * sizeof(float) + 256));
    ck_assert_uint_ge(info.activation_bytes, 4 * COUNT * sizeof(float));
    cf_model_destroy(&model);
}
END_TEST

START_TEST(runs_allocate_and_compile_nothing) {
    cf_model *model = branching();
    cf_net *net;
    float x[COUNT], *out = cf_alloc(4 * COUNT, sizeof *out);
    const cf_net_params params = {.shapes = &shape, .shape_count = 1};
    fill(x, COUNT, 9);
    ck_assert_int_eq(cf_net_create(cl, model, &params, &net), CF_OK);
    cf_model_destroy(&model); /* a plan outlives its model */
    ck_assert_int_eq(run(net, x, out), CF_OK);
    cf_pool_stats pool = cf_pool_statistics(cl);
    cf_program_stats programs = cf_program_statistics(cl);
    size_t blocks = cf_alloc_live();
    for (int i = 0; i < 50; i++)
        ck_assert_int_eq(run(net, x, out), CF_OK);
    ck_assert_uint_eq(cf_pool_statistics(cl).allocations, pool.allocations);
    ck_assert_uint_eq(cf_program_statistics(cl).built, programs.built);
    ck_assert_uint_eq(cf_program_statistics(cl).loaded, programs.loaded);
    ck_assert_uint_eq(cf_alloc_live(), blocks);
    cf_net_destroy(&net);
    cf_free(out);
}
END_TEST

/* a = conv(x); y = a + v relu(conv(a)): with v fixed at 0 the second convolution is left out. */
static cf_model *gated(void) {
    onnx_bytes g = {.size = 0};
    add_conv(&g, "x", "a", "wa", 1);
    add_conv(&g, "a", "b0", "wb", 2);
    add_node(&g, "Relu", "b0", "b");
    add_node(&g, "Mul", "v b", "step");
    add_node(&g, "Add", "a step", "y");
    add_port(&g, 11, "x", C);
    onnx_bytes v = onnx_value("v", 1, DIMS(1, 1, 1, 1));
    onnx_part(&g, 11, &v);
    add_port(&g, 12, "y", C);
    static onnx_bytes bytes;
    cf_model *model;
    bytes = onnx_model(&g, 17);
    ck_assert_int_eq(cf_model_parse(bytes.at, bytes.size, "gated", &model), CF_OK);
    return model;
}

START_TEST(fixed_inputs_are_settled_once) {
    static float x[COUNT], got[COUNT];
    static const float values[] = {0.5F, 0};
    const cf_shape shapes[] = {shape, {4, {1, 1, 1, 1}}};
    cf_model *model = gated();
    size_t launches[2];
    fill(x, COUNT, 9);
    for (int i = 0; i < 2; i++) {
        const float *fixed[] = {NULL, &values[i]};
        const cf_net_params params = {
            .shapes = shapes, .shape_count = 2, .fixed = fixed, .poison = 1};
        void *expected;
        cf_shape expected_shape;
        cf_net *net;
        ck_assert_int_eq(cf_net_reference(model, shapes, (const void *const[]){x, &values[i]},
                                          &expected, &expected_shape),
                         CF_OK);
        ck_assert_int_eq(cf_net_create(cl, model, &params, &net), CF_OK);
        launches[i] = cf_net_describe(net).launches;
        cf_buffer *in, *out;
        ck_assert_int_eq(cf_buffer_get(cl, sizeof x, &in), CF_OK);
        ck_assert_int_eq(cf_buffer_write(in, 0, x, sizeof x), CF_OK);
        ck_assert_int_eq(cf_buffer_get(cl, sizeof x, &out), CF_OK);
        ck_assert_int_eq(cf_net_run(net, (const cf_buffer *const[]){in, NULL}, &out), CF_OK);
        ck_assert_int_eq(cf_buffer_read(out, 0, got, sizeof got), CF_OK);
        for (int k = 0; k < COUNT; k++)
            ck_assert_float_eq_tol(got[k], ((float *)expected)[k], 1e-4);
        cf_free(expected);
        cf_buffer_put(&in);
        cf_buffer_put(&out);
        cf_net_destroy(&net);
    }
    ck_assert_uint_lt(launches[1], launches[0]);
    cf_model_destroy(&model);
}
END_TEST

START_TEST(misuse_is_refused) {
    cf_model *model = branching();
    cf_net *net;
    const cf_shape wrong[] = {
        {4, {1, C + 1, H, W}}, {3, {1, C, H}}, {4, {1, C, H, 0}}, {4, {1, C, 1 << 29, 1 << 29}}};
    cf_net_params params = {.shapes = NULL};
    cf_log_set(NULL, NULL, CF_LOG_WARNING);
    ck_assert_int_eq(cf_net_create(cl, model, &params, &net), CF_ERR_INVALID); /* open */
    ck_assert_ptr_null(net);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        params = (cf_net_params){.shapes = &wrong[i], .shape_count = 1};
        ck_assert_int_eq(cf_net_create(cl, model, &params, &net), CF_ERR_INVALID);
    }
    params = (cf_net_params){.shapes = &shape, .shape_count = 2};
    ck_assert_int_eq(cf_net_create(cl, model, &params, &net), CF_ERR_INVALID);
    params.shape_count = 1;
    ck_assert_int_eq(cf_net_create(cl, model, &params, &net), CF_OK);
    cf_buffer *small, *large;
    ck_assert_int_eq(cf_buffer_get(cl, 64, &small), CF_OK);
    ck_assert_int_eq(cf_buffer_get(cl, 1 << 20, &large), CF_OK);
    ck_assert_int_eq(
        cf_net_run(net, (const cf_buffer *const[]){small}, (cf_buffer *const[]){large, large}),
        CF_ERR_INVALID);
    ck_assert_int_eq(
        cf_net_run(net, (const cf_buffer *const[]){large}, (cf_buffer *const[]){large, NULL}),
        CF_ERR_INVALID);
    cf_buffer_put(&small);
    cf_buffer_put(&large);
    cf_net_destroy(&net);
    cf_model_destroy(&model);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
}
END_TEST

/* Fails each allocation in turn: an error every time, nothing left behind. */
static void fail_each(void (*fail_after)(long), const cf_model *model) {
    const cf_net_params params = {.shapes = &shape, .shape_count = 1};
    size_t blocks = cf_alloc_live();
    cf_status status = CF_ERR_MEMORY;
    for (long after = 0; status != CF_OK; after++) {
        cf_net *net;
        ck_assert_int_lt(after, 2000);
        fail_after(after);
        status = cf_net_create(cl, model, &params, &net);
        fail_after(-1);
        ck_assert(status == CF_OK || status == CF_ERR_MEMORY);
        ck_assert_int_eq(net == NULL, status != CF_OK);
        cf_net_destroy(&net);
        ck_assert_uint_eq(cf_pool_statistics(cl).live_count, 0);
    }
    cf_pool_trim(cl);
    ck_assert_uint_le(cf_alloc_live(), blocks);
}

static void fail_pool(long after) {
    cf_pool_fail_after(cl, after);
}

START_TEST(out_of_memory_leaves_nothing) {
    cf_model *model = branching();
    const cf_net_params params = {.shapes = &shape, .shape_count = 1};
    cf_net *net;
    ck_assert_int_eq(cf_net_create(cl, model, &params, &net), CF_OK); /* builds the programs */
    cf_net_destroy(&net);
    cf_log_set(NULL, NULL, CF_LOG_WARNING);
    fail_each(fail_pool, model);
    fail_each(cf_alloc_fail_after, model);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    cf_model_destroy(&model);
}
END_TEST

START_TEST(profile_names_the_nodes) {
    cf_model *model = branching();
    cf_net *net;
    float x[COUNT], *out = cf_alloc(4 * COUNT, sizeof *out);
    const cf_net_params params = {.shapes = &shape, .shape_count = 1, .profile = 1};
    size_t count, found = 0;
    fill(x, COUNT, 9);
    ck_assert_int_eq(cf_net_create(cl, model, &params, &net), CF_OK);
    cf_profile_enable(cl, 1);
    ck_assert_int_eq(run(net, x, out), CF_OK);
    ck_assert_int_eq(cf_profile_collect(cl), CF_OK);
    cf_net_destroy(&net);
    cf_model_destroy(&model);
    const cf_profile_row *rows = cf_profile_rows(cl, &count); /* the labels are still there */
    for (size_t i = 0; i < count; i++)
        found += !strcmp(rows[i].label, "Conv 'b'") && rows[i].calls == 1;
    ck_assert_uint_eq(found, 1);
    cf_profile_enable(cl, 0);
    cf_free(out);
}
END_TEST

static void add(TCase *tests) {
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, fusing_changes_launches_not_results);
    tcase_add_test(tests, half_weights_stay_half);
    tcase_add_test(tests, half_floats_are_exact_or_refused);
    tcase_add_test(tests, memory_is_shared_over_time);
    tcase_add_test(tests, runs_allocate_and_compile_nothing);
    tcase_add_test(tests, fixed_inputs_are_settled_once);
    tcase_add_test(tests, misuse_is_refused);
    tcase_add_test(tests, out_of_memory_leaves_nothing);
    tcase_add_test(tests, profile_names_the_nodes);
}

int main(void) {
    return test_run("plan", add);
}
