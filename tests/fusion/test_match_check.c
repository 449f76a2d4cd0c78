/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `match_check` on a scene whose hidden pixels are known by geometry. Does not prove that the
 * kernel agrees: conformance/match_check does. */
#include "fusion/match_check.h"
#include "tests/test_main.h"

enum { W = 96, H = 16, PITCH = 96, NEAR = 20, FAR = 6, EDGE = 60 };

/* A near surface from EDGE on: in the left view the FAR pixels EDGE - 14 .. EDGE - 1 are hidden. */
START_TEST(rejects_what_the_near_surface_hides) {
    unsigned char grey[H * PITCH] = {0};
    float left[H * PITCH], right[H * PITCH], out[H * PITCH];
    for (int i = 0; i < H * PITCH; i++) {
        int x = i % PITCH;
        left[i] = x >= EDGE ? NEAR : FAR;
        right[i] = x >= EDGE - NEAR ? NEAR : FAR;
    }
    cf_stage_io io = {
        .in = {{.data = grey, .width = W, .height = H, .planes = 1, .pitch = PITCH, .elem = 1},
               {.data = grey, .width = W, .height = H, .planes = 1, .pitch = PITCH, .elem = 1},
               {.data = left, .width = W, .height = H, .planes = 1, .pitch = PITCH, .elem = 4},
               {.data = right, .width = W, .height = H, .planes = 1, .pitch = PITCH, .elem = 4}},
        .out = {{.data = out, .width = W, .height = H, .planes = 1, .pitch = PITCH, .elem = 4}},
    };
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_match_check, &io, NULL), CF_OK);
    const float *row = out + 8 * PITCH;
    ck_assert_float_eq(row[2], 0);                   /* outside the right picture */
    ck_assert_float_eq_tol(row[30], 1, 1e-6);        /* seen by both */
    ck_assert_float_eq_tol(row[EDGE + 10], 1, 1e-6); /* seen by both */
    for (int x = EDGE - 14 + 1; x < EDGE - 1; x++)
        ck_assert_float_lt(row[x], 0.5F);
    ck_assert_float_eq(row[EDGE - 7], 0);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, rejects_what_the_near_surface_hides);
}

int main(void) {
    return test_run("match_check", add);
}
