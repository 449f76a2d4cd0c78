/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `pack` against values worked out by hand. Does not prove that the kernel agrees:
 * conformance/pack does. */
#include <math.h>

#include "isp/pack.h"
#include "tests/test_main.h"

static void pack(int depth, void *bytes) {
    float in[3 * 16] = {0};
    in[0] = 1;              /* R of pixel 0 */
    in[16] = 127.49F / 255; /* G: just below the middle between codes */
    in[32] = 127.51F / 255; /* B */
    in[1] = -3;             /* pixel 1: below, above, not a number */
    in[17] = 2;
    in[33] = NAN;
    in[2] = 0.5F; /* 16 bit: 32767.5 rounds up */
    const cf_pack_params params = {.depth = depth};
    cf_stage_io io = {
        .in[0] = {.data = in, .width = 3, .height = 1, .planes = 3, .pitch = 16, .elem = 4},
        .out[0] = {.data = bytes,
                   .width = 9 * depth / 8,
                   .height = 1,
                   .planes = 1,
                   .pitch = 32,
                   .elem = 1},
    };
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_pack, &io, &params), CF_OK);
}

START_TEST(eight_bits_round_to_nearest) {
    static const unsigned char want[] = {255, 127, 128, 0, 255, 0, 128, 0, 0};
    unsigned char got[32];
    pack(8, got);
    ck_assert_mem_eq(got, want, sizeof want);
}
END_TEST

START_TEST(sixteen_bits_interleave) {
    static const unsigned short want[] = {65535, 32765, 32770, 0, 65535, 0, 32768, 0, 0};
    unsigned short got[16];
    pack(16, got);
    ck_assert_mem_eq(got, want, sizeof want);
}
END_TEST

START_TEST(refuses_other_depths) {
    const cf_pack_params params = {.depth = 12};
    const cf_stage_io io = {.in[0] = {.width = 3, .height = 1, .planes = 3}};
    cf_plane_set out;
    ck_assert_int_eq(cf_stage_shape(&cf_stage_pack, &io, &params, 0, &out), CF_ERR_INVALID);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, eight_bits_round_to_nearest);
    tcase_add_test(tc, sixteen_bits_interleave);
    tcase_add_test(tc, refuses_other_depths);
}

int main(void) {
    return test_run("pack", add);
}
