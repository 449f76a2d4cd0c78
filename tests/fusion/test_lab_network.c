/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `lab_network` on networks worked out by hand, by reference and by kernel. Does not prove
 * that the executor computes large ones rightly: tools/seed_networks does. */
#include "fusion/lab_network.h"

#include <math.h>

#include "cl/buffer.h"
#include "tests/fusion/tiny_lab.h"
#include "tests/test_main.h"

enum { WIDTH = 12, HEIGHT = 8, PITCH = 16, AREA = PITCH * HEIGHT };

static cf_cl *cl;
static float lab[4 * AREA], ab[2 * AREA];

static cf_stage_io ports(void) {
    const cf_plane_set one = {
        .width = WIDTH, .height = HEIGHT, .planes = 4, .pitch = PITCH, .elem = 4};
    cf_stage_io io = {.in[0] = one, .out[0] = one};
    io.in[0].data = lab;
    io.out[0].data = ab;
    io.out[0].planes = 2;
    return io;
}

static void fill(void) {
    for (int i = 0; i < 4 * AREA; i++)
        lab[i] = i % PITCH < WIDTH ? (float)(i * 7 % 61) : NAN;
    for (int i = 3 * AREA; i < 4 * AREA; i++)
        lab[i] = i % PITCH < WIDTH ? (float)(i % 3 == 0) : NAN;
}

typedef float expected(int plane, int i);

static void expect_values(expected *want, const char *side) {
    for (int p = 0; p < 2; p++)
        for (int i = 0; i < AREA; i++)
            if (i % PITCH < WIDTH)
                ck_assert_msg(
                    fabsf(ab[p * AREA + i] - want(p, i)) <= 2e-6F * (50 + fabsf(want(p, i))),
                    "%s: plane %d at %d: %g, not %g", side, p, i, ab[p * AREA + i], want(p, i));
}

static cf_model *parse(const onnx_bytes *bytes) {
    cf_model *model;
    ck_assert_int_eq(cf_model_parse(bytes->at, bytes->size, "tiny", &model), CF_OK);
    return model;
}

static cf_status run_device(const cf_lab_network_params *params) {
    cf_stage_io io = ports();
    CF_TRY(cf_stage_prepare(&cf_stage_lab_network, cl, &io, params, &io.state));
    ck_assert_int_eq(cf_buffer_get(cl, sizeof lab, &io.in[0].buf), CF_OK);
    ck_assert_int_eq(cf_buffer_get(cl, sizeof ab, &io.out[0].buf), CF_OK);
    ck_assert_int_eq(cf_buffer_write(io.in[0].buf, 0, lab, sizeof lab), CF_OK);
    cf_status status = cf_stage_run_cl(&cf_stage_lab_network, cl, &io, params);
    if (status == CF_OK)
        status = cf_buffer_read(io.out[0].buf, 0, ab, sizeof ab);
    cf_buffer_put(&io.in[0].buf);
    cf_buffer_put(&io.out[0].buf);
    cf_stage_release(&cf_stage_lab_network, &io.state);
    return status;
}

/* Both sides, with what the file's ports and metadata say. */
static void check(const onnx_bytes *bytes, const cf_lab_network_params *given, expected *want) {
    cf_model *model = parse(bytes);
    cf_stage_io io = ports();
    cf_lab_network_params params = CF_LAB_NETWORK_DEFAULTS;
    cf_stage_context context = {.network = model};
    if (given)
        params = *given;
    params.model = model;
    if (!given)
        ck_assert_int_eq(cf_stage_lab_network.bind(&context, &params), CF_OK);
    fill();
    memset(ab, 0, sizeof ab);
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_lab_network, &io, &params), CF_OK);
    expect_values(want, "reference");
    memset(ab, 0, sizeof ab);
    ck_assert_int_eq(run_device(&params), CF_OK);
    expect_values(want, "kernel");
    cf_model_destroy(&model);
}

static float single(int plane, int i) {
    return plane ? 20 - lab[i] : 0.5F * lab[i] - 10;
}

/* What lightness -50 to 50 and units of 110 make of the same network. */
static float single_scaled(int plane, int i) {
    float l = lab[i] - 50;
    return 110 * (plane ? 20 - l : 0.5F * l - 10);
}

