/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `black` against values worked out by hand. Does not prove that the kernel agrees:
 * conformance/black does. */
#include "isp/black.h"
#include "tests/test_main.h"

START_TEST(scales_between_black_and_white_per_site) {
    unsigned short codes[2 * 16] = {[0] = 64, [1] = 1023, [2] = 0, [16] = 544, [17] = 300};
    float raw[2 * 16];
    const cf_black_params params = {.black = {64, 63, 64, 300}, .white = 1023};
    cf_stage_io io = {
        .in[0] = {.data = codes, .width = 3, .height = 2, .planes = 1, .pitch = 16, .elem = 2},
        .out[0] = {.data = raw, .width = 3, .height = 2, .planes = 1, .pitch = 16, .elem = 4},
    };
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_black, &io, &params), CF_OK);
    ck_assert_float_eq_tol(raw[0], 0, 1e-6);
    ck_assert_float_eq_tol(raw[1], 1, 1e-6);
    ck_assert_float_eq_tol(raw[2], -64.0F / 959, 1e-6);  /* below black stays negative */
    ck_assert_float_eq_tol(raw[16], 480.0F / 959, 1e-6); /* (544 - 64) / (1023 - 64) */
    ck_assert_float_eq_tol(raw[17], 0, 1e-6);
}
END_TEST

START_TEST(refuses_black_above_white) {
    cf_camera_profile camera;
    cf_camera_profile_init(&camera);
    camera.black[2] = 2000;
    camera.white = 1023;
    cf_black_params params = CF_BLACK_DEFAULTS;
    const cf_stage_context context = {.camera = &camera};
    ck_assert_int_eq(cf_stage_black.bind(&context, &params), CF_ERR_INVALID);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, scales_between_black_and_white_per_site);
    tcase_add_test(tc, refuses_black_above_white);
}

int main(void) {
    return test_run("black", add);
}
