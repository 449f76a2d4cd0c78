/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `transfer` against hand computation and OpenCV's guided filter. Does not prove that the
 * kernel agrees: conformance/transfer does. */
#include "fusion/transfer.h"

#include <math.h>

#include "tests/test_main.h"

#define WIDTH 96
#define HEIGHT 64
#define AREA (WIDTH * HEIGHT)

static float mono[AREA], hint[2 * AREA], confidence[AREA], sigma[AREA];
static float truth[2 * AREA], chroma[2 * AREA], error[AREA];

static cf_transfer_params params = CF_TRANSFER_DEFAULTS;

static void run(int width, int height) {
    const cf_plane_set one = {
        .width = width, .height = height, .planes = 1, .pitch = WIDTH, .elem = 4};
    float *planes[6] = {mono, hint, confidence, sigma, chroma, error};
    cf_stage_io io;
    for (int i = 0; i < CF_STAGE_PORTS; i++)
        io.in[i] = io.out[i] = (cf_plane_set){0};
    for (int i = 0; i < 6; i++) {
        cf_plane_set *set = i < 4 ? &io.in[i] : &io.out[i - 4];
        *set = one;
        set->data = planes[i];
        set->planes = i == 1 || i == 4 ? 2 : 1;
    }
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_transfer, &io, &params), CF_OK);
}

/* Two surfaces, differing in mono and in chroma, with a slanted border; hints with uniform noise of
 * deviation 1/sqrt(3). */
static void two_surfaces(float trust) {
    unsigned state = 1;
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < AREA; i++) {
            int right = i % WIDTH * 2 + i / WIDTH > WIDTH + 32;
            state = state * 1664525U + 1013904223U;
            truth[k * AREA + i] = k ? (right ? 0.5F : -0.2F) : (right ? -0.3F : 0.4F);
            hint[k * AREA + i] = truth[k * AREA + i] + 2 * ((float)(state >> 8) / 16777216 - 0.5F);
            mono[i] = sqrtf(right ? 0.5F : 0.2F);
            confidence[i] = trust;
            sigma[i] = 0.005F;
        }
}

static double rms_error(int from, int to) {
    double sum = 0;
    int count = 0;
    for (int i = 0; i < AREA; i++)
        for (int k = 0; k < 2 && i % WIDTH >= from && i % WIDTH < to; k++, count++)
            sum += pow((double)chroma[k * AREA + i] - (double)truth[k * AREA + i], 2);
    return sqrt(sum / count);
}

START_TEST(a_single_pixel_by_hand) {
    mono[0] = 0.6F; /* level 9 of the grid exactly */
    hint[0] = 0.4F;
    hint[AREA] = hint[WIDTH] = -0.2F;
    confidence[0] = 0.5F;
    sigma[0] = 0.01F;
    run(1, 1);
    /*
     * Weight 1 / 0.0225 = 44.4444 at the pixel; 39.2157, 35.0877, 31.7460 in the cells (w / (1 +
     * 0.003 w)). Tint: 31.7460 / 32.7460 of the hint; then four corrections of priors whose
     * variance is 0.2 first and then grows by 0.0002 * 50^(2/6), 50^(1/6), 1. Error: 75
     * sqrt(0.00665086).
     */
    ck_assert_float_eq_tol(chroma[0], 0.39962313, 1e-5);
    ck_assert_float_eq_tol(chroma[WIDTH], -0.19981156, 1e-5);
    ck_assert_float_eq_tol(error[0], 6.116461, 1e-3);
}
END_TEST

/*
 * cv2.ximgproc.guidedFilter(mono, hint, 4, e) of OpenCV 4 on the same data leaves an error of
 * 0.0474 at its best e (of 1e-4, 1e-3, 1e-2). On surfaces this even a wider window is better still
 * (0.0275 for radius 8): real ones vary.
 */
START_TEST(averages_noise_better_than_a_9x9_guided_filter) {
    two_surfaces(CF_HINT_VARIANCE / (CF_HINT_VARIANCE + 1.0F / 3));
    run(WIDTH, HEIGHT);
    ck_assert_double_lt(rms_error(0, WIDTH), 0.0474);
}
END_TEST

