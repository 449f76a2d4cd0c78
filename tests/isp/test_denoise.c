/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `denoise` against scipy's DCT and against noise of known strength. Does not prove that the
 * kernel agrees: conformance/denoise does. */
#include <math.h>

#include "base/alloc.h"
#include "isp/denoise.h"
#include "isp/stage_case.h"
#include "tests/test_main.h"

static float noise(unsigned *state) { /* sum of 12 uniforms less 6: sigma 1 */
    float sum = -6;
    for (int i = 0; i < 12; i++) {
        *state = *state * 1664525U + 1013904223U;
        sum += (float)(*state >> 8) / 16777216.0F;
    }
    return sum;
}

static void run(float *noisy, float *clean, float *sigma, int width, int height, int pitch,
                const cf_denoise_params *params) {
    const cf_plane_set set = {
        .width = width, .height = height, .planes = 1, .pitch = pitch, .elem = 4};
    cf_stage_io io = {.in[0] = set, .out[0] = set, .out[1] = set};
    io.in[0].data = noisy;
    io.out[0].data = clean;
    io.out[1].data = sigma;
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_denoise, &io, params), CF_OK);
}

/* Values from tests/isp/denoise_values.py (numpy, scipy.fft.dctn). */
START_TEST(equals_scipy) {
    static const struct {
        int x, y;
        float clean, sigma;
    } expected[] = {
        {0, 0, 8.27504F, 0.71355F},  {9, 6, 16.00576F, 0.57995F},  {18, 12, 17.04220F, 0.51464F},
        {5, 11, 9.67502F, 0.57301F}, {12, 3, 16.06616F, 0.33197F},
    };
    float noisy[13 * 32], clean[13 * 32], sigma[13 * 32];
    for (int y = 0; y < 13; y++)
        for (int x = 0; x < 19; x++)
            noisy[y * 32 + x] =
                10 + (x > y ? 6.0F : 0.0F) + 0.4F * (float)((7 * x + 13 * y + 5 * x * y) % 11 - 5);
    cf_denoise_params params = CF_DENOISE_DEFAULTS;
    params.levels = 0;
    run(noisy, clean, sigma, 19, 13, 32, &params);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        int at = expected[i].y * 32 + expected[i].x;
        ck_assert_float_eq_tol(clean[at], expected[i].clean, 1e-4);
        ck_assert_float_eq_tol(sigma[at], expected[i].sigma, 1e-4);
    }
}
END_TEST

START_TEST(keeps_a_constant_and_a_strong_edge) {
    float noisy[40 * 48], clean[40 * 48], sigma[40 * 48];
    for (int y = 0; y < 40; y++)
        for (int x = 0; x < 48; x++)
            noisy[y * 48 + x] = x < 20 ? 30 : 130;
    run(noisy, clean, sigma, 48, 40, 48, NULL);
    for (int y = 0; y < 40; y++)
        for (int x = 0; x < 48; x++)
            ck_assert_float_eq_tol(clean[y * 48 + x], noisy[y * 48 + x], 0.2);
}
END_TEST

/* Flat picture: what is left must be small, white noise's mean must stay, sigma must be honest. */
START_TEST(removes_noise_from_a_flat_picture) {
    enum { W = 192, H = 160 };
    float *planes = cf_alloc(3 * W * H, sizeof(float));
    float *noisy = planes, *clean = planes + W * H, *sigma = planes + 2 * W * H;
    ck_assert(planes != NULL);
    unsigned state = 1;
    for (int i = 0; i < W * H; i++)
        noisy[i] = 50 + noise(&state);
    run(noisy, clean, sigma, W, H, W, NULL);
    double mean = 0, square = 0, told = 0;
    for (int i = 0; i < W * H; i++) {
        mean += (double)clean[i] - 50;
        square += pow((double)clean[i] - 50, 2);
        told += (double)sigma[i] * (double)sigma[i];
    }
    double rms = sqrt(square / (W * H)), claimed = sqrt(told / (W * H));
    ck_assert_double_lt(fabs(mean / (W * H)), 0.02);
    ck_assert_double_lt(rms, 0.15);
    ck_assert_double_lt(rms, 1.5 * claimed);
    ck_assert_double_gt(rms, 0.3 * claimed);
    cf_free(planes);
}
END_TEST

/* The conformance test's pictures fit into one tile; this one has seams both ways. */
START_TEST(tiles_meet) {
    cf_cl *cl;
    cf_stage_case *test;
    cf_case_result r;
    const cf_case_spec spec = {.width = 323, .height = 139, .seed = 7};
    ck_assert_int_eq(cf_cl_open(NULL, &cl), CF_OK);
    ck_assert_int_eq(cf_stage_case_create(&cf_stage_denoise, NULL, &spec, cl, &test), CF_OK);
    ck_assert_int_eq(cf_stage_case_compare(test, &r), CF_OK);
    ck_assert_double_lt(r.max_error, cf_stage_denoise.tol_max);
    cf_stage_case_destroy(&test);
    cf_cl_close(&cl);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, equals_scipy);
    tcase_add_test(tc, keeps_a_constant_and_a_strong_edge);
    tcase_add_test(tc, removes_noise_from_a_flat_picture);
    tcase_add_test(tc, tiles_meet);
}

int main(void) {
    return test_run("denoise", add);
}
