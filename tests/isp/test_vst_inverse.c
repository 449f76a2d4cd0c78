/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `vst_inverse` against means that scipy's Poisson and normal laws give
 * (tests/isp/anscombe_values.py). Does not prove that the kernel agrees: conformance does. */
#include <math.h>

#include "isp/anscombe.h"
#include "isp/vst_inverse.h"
#include "tests/test_main.h"

typedef struct {
    float scale, offset, mean, x;
} expectation;

START_TEST(inverse_has_no_bias) {
    static const expectation e[] = {
        {0.0666666667F, 0.0177777778F, 5.346248F, 0.2F},
        {0.0666666667F, 0.0177777778F, 4.271931F, 0.02F},
        {0.0666666667F, 0.0177777778F, 4.142033F, 0},
        {0.00666666667F, 0.000177777778F, 17.790437F, 0.5F},
        {0.00166666667F, 1.11111111e-05F, 6.363345F, 0.01F},
        {0.000166666667F, 0, 84.855760F, 0.3F},
    };
    for (size_t i = 0; i < sizeof e / sizeof *e; i++) {
        float noise = sqrtf(e[i].scale * e[i].x + e[i].offset);
        ck_assert_float_eq_tol(cf_anscombe_inverse(e[i].mean, e[i].scale, e[i].offset), e[i].x,
                               0.035 * (double)noise);
    }
}
END_TEST

START_TEST(mean_of_clipped_samples_is_put_right) {
    static const expectation e[] = {
        {0.0666666667F, 0.0177777778F, 0.763206F, 0.8F},
        {0.0666666667F, 0.0177777778F, 0.884112F, 1},
        {0.00666666667F, 0.000177777778F, 0.936601F, 0.95F},
        {0.000166666667F, 1.11111111e-07F, 0.991975F, 0.995F},
    };
    for (size_t i = 0; i < sizeof e / sizeof *e; i++) {
        float noise = sqrtf(e[i].scale * e[i].x + e[i].offset);
        ck_assert_float_eq_tol(cf_unclip(e[i].mean, e[i].scale, e[i].offset), e[i].x,
                               0.05 * (double)noise);
    }
    ck_assert_float_eq_tol(cf_unclip(0.3F, 1e-4F, 1e-7F), 0.3, 1e-7);
}
END_TEST

START_TEST(sigma_follows_the_noise) {
    float clean[16] = {63.27F, 0}, left[16] = {0.2F, 0.2F}, linear[16], sigma[16];
    const cf_plane_set set = {.width = 2, .height = 1, .planes = 1, .pitch = 16, .elem = 4};
    cf_stage_io io = {.in = {set, set}, .out = {set, set}};
    io.in[0].data = clean;
    io.in[1].data = left;
    io.out[0].data = linear;
    io.out[1].data = sigma;
    const cf_vst_inverse_params params = {.scale = 5e-4F, .offset = 0};
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_vst_inverse, &io, &params), CF_OK);
    ck_assert_float_eq_tol(linear[0], 0.5003, 2e-4); /* 63.27^2 / 4 / 2000 */
    /* sigma of sqrt(x) is sqrt(scale) / 2 of the stabilised value's, in the light */
    ck_assert_float_eq_tol(sigma[0], 0.2 * sqrt(5e-4) / 2, 2e-5);
    ck_assert_float_eq_tol(linear[1], 0, 1e-4);
    ck_assert(sigma[1] >= 0 && sigma[1] < 0.05F);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, inverse_has_no_bias);
    tcase_add_test(tc, mean_of_clipped_samples_is_put_right);
    tcase_add_test(tc, sigma_follows_the_noise);
}

int main(void) {
    return test_run("vst_inverse", add);
}
