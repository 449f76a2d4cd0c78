/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage `network` on a network worked out by hand, files with other ports, and the built-in file.
 * Does not judge what the built-in network colours (docs/benchmarks.md), nor that the executor
 * computes it rightly: conformance/network and tools/networks do.
 */
#include "fusion/network.h"

#include <math.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/random.h"
#include "cl/buffer.h"
#include "fusion/cells.h"
#include "fusion/colorizer.h"
#include "fusion/pipeline.h"
#include "fusion/restore.h"
#include "tests/fusion/tiny_network.h"
#include "tests/test_main.h"

enum { SIDE = 16, AREA = SIDE * SIDE };

static cf_cl *cl;
static float planes[8][AREA]; /* transferred, transferred, doubt, mono, hint, hint, confidence,
                                  sigma */
static float chroma[2 * AREA], error[AREA];
static char last_line[512];

static void remember(void *user, cf_log_level level, const char *line) {
    (void)user;
    (void)level;
    snprintf(last_line, sizeof last_line, "%s", line);
}

static void connect(cf_stage_io *io) {
    static const int first[] = {0, 2, 3, 4, 6, 7}, count[] = {2, 1, 1, 2, 1, 1};
    const cf_plane_set one = {.width = SIDE, .height = SIDE, .planes = 1, .pitch = SIDE, .elem = 4};
    memset(io, 0, sizeof *io);
    for (int i = 0; i < 6; i++) {
        io->in[i] = one;
        io->in[i].planes = count[i];
        io->in[i].data = planes[first[i]];
    }
    io->out[0] = io->out[1] = one;
    io->out[0].planes = 2;
    io->out[0].data = chroma;
    io->out[1].data = error;
}

static void fill(void) {
    for (int p = 0; p < 8; p++)
        for (int i = 0; i < AREA; i++)
            planes[p][i] = (float)((p + 1) * i % 97) / 97;
}

static float expected(int plane, float vivid, int i) {
    if (plane == 2)
        return (planes[2][i] + planes[7][i]) * planes[3][i];
    return planes[plane][i] + vivid * planes[4 + plane][i] * planes[6][i];
}

static void expect_values(float vivid) {
    for (int i = 0; i < AREA; i++) {
        ck_assert_float_eq_tol(chroma[i], expected(0, vivid, i), 1e-6);
        ck_assert_float_eq_tol(chroma[AREA + i], expected(1, vivid, i), 1e-6);
        ck_assert_float_eq_tol(error[i], expected(2, vivid, i), 1e-6);
    }
}

static cf_model *tiny(void) {
    static onnx_bytes bytes; /* the model refers to it */
    cf_model *model;
    bytes = tiny_network(NULL);
    ck_assert_int_eq(cf_model_parse(bytes.at, bytes.size, "tiny", &model), CF_OK);
    return model;
}

START_TEST(reference_by_hand) {
    cf_stage_io io;
    cf_model *model = tiny();
    fill();
    connect(&io);
    for (float vivid = 0; vivid <= 1; vivid += 0.5F) {
        const cf_network_params params = {.model = model, .vivid = vivid};
        ck_assert_int_eq(cf_stage_run_ref(&cf_stage_network, &io, &params), CF_OK);
        expect_values(vivid);
    }
    cf_model_destroy(&model);
}
END_TEST

static void to_device(cf_plane_set *set) {
    size_t bytes = cf_plane_set_bytes(set);
    ck_assert_int_eq(cf_buffer_get(cl, bytes, &set->buf), CF_OK);
    ck_assert_int_eq(cf_buffer_write(set->buf, 0, set->data, bytes), CF_OK);
}