START_TEST(fills_from_the_same_surface) {
    two_surfaces(0.5F);
    for (int i = 0; i < AREA; i++) { /* a gap of 40 columns over the border */
        hint[i] = truth[i];
        hint[AREA + i] = truth[AREA + i];
        if (i % WIDTH >= 30 && i % WIDTH < 70)
            confidence[i] = 0;
    }
    run(WIDTH, HEIGHT);
    ck_assert_double_lt(rms_error(30, 70), 0.03);
    ck_assert_double_lt(rms_error(0, 30), 0.01);
    ck_assert_float_gt(error[50], 1.5F * error[5]);
}
END_TEST

/* 7 x 7 pixels of the left surface are all that is known. */
START_TEST(a_point_says_as_much_of_the_rest_as_it_may) {
    const int at = 20 * WIDTH + 20, far = 50 * WIDTH + WIDTH - 10;
    for (int pass = 0; pass < 2; pass++) {
        two_surfaces(0);
        for (int i = 0; i < AREA; i++) {
            hint[i] = 0.4F;
            if (abs(i % WIDTH - 20) <= 3 && abs(i / WIDTH - 20) <= 3)
                confidence[i] = 0.9F;
        }
        run(WIDTH, HEIGHT);
        ck_assert_double_gt((double)chroma[at], 0.36);
        if (pass == 0)
            ck_assert_double_gt((double)chroma[far], 0.36);
        params.scene = 0.06F;
        params.hearsay = 0.4F;
    }
    /* Both nearest levels count as 1 / 0.4 at most, grey as 1 / 0.06: at most 0.23 of the hint. */
    ck_assert_double_gt((double)chroma[far], 0.02);
    ck_assert_double_lt((double)chroma[far], 0.23 * 0.4);
    params = (cf_transfer_params)CF_TRANSFER_DEFAULTS;
}
END_TEST

/* 4 x 4 pixels as bright as what is around them, of another colour; their hints are 5 deviations of
 * the noise off, over the cell of 2 x 2. */
START_TEST(a_small_spot_of_another_colour_stays) {
    float spot[2], beside[2];
    for (int pass = 0; pass < 2; pass++) {
        params.surprise = pass ? 1e6F : 2;
        two_surfaces(CF_HINT_VARIANCE / (CF_HINT_VARIANCE + 0.16F));
        for (int i = 0; i < 2 * AREA; i++) {
            int x = i % WIDTH, y = i % AREA / WIDTH;
            hint[i] = truth[i] + (x / 4 == 5 && y / 4 == 5 ? 1.0F : 0);
        }
        run(WIDTH, HEIGHT);
        spot[pass] = chroma[21 * WIDTH + 21] - truth[0];
        beside[pass] = chroma[21 * WIDTH + 31] - truth[0];
    }
    params = (cf_transfer_params)CF_TRANSFER_DEFAULTS;
    ck_assert_float_gt(spot[0], 0.9F); /* of 1 */
    ck_assert_float_lt(spot[1], 0.5F);
    ck_assert_float_eq_tol(beside[0], beside[1], 1e-6);
}
END_TEST

/* One cell in eight differs by more than that by chance alone. */
START_TEST(noise_is_seldom_taken_for_a_spot) {
    double found[2];
    for (int pass = 0; pass < 2; pass++) {
        params.surprise = pass ? 1e6F : 2;
        two_surfaces(CF_HINT_VARIANCE / (CF_HINT_VARIANCE + 1.0F / 3));
        run(WIDTH, HEIGHT);
        found[pass] = rms_error(0, WIDTH);
    }
    params = (cf_transfer_params)CF_TRANSFER_DEFAULTS;
    ck_assert_double_lt(found[0], 1.2 * found[1]);
}
END_TEST

START_TEST(no_hints_give_grey_and_say_so) {
    two_surfaces(0);
    run(WIDTH, HEIGHT);
    for (int i = 0; i < AREA; i++) {
        ck_assert_float_eq_tol(chroma[i], 0, 1e-6);
        ck_assert_float_eq_tol(chroma[AREA + i], 0, 1e-6);
        ck_assert_float_gt(error[i], 30);
    }
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, a_single_pixel_by_hand);
    tcase_add_test(tc, averages_noise_better_than_a_9x9_guided_filter);
    tcase_add_test(tc, fills_from_the_same_surface);
    tcase_add_test(tc, a_point_says_as_much_of_the_rest_as_it_may);
    tcase_add_test(tc, a_small_spot_of_another_colour_stays);
    tcase_add_test(tc, noise_is_seldom_taken_for_a_spot);
    tcase_add_test(tc, no_hints_give_grey_and_say_so);
}

int main(void) {
    return test_run("transfer", add);
}
