/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `hints` against values worked out by hand. Does not prove that the kernel agrees:
 * conformance/hints does. */
#include "fusion/hints.h"

#include <math.h>
#include <string.h>

#include "tests/test_main.h"

#define SIDE 16

static float mono[SIDE * SIDE], color[3 * SIDE * SIDE], match[SIDE * SIDE];
static float hint[2 * SIDE * SIDE], confidence[SIDE * SIDE];

static const cf_hints_params params = {.spectral = {0.25F, 0.5F, 0.25F},
                                       .eps = 0.01F,
                                       .mono_noise = {0, 0.0001F},
                                       .red_noise = {0, 0.0020F},
                                       .blue_noise = {0, 0.0012F},
                                       .luma_noise = {0, 0.0004F},
                                       .kept = 0.1F,
                                       .tolerance = 0.1F,
                                       .tolerance_dark = 0.001F,
                                       .registration = 0.05F,
                                       .clip = {2, 1, 1.6F}};

static void run(void) {
    const cf_plane_set one = {.width = SIDE, .height = SIDE, .planes = 1, .pitch = SIDE, .elem = 4};
    cf_stage_io io = {.in = {one, one, one}, .out = {one, one}};
    io.in[0].data = mono;
    io.in[1].data = color;
    io.in[1].planes = 3;
    io.in[2].data = match;
    io.out[0].data = hint;
    io.out[0].planes = 2;
    io.out[1].data = confidence;
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_hints, &io, &params), CF_OK);
}

/* An even scene of mono response 0.39 with R = 0.59, G = 0.34, B = 0.29, seen alike by both
 * cameras. */
static void even_scene(void) {
    for (int i = 0; i < SIDE * SIDE; i++) {
        mono[i] = 0.39F;
        color[i] = 0.59F;
        color[SIDE * SIDE + i] = 0.34F;
        color[2 * SIDE * SIDE + i] = 0.29F;
        match[i] = 1;
    }
}

START_TEST(matching_samples_keep_their_chroma) {
    even_scene();
    run();
    /* variance of a hint: (0.0020 + 0.0012) / 2 / 0.4^2 + 0.05^2 = 0.0125; 0.0225 / (0.0225 +
     * 0.0125) */
    ck_assert_float_eq_tol(hint[0], 0.5, 1e-5);
    ck_assert_float_eq_tol(hint[SIDE * SIDE], -0.25, 1e-5);
    ck_assert_float_eq_tol(confidence[0], 0.642857, 1e-5);
    ck_assert_float_eq_tol(confidence[SIDE * SIDE - 1], 0.642857, 1e-5);
}
END_TEST

START_TEST(doubt_about_the_match_counts_by_its_root) {
    even_scene();
    for (int i = 0; i < SIDE * SIDE; i++)
        match[i] = 0.25F;
    run();
    ck_assert_float_eq_tol(confidence[0], 0.321429, 1e-5); /* half of the above */
    ck_assert_float_eq_tol(hint[0], 0.5, 1e-5);
}
END_TEST

START_TEST(what_noise_cannot_explain_is_doubted) {
    even_scene();
    for (int i = 0; i < SIDE * SIDE; i++) /* one stop brighter: another surface */
        for (int k = 0; k < 3; k++)
            color[k * SIDE * SIDE + i] *= 2;
    run();
    /*
     * d = 0.39, slack = 0.04^2: one = 0.1521 / (0.0004 + 0.0001 + 0.0064) / 2 = 11.02174,
     * many = 0.1521 / (0.0001 + 0.00005 + 0.0016) / 2 = 43.45714, agreement 1 / (122.4788 *
     * 1889.523). The mean's noise is 0.00004 + 0.0001, e = 0.1521 - 0.00014 = 0.15196, so the
     * denominator is 0.39 + 0.15196 / (0.15196 + 0.000056) * 0.39 = 0.7798563, which leaves the
     * pixel nothing; the variance 0.0016 / 0.7898563^2 + 0.0025 = 0.00506463, the clean confidence
     * 0.816260.
     */
    ck_assert_float_eq_tol(confidence[40], 3.52709e-6, 2e-9);
    ck_assert_float_eq_tol(hint[40], (1.18 - 0.7798563) / 0.7898563, 1e-5);
}
END_TEST

