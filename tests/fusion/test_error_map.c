/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `error_map` against values by hand and by numpy, and bad values through reference and
 * kernel. Does not prove that the kernel agrees on good ones (conformance/error_map), nor that its
 * ranks are better (docs/benchmarks.md). */
#include "fusion/error_map.h"

#include <math.h>

#include "tests/fusion/run_stage.h"

enum { WIDTH = 7, HEIGHT = 6, AREA = WIDTH * HEIGHT, PITCH = 16 };

static float error[AREA], mono[AREA], map[AREA];

static cf_cl *cl; /* NULL: the reference */
static float padded[3][HEIGHT * PITCH];

static void run(void) {
    const cf_plane_set one = {
        .width = WIDTH, .height = HEIGHT, .planes = 1, .pitch = PITCH, .elem = 4};
    cf_stage_io io = {.in = {one, one}, .out = {one}};
    io.in[0].data = padded[0];
    io.in[1].data = padded[1];
    io.out[0].data = padded[2];
    for (int i = 0; i < AREA; i++) {
        padded[0][i / WIDTH * PITCH + i % WIDTH] = error[i];
        padded[1][i / WIDTH * PITCH + i % WIDTH] = mono[i];
    }
    run_stage(&cf_stage_error_map, cl, &io, 2, NULL);
    for (int i = 0; i < AREA; i++)
        map[i] = padded[2][i / WIDTH * PITCH + i % WIDTH];
}

static void fill(float e, float m) {
    for (int i = 0; i < AREA; i++) {
        error[i] = e;
        mono[i] = m;
    }
}

/* Even surfaces; stripes of one pixel, half of the weights away from a pixel's own. */
START_TEST(goes_with_detail) {
    fill(8, 0.25F);
    run();
    for (int i = 0; i < AREA; i++)
        ck_assert_float_eq_tol(map[i], 8 * powf(1 / 901.0F, 1 / 16.0F), 1e-5);
    for (int s = 1; s <= 10; s += 9) {
        double step = 0.015 * sqrt(2) * s; /* a mean square of 0.015^2 */
        for (int i = 0; i < AREA; i++)
            mono[i] = (float)pow(0.5 + (i % WIDTH % 2 ? step / 2 : -step / 2), 2);
        run();
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 2; x < WIDTH - 2; x++)
                ck_assert_float_eq_tol(map[y * WIDTH + x], 8 * pow(s, 1 / 8.0), 0.002);
    }
}
END_TEST

/* An error on one side of an edge in mono stays there, but for a thousandth. */
START_TEST(stays_on_its_side_of_an_edge) {
    for (int i = 0; i < AREA; i++) {
        mono[i] = i % WIDTH < 3 ? 0.04F : 0.81F;
        error[i] = i % WIDTH < 3 ? 0 : 10;
    }
    run();
    for (int y = 0; y < HEIGHT; y++) {
        ck_assert_float_lt(map[y * WIDTH + 2], 0.02);
        ck_assert_float_gt(map[y * WIDTH + 3], 10);
    }
}
END_TEST

/* numpy: sums of shifted copies (numpy.pad, mode "edge") of sqrt(mono) and of the error. */
static const float expected[AREA] = {
    0.06078F,  15.80489F, 10.40582F, 7.19925F,  12.77196F, 13.12096F, 8.79320F,
    3.37314F,  17.58900F, 12.99991F, 7.65519F,  8.47611F,  13.77287F, 11.18844F,
    6.01231F,  1.19890F,  15.61591F, 10.19405F, 6.82113F,  11.77938F, 13.57582F,
    8.47106F,  4.18230F,  17.64828F, 13.21520F, 8.06890F,  8.77924F,  14.31112F,
    10.88389F, 6.88068F,  3.89079F,  15.45503F, 10.68790F, 7.24842F,  11.11171F,
    12.79982F, 9.42047F,  4.41714F,  19.82288F, 12.73384F, 7.78003F,  5.60566F};

START_TEST(same_as_numpy) {
    for (int i = 0; i < AREA; i++) {
        error[i] = (float)(i * 7919 % 64) / 4;
        mono[i] = (float)(i * 104729 % 61 + 1) / 128;
    }
    run();
    for (int i = 0; i < AREA; i++)
        ck_assert_float_eq_tol(map[i], expected[i], 2e-5);
}
END_TEST

START_TEST(nothing_bad_spreads) {
    float by_reference[AREA];
    for (int pass = 0; pass < 2; pass++) {
        fill(4, 0.5F);
        error[3] = NAN, error[9] = INFINITY, error[17] = -5;
        mono[22] = NAN, mono[23] = -1, mono[30] = INFINITY;
        if (pass && cf_cl_open(NULL, &cl) != CF_OK)
            return; /* conformance says so */
        run();
        for (int i = 0; i < AREA; i++) {
            ck_assert(map[i] >= 0 && map[i] < 40);
            if (!pass)
                by_reference[i] = map[i];
            ck_assert_float_eq_tol(map[i], by_reference[i], 1e-5);
        }
    }
    cf_cl_close(&cl);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, goes_with_detail);
    tcase_add_test(tc, stays_on_its_side_of_an_edge);
    tcase_add_test(tc, same_as_numpy);
    tcase_add_test(tc, nothing_bad_spreads);
}

int main(void) {
    return test_run("error_map", add);
}
