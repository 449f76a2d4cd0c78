/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `lab_output` against scikit-image's Lab, bilinear interpolation and hand computation. Does
 * not prove that the kernel agrees: conformance/lab_output does. */
#include "fusion/lab_output.h"

#include <math.h>
#include <string.h>

#include "tests/test_main.h"

#define PITCH 16

static float mono[PITCH], transferred[2 * PITCH], doubt[PITCH], lab[4 * PITCH], ab[2 * PITCH],
    chroma[2 * PITCH], error[PITCH];

/* A picture of one row before a grid of one row. */
static void run(int width, int cells, const cf_lab_output_params *params) {
    const cf_plane_set row = {.width = width, .height = 1, .planes = 1, .pitch = PITCH, .elem = 4};
    cf_stage_io io = {.in = {row, row, row, row, row}, .out = {row, row}};
    float *data[] = {mono, transferred, doubt, lab, ab};
    static const int planes[] = {1, 2, 1, 4, 2};
    for (int i = 0; i < 5; i++) {
        io.in[i].data = data[i];
        io.in[i].planes = planes[i];
    }
    io.in[3].width = io.in[4].width = cells;
    io.out[0].data = chroma;
    io.out[0].planes = 2;
    io.out[1].data = error;
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_lab_output, &io, params), CF_OK);
}

/* A picture of one brightness, no hints near. */
static void flat(float m) {
    memset(transferred, 0, sizeof transferred);
    for (int i = 0; i < PITCH; i++) {
        mono[i] = m;
        doubt[i] = 40;
        lab[i] = cf_lab_lightness(m);
    }
}

/* a of a pixel of the result. */
static float a_of(int x) {
    float found[2];
    cf_lab_of_chroma(mono[x], chroma[x], chroma[PITCH + x], CF_CHROMA_EPS, found);
    return found[0];
}

/* The same colours as in test_lab_input.c, the other way round, each on a cell of its own. */
START_TEST(knows_the_lab_of_scikit_image) {
    static const float colours[][6] = {
        {0.156643F, 2.620333F, -0.843012F, 46.5360F, 54.2768F, 43.2067F},
        {0.117585F, -0.860319F, 3.783332F, 40.8263F, 22.9125F, -62.3854F},
        {0.277575F, -0.622687F, -0.768282F, 59.6682F, -39.5990F, 39.6073F},
        {0.005960F, -0.229271F, -0.354601F, 5.3836F, -4.9520F, 4.6874F},
        {0.215861F, 0, 0, 53.5850F, -0.0015F, 0.0028F},
        {0.833824F, 0.145794F, -0.873193F, 93.1829F, -13.9118F, 70.9766F},
    };
    flat(0);
    for (int i = 0; i < 6; i++) {
        mono[i] = colours[i][0];
        lab[i] = colours[i][3];
        ab[i] = colours[i][4];
        ab[PITCH + i] = colours[i][5];
    }
    run(6, 6, NULL);
    for (int i = 0; i < 6; i++) {
        ck_assert_float_eq_tol(chroma[i], colours[i][1], 0.002);
        ck_assert_float_eq_tol(chroma[PITCH + i], colours[i][2], 0.002);
        ck_assert_float_eq(error[i], 36);
    }
}
END_TEST

START_TEST(interpolates_on_even_ground) {
    flat(0.2F);
    memset(ab, 0, sizeof ab);
    ab[1] = 40;
    run(4, 2, NULL); /* cv2.resize([0, 40], (4, 1), interpolation=cv2.INTER_LINEAR) */
    ck_assert_float_eq_tol(a_of(0), 0, 0.02);
    ck_assert_float_eq_tol(a_of(1), 10, 0.02);
    ck_assert_float_eq_tol(a_of(2), 30, 0.02);
    ck_assert_float_eq_tol(a_of(3), 40, 0.02);
}
END_TEST

START_TEST(stops_at_edges) {
    flat(0.2F);
    memset(ab, 0, sizeof ab);
    ab[1] = 40;
    mono[2] = mono[3] = 0.4F;
    lab[1] = cf_lab_lightness(0.4F);
    run(4, 2, NULL);
    ck_assert_float_eq_tol(a_of(1), 0, 0.5); /* 10 and 30 without the edge */
    ck_assert_float_eq_tol(a_of(2), 40, 0.5);
}
END_TEST

START_TEST(hints_count_near_them) {
    cf_lab_output_params p = CF_LAB_OUTPUT_DEFAULTS;
    p.reach = 20;
    flat(0.2F);
    memset(ab, 0, sizeof ab);
    for (int i = 0; i < 5; i++)
        transferred[i] = 0.5F;
    doubt[0] = 0;
    doubt[1] = 10; /* share (1 - 1/4)^2 = 0.5625 */
    doubt[2] = 20;
    doubt[3] = NAN;
    doubt[4] = 5, transferred[4] = NAN;
    run(5, 5, &p);
    ck_assert_float_eq_tol(chroma[0], 0.5, 1e-4);
    ck_assert_float_eq_tol(chroma[1], 0.28125, 1e-4);
    ck_assert_float_eq_tol(chroma[2], 0, 1e-4);
    ck_assert_float_eq_tol(chroma[3], 0, 1e-4);
    ck_assert_float_eq_tol(chroma[4], 0, 1e-4);
    ck_assert_float_eq_tol(error[0], 0, 1e-4);
    ck_assert_float_eq_tol(error[1], 36 - 0.5625 * 26, 1e-3);
    ck_assert_float_eq_tol(error[3], 36, 1e-4);
    p.follow = 0; /* the network has seen the hints */
    run(5, 5, &p);
    ck_assert_float_eq_tol(chroma[0], 0, 1e-4);
    ck_assert_float_eq_tol(error[0], 0, 1e-4);
}
END_TEST

START_TEST(bad_numbers_are_grey) {
    flat(0.2F);
    mono[0] = NAN;
    mono[1] = 7;
    for (int i = 0; i < 4; i++)
        ab[i] = ab[PITCH + i] = i == 2 ? NAN : i == 3 ? INFINITY : 30;
    lab[3] = NAN;
    run(4, 4, NULL);
    for (int i = 0; i < 4; i++)
        ck_assert(isfinite(chroma[i]) && isfinite(chroma[PITCH + i]));
    ck_assert_float_eq_tol(chroma[2], 0, 1e-3);
    ck_assert_float_eq_tol(chroma[3], 0, 1e-3);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, knows_the_lab_of_scikit_image);
    tcase_add_test(tc, interpolates_on_even_ground);
    tcase_add_test(tc, stops_at_edges);
    tcase_add_test(tc, hints_count_near_them);
    tcase_add_test(tc, bad_numbers_are_grey);
}

int main(void) {
    return test_run("lab_output", add);
}