static float three(int plane, int i) {
    return lab[(1 + plane) * AREA + i] * lab[3 * AREA + i] + lab[i];
}

static float four(int plane, int i) {
    float mask = lab[3 * AREA + i];
    return plane ? lab[2 * AREA + i] - 2 * mask : 0.25F * lab[i] + lab[AREA + i] + 3 * mask;
}

static float hints(int plane, int i) {
    return lab[(1 + plane) * AREA + i];
}

START_TEST(each_kind_gets_its_planes) {
    onnx_bytes bytes = lab_single(0, 0, 1);
    check(&bytes, NULL, single);
    lab_note(&bytes, "chromafuse.lightness", "-50 50");
    lab_note(&bytes, "chromafuse.ab", "110");
    check(&bytes, NULL, single_scaled);
    const cf_lab_network_params given = {.lightness = {-50, 50}, .unit = 110};
    bytes = lab_single(0, 0, 1);
    check(&bytes, &given, single_scaled);
    bytes = lab_three("hint", "mask", "l");
    check(&bytes, NULL, three);
    bytes = lab_four();
    check(&bytes, NULL, four);
}
END_TEST

START_TEST(without_a_network_hints_come_out) {
    cf_stage_io io = ports();
    fill();
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_lab_network, &io, NULL), CF_OK);
    expect_values(hints, "reference");
    memset(ab, 0, sizeof ab);
    ck_assert_int_eq(run_device(NULL), CF_OK);
    expect_values(hints, "kernel");
}
END_TEST

/* cv2.resize(..., interpolation=cv2.INTER_LINEAR) of 6x4 to 12x8: shares 1/4 and 3/4. */
static float doubled(int plane, int i) {
    int x = i % PITCH, y = i / PITCH;
    float sum = 0;
    for (int k = 0; k < 4; k++) {
        int right = k & 1, down = k >> 1;
        int cx = (x + 1) / 2 - 1 + right, cy = (y + 1) / 2 - 1 + down;
        float w = (right == x % 2 ? 0.25F : 0.75F) * (down == y % 2 ? 0.25F : 0.75F);
        cx = cx < 0 ? 0 : cx > 5 ? 5 : cx;
        cy = cy < 0 ? 0 : cy > 3 ? 3 : cy;
        sum += w * single(plane, 2 * cy * PITCH + 2 * cx);
    }
    return sum;
}

START_TEST(small_outputs_are_interpolated) {
    onnx_bytes bytes = lab_single(0, 0, 2);
    check(&bytes, NULL, doubled);
}
END_TEST

static void ignore(void *user, cf_log_level level, const char *line) {
    (void)user;
    (void)level;
    (void)line;
}

/* A file may say 2 planes and make 1, or want another size than it gets. */
START_TEST(files_that_lie_are_refused) {
    onnx_bytes g = {.size = 0}, node = onnx_node("Relu", "", "l", "ab"), bytes;
    cf_lab_network_params params = CF_LAB_NETWORK_DEFAULTS;
    cf_stage_io io = ports();
    onnx_part(&g, 1, &node);
    lab_port(&g, 11, "l", 1, 0, 0);
    lab_port(&g, 12, "ab", 2, 0, 0);
    bytes = onnx_model(&g, 17);
    cf_log_set(ignore, NULL, CF_LOG_WARNING);
    cf_model *lies = parse(&bytes);
    params.model = lies;
    ck_assert_int_ne(run_device(&params), CF_OK);
    ck_assert_int_ne(cf_stage_run_ref(&cf_stage_lab_network, &io, &params), CF_OK);
    bytes = lab_single(64, 64, 1);
    cf_model *fixed = parse(&bytes);
    params.model = fixed;
    ck_assert_int_ne(run_device(&params), CF_OK);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    cf_model_destroy(&fixed);
    cf_model_destroy(&lies);
    ck_assert_uint_eq(cf_pool_statistics(cl).live_count, 0);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, each_kind_gets_its_planes);
    tcase_add_test(tc, without_a_network_hints_come_out);
    tcase_add_test(tc, small_outputs_are_interpolated);
    tcase_add_test(tc, files_that_lie_are_refused);
}

int main(void) {
    if (cf_cl_open(NULL, &cl) != CF_OK)
        return 1;
    int failed = test_run("lab_network", add);
    cf_cl_close(&cl);
    return failed;
}
