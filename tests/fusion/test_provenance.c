/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `provenance` against values worked out by hand. Does not prove that the kernel agrees:
 * conformance/provenance does. */
#include "fusion/provenance.h"

#include <math.h>

#include "tests/test_main.h"

START_TEST(shares_by_hand) {
    float confidence[16] = {1, 0, 0.25F, 0, NAN}, error[16] = {2, 5, 10, 40, NAN}, shares[3 * 16];
    const cf_provenance_params params = {.half_confidence = 0.25F, .invented_error = 20};
    cf_stage_io io = {
        .in = {{.data = confidence, .width = 5, .height = 1, .planes = 1, .pitch = 16, .elem = 4},
               {.data = error, .width = 5, .height = 1, .planes = 1, .pitch = 16, .elem = 4}},
        .out[0] = {.data = shares, .width = 5, .height = 1, .planes = 3, .pitch = 16, .elem = 4},
    };
    static const double expected[5][3] = {
        {0, 1, 0}, {0.0625, 0, 0.9375}, {0.09375, 0.625, 0.28125}, {1, 0, 0}, {1, 0, 0}};
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_provenance, &io, &params), CF_OK);
    for (int x = 0; x < 5; x++)
        for (int i = 0; i < 3; i++)
            ck_assert_float_eq_tol(shares[i * 16 + x], expected[x][i], 1e-6);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, shares_by_hand);
}

int main(void) {
    return test_run("provenance", add);
}
