/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage `recall` on values worked out by hand from the Kalman filter's equations, and over made-up
 * sequences: what wins, what lasts, what is forgotten. Does not prove that the kernel agrees:
 * conformance/recall does; nor that real sequences get calmer: tests/fusion/test_fuse.c does.
 */
#include "fusion/recall.h"

#include <math.h>

#include "tests/test_main.h"

#define W 16
#define H 4
#define NODES 3 /* columns; one row more than pixels need does no harm */

static float chroma[2 * H * W], error[H * W], last_chroma[2 * H * W], last_error[H * W];
static float guide[H * W], last_guide[H * W], sigma[H * W], motion[4 * 2 * W];
static float out[2 * H * W], out_error[H * W];

static cf_plane_set set_of(float *data, int planes) {
    return (cf_plane_set){
        .data = data, .width = W, .height = H, .planes = planes, .pitch = W, .elem = 4};
}

static void fill(float *data, int count, float value) {
    for (int i = 0; i < count; i++)
        data[i] = value;
}

/* Everything even: this frame's chroma 0.2 +- now, the last one's 0.1 +- last (Lab ab units). */
static void start(float now, float last) {
    fill(chroma, 2 * H * W, 0.2F);
    fill(error, H * W, now);
    fill(last_chroma, 2 * H * W, 0.1F);
    fill(last_error, H * W, last);
    fill(guide, H * W, 0.5F);
    fill(last_guide, H * W, 0.5F);
    fill(sigma, H * W, 0);
    fill(motion, 4 * 2 * W, 0);
    fill(motion + 3 * 2 * W, 2 * W, 1);
}

static void run(const cf_recall_params *params) {
    const cf_stage_io io = {
        .in = {set_of(chroma, 2),
               set_of(error, 1),
               set_of(last_chroma, 2),
               set_of(last_error, 1),
               set_of(guide, 1),
               set_of(last_guide, 1),
               set_of(sigma, 1),
               {.data = motion, .width = NODES, .height = 2, .planes = 4, .pitch = W, .elem = 4}},
        .out = {set_of(out, 2), set_of(out_error, 1)},
    };
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_recall, &io, params), CF_OK);
}

/* Output becomes the past. */
static void go_on(void) {
    for (int i = 0; i < 2 * H * W; i++)
        last_chroma[i] = out[i];
    for (int i = 0; i < H * W; i++)
        last_error[i] = out_error[i];
}

/* Without drift and lasting parts two equal measurements are averaged, as a Kalman filter does. */
START_TEST(averages_by_the_errors) {
    cf_recall_params p = CF_RECALL_DEFAULTS;
    p.drift = p.lasting = 0;
    start(10, 10);
    run(&p);
    ck_assert_float_eq_tol(out[5], 0.15, 1e-5);
    ck_assert_float_eq_tol(out_error[5], 10 / sqrtf(2), 1e-3);
    start(20, 10); /* gain 100 / 500 */
    run(&p);
    ck_assert_float_eq_tol(out[5], 0.12, 1e-5);
    ck_assert_float_eq_tol(out_error[5], sqrtf(80), 1e-3);
    p.lasting = 0.5F; /* 400 = 200 that lasts + 200; prior 300: gain (300 - 200) / (100 + 200) */
    start(20, sqrtf(300));
    run(&p);
    ck_assert_float_eq_tol(out[5], 0.1F + 0.1F / 3, 1e-5);
    ck_assert_float_eq_tol(out_error[5], sqrtf(300 - 100 / 3.0F), 1e-3);
}
END_TEST

START_TEST(a_good_measurement_wins_at_once) {
    start(2, 30);
    run(NULL);
    ck_assert_float_eq_tol(out[5], 0.2, 0.001);
    ck_assert_float_lt(out_error[5], 2.1F);
}
END_TEST

/* Both are sure of themselves and 42 ab units apart: the new one it is, nearly. */
START_TEST(a_wrong_memory_is_not_believed) {
    start(3, 3);
    fill(chroma, 2 * H * W, 0.5F);
    run(NULL);
    ck_assert_float_gt(out[5], 0.5F - 0.4F * 0.06F);
}
END_TEST