START_TEST(planned_once_then_run) {
    cf_stage_io io;
    cf_model *model = tiny();
    const cf_network_params params = {.model = model, .vivid = 0.75F};
    fill();
    connect(&io);
    ck_assert_int_eq(cf_stage_run_cl(&cf_stage_network, cl, &io, &params), CF_ERR_INVALID);
    ck_assert_int_eq(cf_stage_prepare(&cf_stage_network, cl, &io, &params, &io.state), CF_OK);
    cf_model_destroy(&model); /* the plan keeps what it needs */
    for (int i = 0; i < 6; i++)
        to_device(&io.in[i]);
    to_device(&io.out[0]);
    to_device(&io.out[1]);
    ck_assert_int_eq(cf_stage_run_cl(&cf_stage_network, cl, &io, &params), CF_OK);
    size_t allocations = cf_pool_statistics(cl).allocations,
           built = cf_program_statistics(cl).built;
    ck_assert_int_eq(cf_stage_run_cl(&cf_stage_network, cl, &io, &params), CF_OK);
    ck_assert_uint_eq(cf_pool_statistics(cl).allocations, allocations);
    ck_assert_uint_eq(cf_program_statistics(cl).built, built);
    ck_assert_int_eq(cf_buffer_read(io.out[0].buf, 0, chroma, sizeof chroma), CF_OK);
    ck_assert_int_eq(cf_buffer_read(io.out[1].buf, 0, error, sizeof error), CF_OK);
    expect_values(0.75F);
    cf_stage_io larger = io;
    for (int i = 0; i < 6; i++)
        larger.in[i].width = larger.in[i].pitch = 2 * SIDE;
    larger.out[0].width = larger.out[1].width = larger.out[0].pitch = larger.out[1].pitch =
        2 * SIDE;
    ck_assert_int_eq(cf_stage_run_cl(&cf_stage_network, cl, &larger, &params), CF_ERR_UNSUPPORTED);
    larger.in[0].width = larger.in[0].pitch = SIDE + 8;
    ck_assert_int_eq(cf_stage_run_cl(&cf_stage_network, cl, &larger, &params), CF_ERR_INVALID);
    for (int i = 0; i < 6; i++)
        cf_buffer_put(&io.in[i].buf);
    cf_buffer_put(&io.out[0].buf);
    cf_buffer_put(&io.out[1].buf);
    cf_stage_release(&cf_stage_network, &io.state);
    ck_assert_ptr_null(io.state);
    cf_stage_release(&cf_stage_network, &io.state);
    ck_assert_uint_eq(cf_pool_statistics(cl).live_count, 0);
}
END_TEST

/* Opens it from a file, as --model does. */
static cf_status open_file(const onnx_bytes *bytes, cf_model **model) {
    char path[] = "/tmp/chromafuse-network-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes->at, bytes->size), (ssize_t)bytes->size);
    close(fd);
    cf_status status = cf_colorizer_open(path, model);
    unlink(path);
    if (status != CF_OK)
        ck_assert_ptr_nonnull(strstr(last_line, path));
    return status;
}

START_TEST(other_ports_are_refused) {
    static const tiny_fault faults[] = {{"mono", 0, 1},        {"hint", 3, 1},
                                        {"confidence", 1, 7},  {"vivid", 2, 1},
                                        {"transferred", 1, 1}, {"error", 2, 1}};
    cf_model *model;
    onnx_bytes bytes = tiny_network(NULL);
    cf_log_set(remember, NULL, CF_LOG_WARNING);
    ck_assert_int_eq(open_file(&bytes, &model), CF_OK);
    cf_model_destroy(&model);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        bytes = tiny_network(&faults[i]);
        last_line[0] = '\0';
        ck_assert_int_ne(open_file(&bytes, &model), CF_OK);
        ck_assert_msg(strstr(last_line, faults[i].port) != NULL, "%s: '%s'", faults[i].port,
                      last_line);
    }
    bytes.size /= 2;
    ck_assert_int_eq(open_file(&bytes, &model), CF_ERR_FORMAT);
    bytes.size = 0;
    ck_assert_int_eq(open_file(&bytes, &model), CF_ERR_FORMAT);
    ck_assert_int_eq(cf_colorizer_open("/nonexistent.onnx", &model), CF_ERR_IO);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
}
END_TEST

/* A file may promise 2 planes of chroma and make 1: found when it is planned, and by the
 * reference. */
START_TEST(outputs_of_another_size_are_refused) {
    onnx_bytes g = {.size = 0}, bytes;
    static const char *const inputs[] = {"mono",        "hint",  "confidence", "sigma",
                                         "transferred", "doubt", "vivid"};
    cf_model *model;
    cf_stage_io io;
    tiny_node(&g, "Add", "mono doubt", "error");
    onnx_bytes pool = onnx_node("GlobalAveragePool", "p", "hint", "chroma");
    onnx_part(&g, 1, &pool);
    for (int i = 0; i < 7; i++)
        tiny_port(&g, 11, inputs[i], i == 1 || i == 4 ? 2 : 1, NULL);
    tiny_port(&g, 12, "chroma", 2, NULL);
    tiny_port(&g, 12, "error", 1, NULL);
    bytes = onnx_model(&g, 17);
    connect(&io);
    cf_log_set(remember, NULL, CF_LOG_WARNING);
    ck_assert_int_eq(cf_model_parse(bytes.at, bytes.size, "pooled", &model), CF_OK);
    const cf_network_params params = {.model = model};
    ck_assert_int_eq(cf_stage_prepare(&cf_stage_network, cl, &io, &params, &io.state),
                     CF_ERR_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(last_line, "'chroma' is 1x2x1x1 where 1x2x16x16 is needed"));
    ck_assert_ptr_null(io.state);
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_network, &io, &params), CF_ERR_UNSUPPORTED);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    cf_model_destroy(&model);
    ck_assert_uint_eq(cf_pool_statistics(cl).live_count, 0);
}
END_TEST

