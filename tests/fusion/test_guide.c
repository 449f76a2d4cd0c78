/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `guide` against values worked out by hand. Does not prove that the kernel agrees:
 * conformance/guide does. */
#include "fusion/guide.h"

#include <math.h>

#include "tests/test_main.h"

START_TEST(takes_roots_and_propagates_noise) {
    float in[16] = {0.25F, 0, -0.1F, 1, NAN, INFINITY}, mono[16], sigma[16];
    const cf_guide_params params = {.scale = 0.004F, .offset = 0.0006F, .residual = 0.25F};
    cf_stage_io io = {
        .in[0] = {.data = in, .width = 6, .height = 1, .planes = 1, .pitch = 16, .elem = 4},
        .out = {{.data = mono, .width = 6, .height = 1, .planes = 1, .pitch = 16, .elem = 4},
                {.data = sigma, .width = 6, .height = 1, .planes = 1, .pitch = 16, .elem = 4}},
    };
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_guide, &io, &params), CF_OK);
    ck_assert_float_eq_tol(mono[0], 0.5, 1e-6);
    ck_assert_float_eq_tol(mono[1], 0, 1e-9);
    ck_assert_float_eq_tol(mono[2], 0, 1e-9);
    ck_assert_float_eq_tol(mono[3], 1, 1e-6);
    ck_assert_float_eq_tol(mono[4], 0, 1e-9);
    ck_assert_float_eq_tol(mono[5], 4, 1e-6);
    /* variance 0.25 * (0.001 + 0.0006) = 0.0004, deviation 0.02: 0.02 / (2 sqrt(0.27)) */
    ck_assert_float_eq_tol(sigma[0], 0.0192450, 1e-6);
    /* at 0: variance 0.00015, deviation 0.0122474: 0.0122474 / (2 * 0.110668) */
    ck_assert_float_eq_tol(sigma[1], 0.0553341, 1e-6);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, takes_roots_and_propagates_noise);
}

int main(void) {
    return test_run("guide", add);
}
