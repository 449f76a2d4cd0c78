/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `halve` against means worked out by hand. Does not prove that the kernel agrees:
 * conformance/halve does. */
#include "fusion/halve.h"

#include <math.h>

#include "tests/test_main.h"

START_TEST(takes_means_of_what_lies_inside) {
    float in[3 * 16] = {1, 2, 3, [16] = 5, 4, 9, [32] = 7, 8, NAN}, half[2 * 16];
    cf_stage_io io = {
        .in[0] = {.data = in, .width = 3, .height = 3, .planes = 1, .pitch = 16, .elem = 4},
        .out[0] = {.data = half, .width = 2, .height = 2, .planes = 1, .pitch = 16, .elem = 4},
    };
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_halve, &io, NULL), CF_OK);
    ck_assert_float_eq_tol(half[0], 3, 1e-6);    /* (1 + 2 + 5 + 4) / 4 */
    ck_assert_float_eq_tol(half[1], 6, 1e-6);    /* (3 + 9) / 2 */
    ck_assert_float_eq_tol(half[16], 7.5, 1e-6); /* (7 + 8) / 2 */
    ck_assert_float_eq_tol(half[17], 0, 1e-6);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, takes_means_of_what_lies_inside);
}

int main(void) {
    return test_run("halve", add);
}
