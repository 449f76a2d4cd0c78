/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `bayer_pack` against what an orthonormal turn must do and values worked out by hand. Does
 * not prove that the kernel agrees: conformance/bayer_pack does. */
#include <math.h>

#include "isp/bayer_pack.h"
#include "tests/test_main.h"

START_TEST(basis_is_orthonormal) {
    const float tints[][4] = {{1, 1, 1, 1}, {0.7F, 1, 1, 0.8F}, {1, 0.6F, 0.9F, 1}};
    for (size_t t = 0; t < sizeof tints / sizeof *tints; t++) {
        float b[4][4];
        cf_bayer_basis(tints[t], b);
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < 4; j++) {
                double dot = 0;
                for (int k = 0; k < 4; k++)
                    dot += (double)b[i][k] * (double)b[j][k];
                ck_assert_double_eq_tol(dot, i == j, 1e-6);
            }
    }
}
END_TEST

/* Grey under a white balance of 0.49 / 1 / 0.64, 3 x 3 samples, scale so small that 3/8 drops out.
 */
START_TEST(grey_lands_in_the_first_plane) {
    float raw[3 * 16], planes[4 * 2 * 16];
    const float grey = 0.25F, site[4] = {0.49F, 1, 1, 0.64F};
    for (int y = 0; y < 3; y++)
        for (int x = 0; x < 3; x++)
            raw[y * 16 + x] = grey * site[(y & 1) * 2 + (x & 1)];
    cf_stage_io io = {
        .in[0] = {.data = raw, .width = 3, .height = 3, .planes = 1, .pitch = 16, .elem = 4},
        .out[0] = {.data = planes, .width = 2, .height = 2, .planes = 4, .pitch = 16, .elem = 4},
    };
    const cf_bayer_params params = {.scale = 1e-6F, .offset = 0, .tint = {0.7F, 1, 1, 0.8F}};
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_bayer_pack, &io, &params), CF_OK);
    for (int y = 0; y < 2; y++)
        for (int x = 0; x < 2; x++) {
            /* 2000 sqrt(0.25) times the tint's length sqrt(3.13) */
            ck_assert_float_eq_tol(planes[y * 16 + x], 1000 * sqrt(3.13), 0.05);
            for (int p = 1; p < 4; p++)
                ck_assert_float_eq_tol(planes[(p * 2 + y) * 16 + x], 0, 0.05);
        }
}
END_TEST

START_TEST(tint_follows_the_mosaic_order) {
    cf_camera_profile camera;
    cf_camera_profile_init(&camera);
    camera.is_color = 1;
    const unsigned char gbrg[4] = {CF_CFA_G, CF_CFA_B, CF_CFA_R, CF_CFA_G};
    for (int i = 0; i < 4; i++)
        camera.cfa[i] = gbrg[i];
    camera.neutral[0] = 0.49F;
    camera.neutral[1] = 1;
    camera.neutral[2] = 0.64F;
    const cf_stage_context context = {.camera = &camera};
    cf_bayer_params params;
    ck_assert_int_eq(cf_stage_bayer_pack.bind(&context, &params), CF_OK);
    ck_assert_float_eq_tol(params.tint[0], 1, 1e-6);
    ck_assert_float_eq_tol(params.tint[1], 0.8, 1e-6);
    ck_assert_float_eq_tol(params.tint[2], 0.7, 1e-6);
    ck_assert_float_eq_tol(params.tint[3], 1, 1e-6);
    cf_camera_profile_clear(&camera);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, basis_is_orthonormal);
    tcase_add_test(tc, grey_lands_in_the_first_plane);
    tcase_add_test(tc, tint_follows_the_mosaic_order);
}

int main(void) {
    return test_run("bayer_pack", add);
}
