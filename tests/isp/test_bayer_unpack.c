/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `bayer_unpack` undoes `bayer_pack`, every sample in its place. Does not prove that the
 * kernel agrees: conformance/bayer_unpack does; nor the inverse's bias: test_vst_inverse does. */
#include <math.h>

#include "isp/bayer_unpack.h"
#include "tests/test_main.h"

/* 5 x 3 samples, all different; with many electrons the unbiased inverse is the plain one less
 * scale / 4, as the formulas with 3/8 and 1/8 say. */
START_TEST(undoes_packing) {
    float raw[3 * 16], planes[4 * 2 * 16], sigma[4 * 2 * 16], back[3 * 16], left[3 * 16];
    for (int y = 0; y < 3; y++)
        for (int x = 0; x < 5; x++)
            raw[y * 16 + x] = 0.1F + 0.05F * (float)(y * 5 + x);
    for (int i = 0; i < 4 * 2 * 16; i++)
        sigma[i] = 0.5F;
    cf_stage_io io = {
        .in[0] = {.data = raw, .width = 5, .height = 3, .planes = 1, .pitch = 16, .elem = 4},
        .out[0] = {.data = planes, .width = 3, .height = 2, .planes = 4, .pitch = 16, .elem = 4},
    };
    const cf_bayer_params params = {.scale = 1e-4F, .offset = 1e-6F, .tint = {0.7F, 1, 1, 0.8F}};
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_bayer_pack, &io, &params), CF_OK);
    io.in[1] = io.out[0];
    io.in[2] = io.out[0];
    io.in[2].data = sigma;
    io.out[0] = io.out[1] = io.in[0];
    io.out[0].data = back;
    io.out[1].data = left;
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_bayer_unpack, &io, &params), CF_OK);
    for (int y = 0; y < 3; y++)
        for (int x = 0; x < 5; x++) {
            float v = raw[y * 16 + x];
            ck_assert_float_eq_tol(back[y * 16 + x], v + 0.25e-4F, 1e-5);
            /* half of the noise that the model says */
            ck_assert_float_eq_tol(left[y * 16 + x], 0.5 * sqrt(1e-4 * (double)v + 1e-6), 1e-5);
        }
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, undoes_packing);
}

int main(void) {
    return test_run("bayer_unpack", add);
}