/* Names of a list's inputs and outputs; their order is that of `cells`. */
static const char *const names[] = {"mono",        "hint",  "confidence", "sigma",
                                    "transferred", "doubt", "chroma",     "error"};
static const cf_step steps[] = {
    {"cells",
     CF_ROLE_MONO,
     {"mono", "hint", "confidence", "sigma", "transferred", "doubt"},
     {"c0", "c1", "c2", "c3", "c4", "c5"},
     NULL},
    {"network", CF_ROLE_MONO, {"c4", "c5", "c0", "c1", "c2", "c3"}, {"n0", "n1"}, "vivid=0.5"},
    {"restore",
     CF_ROLE_MONO,
     {"transferred", "doubt", "mono", "c0", "c4", "c5", "n0", "n1"},
     {"chroma", "error"},
     NULL},
    {0},
};

static cf_plane_set new_set(int width, int height, int count) {
    cf_plane_set set = {
        .width = width, .height = height, .planes = count, .pitch = CF_PITCH(width), .elem = 4};
    set.data = cf_alloc(cf_plane_set_bytes(&set), 1);
    ck_assert_ptr_nonnull(set.data);
    return set;
}

static cf_image view(const cf_plane_set *set) {
    size_t stride = (size_t)set->pitch * sizeof(float);
    return (cf_image){set->data,   set->width, set->height,
                      set->planes, stride,     stride * (size_t)set->height,
                      CF_PIXEL_F32};
}

/* The same steps by the references: set[0..5] in, set[6..7] out. */
static void run_references(const cf_plane_set set[8], const cf_network_params *params) {
    cf_stage_io cells = {0}, net = {0}, restore = {0};
    for (int i = 0; i < 6; i++)
        cells.in[i] = set[i];
    for (int i = 0; i < 6; i++) {
        cf_plane_set *out = &cells.out[i];
        ck_assert_int_eq(cf_stage_shape(&cf_stage_cells, &cells, NULL, i, out), CF_OK);
        *out = net.in[(i + 2) % 6] = new_set(out->width, out->height, out->planes);
    }
    for (int i = 0; i < 2; i++)
        net.out[i] = new_set(net.in[0].width, net.in[0].height, 2 - i);
    restore.in[0] = set[4];
    restore.in[1] = set[5];
    restore.in[2] = set[0];
    restore.in[3] = cells.out[0];
    restore.in[4] = cells.out[4];
    restore.in[5] = cells.out[5];
    restore.in[6] = net.out[0];
    restore.in[7] = net.out[1];
    restore.out[0] = set[6];
    restore.out[1] = set[7];
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_cells, &cells, NULL), CF_OK);
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_network, &net, params), CF_OK);
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_restore, &restore, NULL), CF_OK);
    for (int i = 0; i < 6; i++)
        cf_free(net.in[i].data);
    for (int i = 0; i < 2; i++)
        cf_free(net.out[i].data);
}

static cf_pipeline *new_pipeline(const cf_plane_set set[8], const cf_model *model) {
    static const cf_camera_profile camera;
    const cf_stage_context context = {.mono = &camera, .color = &camera, .network = model};
    cf_pipeline_input inputs[6];
    cf_pipeline *p;
    for (int i = 0; i < 6; i++) {
        inputs[i] = (cf_pipeline_input){names[i], set[i]};
        inputs[i].shape.data = NULL;
    }
    const cf_pipeline_plan plan = {.steps = steps,
                                   .context = &context,
                                   .inputs = inputs,
                                   .input_count = 6,
                                   .wanted = names + 6,
                                   .wanted_count = 2};
    ck_assert_int_eq(cf_pipeline_create(cl, &plan, &p), CF_OK);
    return p;
}

