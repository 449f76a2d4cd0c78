/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of the network's operators against their references, on odd sizes, in both layouts, with
 * NaN wherever nothing may be read; and files that must be refused. What the references compute is
 * judged by cl/net/onnx_cases (official tests) and tools/operators (ONNX Runtime). */
#include "base/alloc.h"
#include "cl/net/planner.h"
#include "tests/cl/net/operator_damage.h"

static const operator_row rows[] = {
#include "tests/cl/net/operator_rows.h"
};
#define ROWS (sizeof rows / sizeof *rows)

/* Rows of nodes that must be refused by a message that names them. */
static const operator_row wrong_rows[] = {
#include "tests/cl/net/operator_rows_wrong.h"
};
#define WRONG_ROWS (sizeof wrong_rows / sizeof *wrong_rows)

static cf_cl *cl;
static char last_line[1024];

static void keep_line(void *user, cf_log_level level, const char *line) {
    (void)user;
    if (level == CF_LOG_ERROR)
        snprintf(last_line, sizeof last_line, "%s", line);
}

/* Copies a tensor, in the layout that the test says; lanes beyond the channels become NaN. */
static cf_layout around_layout;

static const cf_cl_source around_source = {
    "test/around",
    "__kernel void around(__global const float *in, __global float *out, int channels, int pixels) "
    "{"
    "  size_t i = get_global_id(0); int blocks = (channels + 15) / 16;"
    "  int c = (int)(i / 16 / pixels % blocks) * 16 + (int)(i % 16);"
    "  out[i] = c < channels ? in[i] : NAN; }",
    "around1"};

static cf_status around_infer(cf_planner *plan, cf_op *op) {
    (void)plan;
    op->out[0]->type = op->in[0]->type;
    op->out[0]->shape = op->in[0]->shape;
    return CF_OK;
}

static cf_status around_reference(const cf_op *op) {
    size_t size = op->in[0]->type == CF_TYPE_FLOAT ? sizeof(float) : sizeof(int64_t);
    memcpy(op->out[0]->data, op->in[0]->data, (size_t)cf_shape_count(&op->in[0]->shape) * size);
    return CF_OK;
}

static void around_choose(cf_op *op) {
    op->want[0] = op->out[0]->layout = op->in[0]->shape.rank == 4 ? around_layout : CF_LAYOUT_PLAIN;
}

static cf_status around_plan(cf_planner *plan, cf_op *op) {
    const cf_buffer *in, *out;
    const cf_shape *s = &op->in[0]->shape;
    int blocked = op->out[0]->layout == CF_LAYOUT_BLOCKED;
    CF_TRY(cf_plan_tensor(plan, op->in[0], &in));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &out));
    size_t lanes = cf_tensor_bytes(op->out[0]) / sizeof(float);
    return cf_plan_launch(plan, &around_source, "around", "", CF_RANGE(lanes, 1, 1, 1),
                          CF_ARGS(CF_BUF(in), CF_BUF(out),
                                  CF_INT(blocked ? (int)s->dim[1] : 1 << 30),
                                  CF_INT(blocked ? (int)cf_shape_span(s, 2, 4) : 1)));
}

static const cf_operator around = {.name = "Around",
                                   .inputs_min = 1,
                                   .inputs_max = 1,
                                   .outputs_max = 1,
                                   .infer = around_infer,
                                   .reference = around_reference,
                                   .layout = around_choose,
                                   .plan = around_plan};

static cf_buffer *upload(const void *data, int64_t count, cf_type type) {
    cf_buffer *buffer;
    float *floats = cf_alloc((size_t)count, sizeof *floats);
    for (int64_t i = 0; i < count; i++)
        floats[i] =
            type == CF_TYPE_FLOAT ? ((const float *)data)[i] : (float)((const int64_t *)data)[i];
    ck_assert_int_eq(cf_buffer_get(cl, (size_t)count * sizeof *floats, &buffer), CF_OK);
    ck_assert_int_eq(cf_buffer_write(buffer, 0, floats, (size_t)count * sizeof *floats), CF_OK);
    cf_free(floats);
    return buffer;
}

static int same(float got, double wanted, double tolerance) {
    if (isnan(wanted) || isinf(wanted))
        return isnan(wanted) ? isnan(got) : (double)got == wanted;
    /* what overflows a float in one order of operations need not in another */
    return fabs((double)got - wanted) <= tolerance * (1 + fabs(wanted));
}

