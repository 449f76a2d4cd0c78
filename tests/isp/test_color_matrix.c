/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `color_matrix` against the Rec.709 matrix of IEC 61966-2-1. Does not prove that the kernel
 * agrees: conformance/color_matrix does. */
#include "isp/color_matrix.h"
#include "tests/test_main.h"

/* Linear sRGB to CIE XYZ, IEC 61966-2-1: its rows are what XYZ sees of the primaries. */
#define TO_XYZ                                                                                     \
    { 0.4124F, 0.3576F, 0.1805F, 0.2126F, 0.7152F, 0.0722F, 0.0193F, 0.1192F, 0.9505F }

START_TEST(white_and_primaries_reach_their_xyz) {
    float in[3 * 16] = {[0] = 1, [16] = 1, [32] = 1, [1] = 1, [2 + 16] = 1, [3 + 32] = 1};
    float rgb[3 * 16], response[16];
    const cf_color_matrix_params params = {.matrix = TO_XYZ, .weights = {0, 1, 0}};
    cf_stage_io io = {
        .in[0] = {.data = in, .width = 4, .height = 1, .planes = 3, .pitch = 16, .elem = 4},
        .out[0] = {.data = rgb, .width = 4, .height = 1, .planes = 3, .pitch = 16, .elem = 4},
        .out[1] = {.data = response, .width = 4, .height = 1, .planes = 1, .pitch = 16, .elem = 4},
    };
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_color_matrix, &io, &params), CF_OK);
    ck_assert_float_eq_tol(rgb[0], 0.9505, 1e-4); /* D65 white point */
    ck_assert_float_eq_tol(rgb[16], 1.0, 1e-4);
    ck_assert_float_eq_tol(rgb[32], 1.0890, 1e-4);
    ck_assert_float_eq_tol(rgb[1 + 16], 0.2126, 1e-6); /* luminance of red */
    ck_assert_float_eq_tol(rgb[2], 0.3576, 1e-6);      /* X of green */
    ck_assert_float_eq_tol(rgb[3 + 32], 0.9505, 1e-6); /* Z of blue */
    for (int x = 0; x < 4; x++)
        ck_assert_float_eq(response[x], rgb[16 + x]);
}
END_TEST

START_TEST(binds_the_mono_cameras_response) {
    cf_camera_profile color, mono;
    cf_camera_profile_init(&color);
    cf_camera_profile_init(&mono);
    color.ccm[1] = -0.5F;
    mono.spectral[0] = 0.33F;
    const cf_stage_context context = {.camera = &color, .color = &color, .mono = &mono};
    cf_color_matrix_params p = CF_COLOR_MATRIX_DEFAULTS;
    ck_assert_int_eq(cf_stage_color_matrix.bind(&context, &p), CF_OK);
    ck_assert_float_eq(p.matrix[1], -0.5F);
    ck_assert_float_eq(p.weights[0], 0.33F);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, white_and_primaries_reach_their_xyz);
    tcase_add_test(tc, binds_the_mono_cameras_response);
}

int main(void) {
    return test_run("color_matrix", add);
}