/* The largest difference between a list's tensor and the reference's. */
static double difference(const cf_pipeline *p, const char *name, const cf_plane_set *expected) {
    double worst = 0;
    cf_image got;
    ck_assert_int_eq(
        cf_image_alloc(expected->width, expected->height, expected->planes, CF_PIXEL_F32, &got),
        CF_OK);
    ck_assert_int_eq(cf_pipeline_read(p, name, &got), CF_OK);
    for (int c = 0; c < got.planes; c++)
        for (int y = 0; y < got.height; y++)
            for (int x = 0; x < got.width; x++)
                worst = fmax(worst, fabs((double)((float *)cf_image_row(&got, c, y))[x] -
                                         (double)cf_row(expected, c, y)[x]));
    cf_image_free(&got);
    return worst;
}

START_TEST(pictures_of_any_size) {
    static const int sizes[][2] = {{1, 1}, {1, 40}, {33, 2}, {31, 33}, {65, 47}};
    static const int count[] = {1, 2, 1, 1, 2, 1, 2, 1};
    cf_model *model = tiny();
    cf_random random;
    const cf_network_params params = {.model = model, .vivid = 0.5F};
    cf_random_seed(&random, 3);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        cf_plane_set set[8];
        for (int i = 0; i < 8; i++) {
            set[i] = new_set(sizes[s][0], sizes[s][1], count[i]);
            for (int y = 0; y < set[i].height * count[i]; y++)
                for (int x = 0; x < set[i].width; x++)
                    cf_row(&set[i], 0, y)[x] = (float)cf_random_uniform(&random);
        }
        run_references(set, &params);
        cf_pipeline *p = new_pipeline(set, model);
        for (int i = 0; i < 6; i++) {
            cf_image image = view(&set[i]);
            ck_assert_int_eq(cf_pipeline_write(p, names[i], &image), CF_OK);
        }
        ck_assert_int_eq(cf_pipeline_run(p), CF_OK);
        ck_assert_double_lt(difference(p, "chroma", &set[6]), 1e-5);
        ck_assert_double_lt(difference(p, "error", &set[7]), 1e-5);
        cf_pipeline_destroy(&p);
        for (int i = 0; i < 8; i++)
            cf_free(set[i].data);
        ck_assert_uint_eq(cf_pool_statistics(cl).live_count, 0);
    }
    cf_model_destroy(&model);
}
END_TEST

/* Without a network its step is left out, and nothing is added to the transfer's tensors. */
START_TEST(no_network_leaves_the_transfer_as_it_is) {
    size_t count;
    cf_random random;
    cf_plane_set set[8];
    cf_random_seed(&random, 3);
    for (int i = 0; i < 8; i++) {
        set[i] = new_set(21, 10, i == 1 || i == 4 || i == 6 ? 2 : 1);
        for (int y = 0; y < set[i].height * set[i].planes; y++)
            for (int x = 0; x < set[i].width; x++)
                cf_row(&set[i], 0, y)[x] = (float)cf_random_uniform(&random);
    }
    cf_pipeline *p = new_pipeline(set, NULL);
    cf_pipeline_stages(p, &count);
    ck_assert_uint_eq(count, 2);
    for (int i = 0; i < 6; i++) {
        cf_image image = view(&set[i]);
        ck_assert_int_eq(cf_pipeline_write(p, names[i], &image), CF_OK);
    }
    ck_assert_int_eq(cf_pipeline_run(p), CF_OK);
    ck_assert_double_eq(difference(p, "chroma", &set[4]), 0);
    ck_assert_double_eq(difference(p, "error", &set[5]), 0);
    cf_pipeline_destroy(&p);
    for (int i = 0; i < 8; i++)
        cf_free(set[i].data);
}
END_TEST

START_TEST(the_built_in_file_fits_and_is_small) {
    cf_model *model;
    ck_assert_int_eq(cf_colorizer_open(NULL, &model), CF_OK);
    cf_model_info info = cf_model_describe(model);
    ck_assert_uint_gt(info.file_bytes, 100000);
    ck_assert_uint_le(info.file_bytes, 8000000);
    ck_assert_int_le(info.weights, 3000000);
    cf_model_destroy(&model);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, reference_by_hand);
    tcase_add_test(tc, planned_once_then_run);
    tcase_add_test(tc, other_ports_are_refused);
    tcase_add_test(tc, outputs_of_another_size_are_refused);
    tcase_add_test(tc, pictures_of_any_size);
    tcase_add_test(tc, no_network_leaves_the_transfer_as_it_is);
    tcase_add_test(tc, the_built_in_file_fits_and_is_small);
}

int main(void) {
    if (cf_cl_open(NULL, &cl) != CF_OK)
        return 1;
    int code = test_run("network", add);
    cf_cl_close(&cl);
    return code;
}