/* 1 when an output is what the reference made. */
static int check(const operator_row *row, const char *how, const cf_net *net, size_t i,
                 const cf_buffer *buffer, const void *wanted, const cf_shape *shape) {
    const cf_model_port *port = cf_net_output(net, i);
    int64_t count = cf_shape_count(shape), k = 0;
    char a[96];
    ck_assert(cf_shape_equal(&port->shape, shape));
    float *got = cf_alloc((size_t)count, sizeof *got);
    ck_assert_int_eq(cf_buffer_read(buffer, 0, got, (size_t)count * sizeof *got), CF_OK);
    for (; k < count; k++) {
        double w = port->type == CF_TYPE_FLOAT ? (double)((const float *)wanted)[k]
                                               : (double)((const int64_t *)wanted)[k];
        if (!same(got[k], w, row->tolerance > 0 ? row->tolerance : 1e-5)) {
            fprintf(stderr,
                    "FAILED %s(%s | %s) opset %d %s: output %zu, element %lld of %s is %.9g "
                    "instead of %.9g\n",
                    row->op, row->inputs, row->attributes ? row->attributes : "", row->opset, how,
                    i, (long long)k, cf_shape_text(shape, a), (double)got[k], w);
            break;
        }
    }
    cf_free(got);
    return k == count;
}

/* One network on the device beside what the reference made: 1 when they agree. */
static int run_on_device(const operator_row *row, const char *how, const cf_operator *with,
                         void *const *wanted, const cf_shape *shapes) {
    operator_case *c = cf_alloc(1, sizeof *c);
    const cf_net_params params = {.poison = 1};
    cf_buffer *in[CASE_PORTS] = {NULL}, *out[CASE_PORTS] = {NULL};
    cf_net *net;
    make_case(c, row, with);
    int good = cf_net_create(cl, &c->model, &params, &net) == CF_OK;
    if (!good)
        fprintf(stderr, "FAILED %s(%s | %s) opset %d %s: no plan\n", row->op, row->inputs,
                row->attributes ? row->attributes : "", row->opset, how);
    for (size_t i = 0; good && i < c->model.input_count; i++)
        in[i] = upload(c->data[i], cf_shape_count(&c->shapes[i]), c->inputs[i].type);
    for (size_t i = 0; good && i < c->model.output_count; i++)
        ck_assert_int_eq(cf_buffer_get(cl, cf_net_port_bytes(cf_net_output(net, i)) + 4, &out[i]),
                         CF_OK);
    if (good)
        ck_assert_int_eq(cf_net_run(net, (const cf_buffer *const *)in, out), CF_OK);
    for (size_t i = 0; good && i < c->model.output_count; i++)
        good = check(row, how, net, i, out[i], wanted[i], &shapes[i]);
    cf_net_destroy(&net);
    for (int i = 0; i < CASE_PORTS; i++) {
        cf_buffer_put(&in[i]);
        cf_buffer_put(&out[i]);
    }
    cf_region_free(&c->region);
    cf_free(c);
    return good;
}

/* By the reference, then alone and between other nodes on the device. Number of differences; -1
 * where the reference refuses it or it is large. */
static int run_row(const operator_row *row) {
    operator_case *c = cf_alloc(1, sizeof *c);
    void *wanted[CASE_PORTS] = {NULL};
    cf_shape shapes[CASE_PORTS];
    cf_net_info info;
    int planes = 0, bad = 0;
    make_case(c, row, NULL);
    int good =
        cf_net_measure(&c->model, NULL, 0, &info) == CF_OK && info.activation_bytes < 1 << 20 &&
        info.gflop < 1e-2 &&
        cf_net_reference(&c->model, NULL, (const void *const *)c->data, wanted, shapes) == CF_OK;
    for (size_t i = 0; i < c->model.input_count; i++)
        planes |= c->shapes[i].rank == 4;
    for (size_t i = 0; good && i < c->model.output_count; i++)
        planes |= shapes[i].rank == 4;
    if (good) {
        bad = !run_on_device(row, "alone", NULL, wanted, shapes);
        around_layout = CF_LAYOUT_PLAIN;
        bad += !run_on_device(row, "in plain layout", &around, wanted, shapes);
        around_layout = CF_LAYOUT_BLOCKED;
        bad += planes && !run_on_device(row, "in blocked layout", &around, wanted, shapes);
    }
    for (size_t i = 0; i < c->model.output_count; i++)
        cf_free(wanted[i]);
    cf_region_free(&c->region);
    cf_free(c);
    return good ? bad : -1;
}

START_TEST(kernels_agree_with_references) {
    const char *only = getenv("CASE");
    int bad = 0;
    ck_assert_int_eq(cf_cl_open(NULL, &cl), CF_OK);
    for (size_t i = 0; i < ROWS; i++)
        if (!only || !strcmp(only, rows[i].op))
            bad += run_row(&rows[i]) != 0;
    ck_assert_uint_eq(cf_pool_statistics(cl).live_count, 0);
    cf_cl_close(&cl);
    ck_assert_int_eq(bad, 0);
}
END_TEST

