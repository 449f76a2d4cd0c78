/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `vst` against hand-made numbers and against noise: the point is that its sigma becomes 1.
 * Does not prove that the inverse fits: test_vst_inverse does. */
#include <math.h>

#include "isp/vst.h"
#include "tests/test_main.h"

static void run(float *raw, float *stable, int width, const cf_vst_params *params) {
    const cf_plane_set set = {
        .width = width, .height = 1, .planes = 1, .pitch = CF_PITCH(width), .elem = 4};
    cf_stage_io io = {.in[0] = set, .out[0] = set};
    io.in[0].data = raw;
    io.out[0].data = stable;
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_vst, &io, params), CF_OK);
}

START_TEST(equals_the_formula) {
    float raw[16] = {0.2F, 0, -0.5F, 1, NAN}, stable[16];
    const cf_vst_params params = {.scale = 1.0F / 15, .offset = 4.0F / 225};
    run(raw, stable, 5, &params);
    ck_assert_float_eq_tol(stable[0], 5.43139, 1e-4); /* 2 sqrt(3 + 3/8 + 4) electrons */
    ck_assert_float_eq_tol(stable[1], 4.18330, 1e-4); /* 2 sqrt(3/8 + 4) */
    ck_assert_float_eq_tol(stable[2], 0.59760, 1e-4); /* 4.18330 - 7.5 / sqrt(3/8 + 4) */
    ck_assert_float_eq_tol(stable[3], 8.80341, 1e-4); /* 2 sqrt(15 + 3/8 + 4) */
    ck_assert_float_eq_tol(stable[4], 4.18330, 1e-4); /* not a number: black */
}
END_TEST

/* Uniform noise of the model's variance at two levels: sigma 1 at both. */
START_TEST(makes_noise_uniform) {
    enum { N = 4096 };
    const cf_vst_params params = {.scale = 1e-3F, .offset = 4e-6F};
    const float levels[] = {0.05F, 0.8F};
    for (int l = 0; l < 2; l++) {
        static float raw[N], stable[N];
        float half = sqrtf(3 * (params.scale * levels[l] + params.offset));
        for (int i = 0; i < N; i++)
            raw[i] = levels[l] + half * (2 * ((float)i + 0.5F) / N - 1);
        run(raw, stable, N, &params);
        double sum = 0, square = 0;
        for (int i = 0; i < N; i++) {
            sum += (double)stable[i];
            square += (double)stable[i] * (double)stable[i];
        }
        ck_assert_double_eq_tol(sqrt(square / N - sum / N * sum / N), 1, 0.02);
    }
}
END_TEST

START_TEST(takes_the_noise_of_its_camera) {
    cf_camera_profile camera;
    cf_camera_profile_init(&camera);
    cf_vst_params params = {0};
    const cf_stage_context context = {.camera = &camera};
    ck_assert_int_eq(cf_stage_vst.bind(&context, &params), CF_OK);
    ck_assert_float_gt(params.scale, 0); /* unknown: a usable default */
    camera.noise = (cf_noise){.scale = 0.01F, .offset = 0.0002F};
    ck_assert_int_eq(cf_stage_vst.bind(&context, &params), CF_OK);
    ck_assert_float_eq(params.scale, 0.01F);
    ck_assert_float_eq(params.offset, 0.0002F);
    cf_camera_profile_clear(&camera);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, equals_the_formula);
    tcase_add_test(tc, makes_noise_uniform);
    tcase_add_test(tc, takes_the_noise_of_its_camera);
}

int main(void) {
    return test_run("vst", add);
}
