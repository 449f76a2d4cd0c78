/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `shading` against gains worked out by hand. Does not prove that the kernel agrees:
 * conformance/shading does. */
#include "base/alloc.h"
#include "isp/shading.h"
#include "tests/test_main.h"

enum { WIDTH = 9, HEIGHT = 5 };

static void run(const cf_camera_profile *camera, float out[HEIGHT * 16]) {
    static float raw[HEIGHT * 16];
    for (int i = 0; i < HEIGHT * 16; i++)
        raw[i] = 0.25F;
    cf_plane_set picture = {.width = WIDTH, .height = HEIGHT, .planes = 1, .pitch = 16, .elem = 4};
    cf_stage_io io = {.in[0] = picture, .out[0] = picture};
    io.in[0].data = raw;
    io.out[0].data = out;
    ck_assert_int_eq(cf_shading_gains(camera, &io.in[1]), CF_OK);
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_shading, &io, NULL), CF_OK);
    cf_free(io.in[1].data);
}

START_TEST(one_plane_is_bilinear_between_corner_pixels) {
    float gains[] = {1, 2, 3, 2, 3, 5}, out[HEIGHT * 16];
    cf_camera_profile camera;
    cf_camera_profile_init(&camera);
    camera.shading = (cf_shading){.width = 3, .height = 2, .planes = 1, .gains = gains};
    run(&camera, out);
    ck_assert_float_eq_tol(out[0], 0.25, 1e-6);                /* corners: 1 */
    ck_assert_float_eq_tol(out[8], 0.75, 1e-6);                /* 3 */
    ck_assert_float_eq_tol(out[4 * 16 + 8], 1.25, 1e-6);       /* 5 */
    ck_assert_float_eq_tol(out[2 * 16 + 0], 0.25 * 1.5, 1e-6); /* half way down */
    ck_assert_float_eq_tol(out[6], 0.25 * 2.5, 1e-6);          /* half a cell right */
    ck_assert_float_eq_tol(out[1 * 16 + 5], 0.25 * (2.25 * 0.75 + 3.5 * 0.25), 1e-6);
}
END_TEST

START_TEST(four_planes_follow_the_sites) {
    float gains[] = {1, 2, 3, 4}, out[HEIGHT * 16];
    cf_camera_profile camera;
    cf_camera_profile_init(&camera);
    camera.shading = (cf_shading){.width = 1, .height = 1, .planes = 4, .gains = gains};
    run(&camera, out);
    ck_assert_float_eq(out[0], 0.25);
    ck_assert_float_eq(out[1], 0.5);
    ck_assert_float_eq(out[16], 0.75);
    ck_assert_float_eq(out[17], 1);
}
END_TEST

START_TEST(no_gains_change_nothing) {
    float out[HEIGHT * 16];
    cf_camera_profile camera;
    cf_camera_profile_init(&camera);
    const cf_stage_context context = {.camera = &camera};
    ck_assert_int_eq(cf_stage_shading.identity(&context), 1);
    run(&camera, out);
    ck_assert_float_eq(out[2 * 16 + 3], 0.25F);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, one_plane_is_bilinear_between_corner_pixels);
    tcase_add_test(tc, four_planes_follow_the_sites);
    tcase_add_test(tc, no_gains_change_nothing);
}

int main(void) {
    return test_run("shading", add);
}
