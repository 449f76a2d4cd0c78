/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `provenance` against values worked out by hand. Does not prove that the kernel agrees:
 * conformance/provenance does. */
#include "fusion/provenance.h"

#include <math.h>

#include "tests/test_main.h"

#define WIDTH 16
#define HEIGHT 8

static float confidence[WIDTH * HEIGHT], match[WIDTH * HEIGHT], mono[WIDTH * HEIGHT];
static float error[WIDTH * HEIGHT], shares[3 * WIDTH * HEIGHT];

static void run(int side) {
    const cf_provenance_params params = {
        .side = side, .texture = 10, .half = 0.25F, .invented_error = 20};
    const cf_plane_set one = {
        .width = WIDTH, .height = HEIGHT, .planes = 1, .pitch = WIDTH, .elem = 4};
    cf_stage_io io = {.in = {one, one, one, one}, .out[0] = one};
    io.in[0].data = confidence;
    io.in[1].data = match;
    io.in[2].data = mono;
    io.in[3].data = error;
    io.out[0].data = shares;
    io.out[0].planes = 3;
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_provenance, &io, &params), CF_OK);
}

static void fill(float c, float t, float m, float e) {
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        confidence[i] = c;
        match[i] = t;
        mono[i] = m;
        error[i] = e;
    }
}

static void expect(int x, int y, double invented, double measured, double guided) {
    const double expected[3] = {invented, measured, guided};
    for (int i = 0; i < 3; i++)
        ck_assert_float_eq_tol(shares[(i * HEIGHT + y) * WIDTH + x], expected[i], 1.001 / 255);
}

START_TEST(even_pictures_by_hand) {
    fill(1, 1, 0.5F, 2);
    run(1);
    expect(0, 0, 0, 1, 0);
    expect(9, 4, 0, 1, 0);
    fill(0.5F, 0.25F, 0.5F, 10); /* evidence 0.25: 0.25 / 0.5 * 1.25 = 0.625 measured */
    run(1);
    expect(0, 0, 0.09375, 0.625, 0.28125);
    expect(15, 7, 0.09375, 0.625, 0.28125);
    fill(0, 1, 0.5F, 40);
    run(1);
    expect(3, 3, 1, 0, 0);
    fill(NAN, NAN, NAN, NAN);
    run(1);
    expect(3, 3, 1, 0, 0);
}
END_TEST

START_TEST(neighbours_on_the_background_side_tell) {
    fill(1, 1, 0.5F, 0);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < 8; x++)
            match[y * WIDTH + x] = 0;
    run(1); /* the window of x = 8 is 4..8: one column of five, 0.2 / 0.45 * 1.25 */
    expect(8, 4, 0, 0.5555556, 0.4444444);
    expect(12, 4, 0, 1, 0);
    run(-1);
    expect(8, 4, 0, 1, 0);
    expect(4, 4, 0, 0.5555556, 0.4444444);
    run(0);
    expect(8, 4, 0, 0.6 / 0.85 * 1.25, 1 - 0.6 / 0.85 * 1.25);
}
END_TEST

START_TEST(texture_makes_doubtful) {
    fill(1, 1, 0.5F, 0);
    for (int i = 0; i < WIDTH * HEIGHT; i += 2)
        mono[i] = 0.7F; /* columns 0.7, 0.5, ...: of 5 columns 3 are 0.7 where x is even */
    run(0);
    /* deviation 0.2 sqrt(0.6 * 0.4) = 0.09798; evidence 1 / 1.9798 = 0.505102 */
    expect(6, 4, 0, 0.505102 / 0.755102 * 1.25, 1 - 0.505102 / 0.755102 * 1.25);
}
END_TEST

/* Rounded alone, shares halfway between two steps would sum to 256. */
START_TEST(steps_sum_to_255) {
    for (int try = 0; try < 512; try++) {
        for (int i = 0; i < WIDTH * HEIGHT; i++) {
            confidence[i] = (float)(try * WIDTH * HEIGHT + i) / 65535;
            match[i] = 1;
            mono[i] = 0.5F;
            error[i] = (float)(i % 21);
        }
        run(1);
        for (int i = 0; i < WIDTH * HEIGHT; i++) {
            int sum = 0;
            for (int plane = 0; plane < 3; plane++) /* rounded as stage pack does */
                sum += (int)(shares[plane * WIDTH * HEIGHT + i] * 255 + 0.5F);
            ck_assert_int_eq(sum, 255);
        }
    }
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, steps_sum_to_255);
    tcase_add_test(tc, even_pictures_by_hand);
    tcase_add_test(tc, neighbours_on_the_background_side_tell);
    tcase_add_test(tc, texture_makes_doubtful);
}

int main(void) {
    return test_run("provenance", add);
}