/* For a search by hand (DAMAGED: rounds; SEED): what is left of damaged rows and can be computed.
 * A difference is to be judged: huge numbers differ where sums are in another order. */
START_TEST(kernels_agree_on_damaged_rows) {
    const char *only = getenv("CASE"), *rounds = getenv("DAMAGED"), *seed = getenv("SEED");
    cf_random random;
    damaged_text text;
    int bad = 0, run = 0;
    if (!rounds)
        return;
    cf_random_seed(&random, seed ? strtoull(seed, NULL, 10) : 1);
    ck_assert_int_eq(cf_cl_open(NULL, &cl), CF_OK);
    cf_log_set(NULL, NULL, CF_LOG_ERROR);
    for (size_t i = 0; i < ROWS; i++)
        for (int k = 0; k < atoi(rounds) && (!only || !strcmp(only, rows[i].op)); k++) {
            operator_row row = damaged_row(&random, &rows[i], &text);
            int result = run_row(&row);
            run += result >= 0;
            bad += result > 0;
        }
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    printf("%d damaged rows could be run, %d differ\n", run, bad);
    cf_cl_close(&cl);
}
END_TEST

/* Whole blocks of channels are made and read where they lie: the launches of the nodes around and
 * of changing layouts, and none more. (Planes are of sizes whose multiples are addresses that the
 * device can begin a buffer at.) */
START_TEST(whole_blocks_cost_nothing) {
    static const struct {
        operator_row row;
        size_t launches;
    } free_rows[] = {
        {{"Concat", 17, "x1x16x8x6; x1x32x8x6", "axis=1", 1, 0}, 6},
        {{"Concat", 17, "x1x16x8x6; x1x17x8x6", "axis=1", 1, 0}, 6},
        {{"Concat", 17, "x1x15x8x6; x1x17x8x6", "axis=1", 1, 0}, 7}, /* one part has to move */
        {{"Split", 13, "x1x48x8x6; [16,32]", "axis=1", 2, 0}, 6},
        {{"Slice", 13, "x1x48x8x6; [16]; [40]; [1]", NULL, 1, 0}, 4},
        {{"Identity", 13, "x2x17x8x6", NULL, 1, 0}, 4},
        {{"Reshape", 13, "x2x32x1x1; [2,-1]", NULL, 1, 0}, 3},
    };
    const cf_net_params params = {.poison = 1};
    ck_assert_int_eq(cf_cl_open(NULL, &cl), CF_OK);
    around_layout = CF_LAYOUT_BLOCKED;
    for (size_t i = 0; i < sizeof free_rows / sizeof *free_rows; i++) {
        operator_case *c = cf_alloc(1, sizeof *c);
        cf_net *net;
        make_case(c, &free_rows[i].row, &around);
        ck_assert_int_eq(cf_net_create(cl, &c->model, &params, &net), CF_OK);
        ck_assert_msg(cf_net_describe(net).launches == free_rows[i].launches,
                      "%s(%s): %zu launches", free_rows[i].row.op, free_rows[i].row.inputs,
                      cf_net_describe(net).launches);
        cf_net_destroy(&net);
        cf_region_free(&c->region);
        cf_free(c);
    }
    cf_cl_close(&cl);
}
END_TEST

START_TEST(wrong_nodes_are_refused_by_name) {
    for (size_t i = 0; i < WRONG_ROWS; i++) {
        const operator_row *row = &wrong_rows[i];
        operator_case *c = cf_alloc(1, sizeof *c);
        cf_net_info info;
        make_case(c, row, NULL);
        *last_line = '\0';
        cf_log_set(keep_line, NULL, CF_LOG_ERROR);
        cf_status status = cf_net_measure(&c->model, NULL, 0, &info);
        cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
        ck_assert_msg(status == CF_ERR_FORMAT || status == CF_ERR_UNSUPPORTED,
                      "%s(%s | %s) gave %d", row->op, row->inputs,
                      row->attributes ? row->attributes : "", (int)status);
        ck_assert_msg(!strncmp(last_line, row->op, strlen(row->op)) && strstr(last_line, "'node'"),
                      "%s(%s | %s): \"%s\" does not name it", row->op, row->inputs,
                      row->attributes ? row->attributes : "", last_line);
        cf_region_free(&c->region);
        cf_free(c);
    }
}
END_TEST

static void add_tests(TCase *tc) {
    tcase_add_test(tc, kernels_agree_with_references);
    tcase_add_test(tc, kernels_agree_on_damaged_rows);
    tcase_add_test(tc, whole_blocks_cost_nothing);
    tcase_add_test(tc, wrong_nodes_are_refused_by_name);
}

int main(void) {
    return test_run("operators", add_tests);
}