START_TEST(a_pixel_apart_keeps_its_own_denominator) {
    even_scene();
    const int at = 5 * SIDE + 7;
    for (int k = 0; k < 3; k++)
        color[k * SIDE * SIDE + at] *= 2;
    run();
    /*
     * d = 0.39, its mean 0.0156: e = 0.00024336 - 0.00014 = 0.00010336, the mean's part 0.0156 e /
     * (e + 0.000056) = 0.0101181. The rest 0.3798819 against noise 0.0012: e = 0.1431103, the
     * pixel's part 0.3798819 e / (e + 0.00048) = 0.3786120; the denominator 0.7787301.
     */
    ck_assert_float_eq_tol(hint[at], (1.18 - 0.7787301) / 0.7887301, 1e-5);
    /* A neighbour shares the mean, and nothing else: its rest -0.0101181 is below the noise. */
    ck_assert_float_eq_tol(hint[at + 1], (0.59 - 0.4001181) / 0.4101181, 1e-5);
}
END_TEST

START_TEST(no_match_clipped_or_broken_samples_give_no_hint) {
    even_scene();
    match[5] = 0;
    color[6] = NAN;
    color[SIDE * SIDE + 7] = 1.02F; /* green at white */
    match[8] = NAN;
    run();
    for (int x = 5; x <= 8; x++) {
        ck_assert_float_eq_tol(confidence[x], 0, 1e-9);
        ck_assert_float_eq_tol(hint[x], 0, 1e-9);
        ck_assert_float_eq_tol(hint[SIDE * SIDE + x], 0, 1e-9);
    }
    ck_assert(confidence[200] > 0.64F);
}
END_TEST

START_TEST(takes_the_noise_from_the_cameras) {
    cf_camera_profile mono_camera, color_camera;
    cf_camera_profile_init(&mono_camera);
    cf_camera_profile_init(&color_camera);
    mono_camera.gain = 1;
    mono_camera.spectral[0] = 0.25F;
    mono_camera.spectral[1] = 0.5F;
    mono_camera.spectral[2] = 0.25F;
    color_camera.noise = (cf_noise){0.01F, 0.0004F};
    color_camera.neutral[0] = 0.5F;
    color_camera.neutral[1] = 1;
    color_camera.neutral[2] = 0.8F;
    const float identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    memcpy(color_camera.ccm, identity, sizeof identity);
    const cf_stage_context context = {.mono = &mono_camera, .color = &color_camera};
    cf_hints_params p = CF_HINTS_DEFAULTS;
    ck_assert_int_eq(cf_stage_hints.bind(&context, &p), CF_OK);
    ck_assert_float_eq_tol(p.red_noise[0], 0.02, 1e-7);      /* 0.01 / 0.5 */
    ck_assert_float_eq_tol(p.red_noise[1], 0.0016, 1e-8);    /* 0.0004 / 0.5^2 */
    ck_assert_float_eq_tol(p.blue_noise[1], 0.000625, 1e-8); /* 0.0004 / 0.8^2 */
    /* 0.25^2 * 0.02 + 0.5^2 * 0.01 + 0.25^2 * 0.0125 */
    ck_assert_float_eq_tol(p.luma_noise[0], 0.00453125, 1e-8);
    ck_assert_float_eq_tol(p.clip[0], 2, 1e-6);
    const cf_stage_context coarse = {
        .mono = &mono_camera, .color = &color_camera, .color_scale = 0.5F};
    ck_assert_float_eq_tol(p.kept, 0.1, 1e-7);
    ck_assert_int_eq(cf_stage_hints.bind(&coarse, &p), CF_OK);
    ck_assert_float_eq_tol(p.kept, 0.4, 1e-6); /* a quarter of the samples in the window */
    ck_assert_int_eq(cf_stage_hints.bind(&coarse, &p), CF_OK);
    ck_assert_float_eq_tol(p.kept, 0.4, 1e-6);          /* however often */
    ck_assert_float_eq_tol(p.red_noise[0], 0.08, 1e-7); /* one sample for 4 pixels */
    ck_assert_float_eq_tol(p.luma_noise[0], 0.00453125, 1e-8);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, matching_samples_keep_their_chroma);
    tcase_add_test(tc, a_pixel_apart_keeps_its_own_denominator);
    tcase_add_test(tc, doubt_about_the_match_counts_by_its_root);
    tcase_add_test(tc, what_noise_cannot_explain_is_doubted);
    tcase_add_test(tc, no_match_clipped_or_broken_samples_give_no_hint);
    tcase_add_test(tc, takes_the_noise_from_the_cameras);
}

int main(void) {
    return test_run("hints", add);
}