START_TEST(what_was_measured_outlives_the_light) {
    start(40, 3);
    for (int frame = 0; frame < 30; frame++) {
        run(NULL);
        go_on();
    }
    ck_assert_float_eq_tol(out[5], 0.1, 0.01);
    ck_assert_float_gt(out_error[5], 8); /* 3^2 + 30 * 1.5^2 = 8.7^2 */
    ck_assert_float_lt(out_error[5], 9);
    for (int frame = 0; frame < 3000; frame++) {
        run(NULL);
        go_on();
    }
    ck_assert_float_eq_tol(out[5], 0.2, 0.002);
}
END_TEST

/* A guess that changes from frame to frame by +-0.1 is left with a fraction of that. */
START_TEST(guesses_flicker_no_more) {
    float least = 1, most = 0;
    start(30, 30);
    for (int frame = 0; frame < 60; frame++) {
        fill(chroma, 2 * H * W, frame % 2 ? 0.1F : 0.3F);
        run(NULL);
        go_on();
        if (frame < 20)
            continue;
        least = fminf(least, out[5]);
        most = fmaxf(most, out[5]);
    }
    ck_assert_float_lt(most - least, 0.02F);
    ck_assert_float_eq_tol(out[5], 0.2, 0.02);
    ck_assert_float_gt(out_error[5], 20); /* and it is not called better than half of it */
}
END_TEST

START_TEST(follows_the_motion) {
    start(40, 3);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            last_chroma[y * W + x] = (float)x * 0.01F;
            chroma[y * W + x] = (float)(x + 3) * 0.01F;
        }
    fill(motion, 2 * W, 3); /* it was 3 pixels to the right */
    run(NULL);
    for (int x = 0; x < W - 4; x++)
        ck_assert_float_eq_tol(out[W + x], (float)(x + 3) * 0.01F, 1e-6);
    ck_assert_float_eq(out_error[W + W - 1], 40); /* came from outside */
    fill(motion, 2 * W, 2.5F);                    /* Catmull-Rom is exact on a ramp */
    run(NULL);
    ck_assert_float_eq_tol(out[W + 4], 0.065, 2e-4);
}
END_TEST

START_TEST(doubt_ends_the_memory) {
    start(10, 3);
    fill(last_guide, H * W, 0.8F); /* something else was there */
    run(NULL);
    ck_assert_float_eq_tol(out[5], 0.2, 0.002);
    ck_assert_float_eq_tol(out_error[5], 10, 0.1);
    start(10, 3); /* the light changed by as much, and the motion says so */
    fill(last_guide, H * W, 0.8F);
    fill(motion + 2 * 2 * W, 2 * W, -0.3F);
    run(NULL);
    ck_assert_float_lt(out_error[5], 5);
    start(10, 3);
    fill(motion + 3 * 2 * W, 2 * W, 0); /* the matcher knows nothing: bit by bit this frame's */
    run(NULL);
    for (int i = 0; i < 2 * H * W; i++)
        ck_assert_float_eq(out[i], 0.2F);
    ck_assert_float_eq(out_error[5], 10);
}
END_TEST

START_TEST(nothing_bad_lasts) {
    start(10, 3);
    last_chroma[W + 5] = NAN;
    last_error[2 * W + 9] = INFINITY;
    last_guide[3 * W + 2] = NAN;
    motion[1] = NAN;
    run(NULL);
    for (int i = 0; i < 2 * H * W; i++)
        ck_assert(isfinite(out[i]));
    for (int i = 0; i < H * W; i++)
        ck_assert(isfinite(out_error[i]));
}
END_TEST

START_TEST(is_left_out_of_single_pictures) {
    cf_stage_context context = {.is_sequence = 0};
    ck_assert_int_eq(cf_stage_recall.identity(&context), 1);
    context.is_sequence = 1;
    ck_assert_int_eq(cf_stage_recall.identity(&context), 0);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, averages_by_the_errors);
    tcase_add_test(tc, a_good_measurement_wins_at_once);
    tcase_add_test(tc, a_wrong_memory_is_not_believed);
    tcase_add_test(tc, what_was_measured_outlives_the_light);
    tcase_add_test(tc, guesses_flicker_no_more);
    tcase_add_test(tc, follows_the_motion);
    tcase_add_test(tc, doubt_ends_the_memory);
    tcase_add_test(tc, nothing_bad_lasts);
    tcase_add_test(tc, is_left_out_of_single_pictures);
}

int main(void) {
    return test_run("recall", add);
}
