/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `bayer_denoise`: a noisy grey wall becomes a quiet one of the same mean, and the stage
 * knows when to step aside. Does not prove that the kernel agrees: conformance does. */
#include <math.h>

#include "isp/bayer_denoise.h"
#include "tests/test_main.h"

enum { W = 96, H = 80 };

static float noise(unsigned *state) { /* sum of 12 uniforms less 6: sigma 1 */
    float sum = -6;
    for (int i = 0; i < 12; i++) {
        *state = *state * 1664525U + 1013904223U;
        sum += (float)(*state >> 8) / 16777216.0F;
    }
    return sum;
}

START_TEST(quietens_a_grey_wall) {
    static float raw[H * W], clean[H * W];
    const float site[4] = {0.15F, 0.3F, 0.3F, 0.2F};
    cf_bayer_denoise_params params = CF_BAYER_DENOISE_DEFAULTS;
    params.bayer.scale = 0.02F;
    params.bayer.offset = 0.0016F;
    unsigned state = 3;
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            float v = site[(y & 1) * 2 + (x & 1)];
            raw[y * W + x] = v + noise(&state) * sqrtf(0.02F * v + 0.0016F);
        }
    const cf_plane_set set = {.width = W, .height = H, .planes = 1, .pitch = W, .elem = 4};
    cf_stage_io io = {.in = {set}, .out = {set}};
    io.in[0].data = raw;
    io.out[0].data = clean;
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_bayer_denoise, &io, &params), CF_OK);
    for (int i = 0; i < 4; i++) {
        double sum = 0, square = 0;
        for (int y = i / 2; y < H; y += 2)
            for (int x = i % 2; x < W; x += 2) {
                double error = (double)clean[y * W + x] - (double)site[i];
                sum += error;
                square += error * error;
            }
        double sigma = sqrt(0.02 * (double)site[i] + 0.0016), n = W * H / 4.0;
        ck_assert_double_lt(sqrt(square / n), 0.25 * sigma);
        ck_assert_double_lt(fabs(sum / n), 0.1 * sigma);
    }
}
END_TEST

START_TEST(steps_aside_in_good_light) {
    cf_camera_profile camera;
    cf_camera_profile_init(&camera);
    const cf_stage_context context = {.camera = &camera};
    ck_assert_int_eq(cf_stage_bayer_denoise.identity(&context), 1);
    camera.noise = (cf_noise){.scale = 1.0F / 200, .offset = 1e-4F};
    ck_assert_int_eq(cf_stage_bayer_denoise.identity(&context), 1);
    camera.noise = (cf_noise){.scale = 1.0F / 5, .offset = 0.16F};
    ck_assert_int_eq(cf_stage_bayer_denoise.identity(&context), 0);
    cf_bayer_denoise_params params = CF_BAYER_DENOISE_DEFAULTS;
    ck_assert_int_eq(cf_stage_bayer_denoise.bind(&context, &params), CF_OK);
    ck_assert_float_eq_tol(params.amount, 0.5, 1e-6);
    cf_camera_profile_clear(&camera);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, quietens_a_grey_wall);
    tcase_add_test(tc, steps_aside_in_good_light);
}

int main(void) {
    return test_run("bayer_denoise", add);
}
