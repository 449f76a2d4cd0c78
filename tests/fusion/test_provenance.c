/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `provenance` against values worked out by hand. Does not prove that the kernel agrees:
 * conformance/provenance does. */
#include "fusion/provenance.h"

#include <math.h>

#include "tests/test_main.h"

#define WIDTH 16
#define HEIGHT 8

static float confidence[WIDTH * HEIGHT], match[WIDTH * HEIGHT];
static float error[WIDTH * HEIGHT], shares[3 * WIDTH * HEIGHT];

static void run(void) {
    const cf_provenance_params params = {.half = 0.25F, .invented_error = 20};
    const cf_plane_set one = {
        .width = WIDTH, .height = HEIGHT, .planes = 1, .pitch = WIDTH, .elem = 4};
    cf_stage_io io = {.in = {one, one, one}, .out[0] = one};
    io.in[0].data = confidence;
    io.in[1].data = match;
    io.in[2].data = error;
    io.out[0].data = shares;
    io.out[0].planes = 3;
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_provenance, &io, &params), CF_OK);
}

static void fill(float c, float t, float e) {
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        confidence[i] = c;
        match[i] = t;
        error[i] = e;
    }
}

static void expect(int x, int y, double invented, double measured, double guided) {
    const double expected[3] = {invented, measured, guided};
    for (int i = 0; i < 3; i++)
        ck_assert_float_eq_tol(shares[(i * HEIGHT + y) * WIDTH + x], expected[i], 1.001 / 255);
}

START_TEST(even_pictures_by_hand) {
    fill(1, 1, 2);
    run();
    expect(0, 0, 0, 1, 0);
    expect(9, 4, 0, 1, 0);
    fill(0.25F, 1, 10); /* 1.25 * 0.25 / 0.5 = 0.625 measured; 0.375 / 4 invented */
    run();
    expect(0, 0, 0.09375, 0.625, 0.28125);
    expect(15, 7, 0.09375, 0.625, 0.28125);
    fill(1, 0.5F, 10); /* a clean sample of doubtful origin: half measured */
    run();
    expect(3, 3, 0.125, 0.5, 0.375);
    fill(0, 1, 40);
    run();
    expect(3, 3, 1, 0, 0);
    fill(NAN, NAN, NAN);
    run();
    expect(3, 3, 1, 0, 0);
}
END_TEST

/* Rounded alone, shares halfway between two steps would sum to 256. */
START_TEST(steps_sum_to_255) {
    for (int try = 0; try < 512; try++) {
        for (int i = 0; i < WIDTH * HEIGHT; i++) {
            confidence[i] = (float)(try * WIDTH * HEIGHT + i) / 65535;
            match[i] = 1;
            error[i] = (float)(i % 21);
        }
        run();
        for (int i = 0; i < WIDTH * HEIGHT; i++) {
            int sum = 0;
            for (int plane = 0; plane < 3; plane++) /* rounded as stage pack does */
                sum += (int)(shares[plane * WIDTH * HEIGHT + i] * 255 + 0.5F);
            ck_assert_int_eq(sum, 255);
        }
    }
}
END_TEST

/* What a network that knows nothing of a picture errs by is less than what grey errs by. */
START_TEST(a_network_invents_from_smaller_errors_on) {
    static const char some_model;
    cf_provenance_params params = CF_PROVENANCE_DEFAULTS;
    cf_stage_context context = {.network = NULL};
    ck_assert_int_eq(cf_stage_provenance.bind(&context, &params), CF_OK);
    ck_assert_float_eq(params.invented_error, 36);
    context.network = (const void *)&some_model; /* not looked at */
    ck_assert_int_eq(cf_stage_provenance.bind(&context, &params), CF_OK);
    ck_assert_float_eq(params.invented_error, 17);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, steps_sum_to_255);
    tcase_add_test(tc, a_network_invents_from_smaller_errors_on);
    tcase_add_test(tc, even_pictures_by_hand);
}

int main(void) {
    return test_run("provenance", add);
}
