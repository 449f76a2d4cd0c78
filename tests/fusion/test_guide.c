/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `guide` against values worked out by hand. Does not prove that the kernel agrees:
 * conformance/guide does. */
#include "fusion/guide.h"

#include <math.h>

#include "tests/test_main.h"

START_TEST(takes_roots) {
    float in[16] = {0.25F, 0, -0.1F, 1, NAN, INFINITY}, mono[16];
    cf_stage_io io = {
        .in[0] = {.data = in, .width = 6, .height = 1, .planes = 1, .pitch = 16, .elem = 4},
        .out[0] = {.data = mono, .width = 6, .height = 1, .planes = 1, .pitch = 16, .elem = 4},
    };
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_guide, &io, NULL), CF_OK);
    ck_assert_float_eq_tol(mono[0], 0.5, 1e-6);
    ck_assert_float_eq_tol(mono[1], 0, 1e-9);
    ck_assert_float_eq_tol(mono[2], 0, 1e-9);
    ck_assert_float_eq_tol(mono[3], 1, 1e-6);
    ck_assert_float_eq_tol(mono[4], 0, 1e-9);
    ck_assert_float_eq_tol(mono[5], 4, 1e-6);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, takes_roots);
}

int main(void) {
    return test_run("guide", add);
}
