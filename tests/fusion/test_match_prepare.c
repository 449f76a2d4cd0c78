/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `match_prepare` against values worked out by hand. Does not prove that the kernel agrees:
 * conformance/match_prepare does. */
#include "fusion/match_prepare.h"
#include "tests/test_main.h"

START_TEST(encodes_roots_and_block_means) {
    float mono[2 * 16] = {
        [0] = 0.25F, [1] = 1.5F, [2] = -0.5F, [16] = 0.04F, [17] = 0.04F, [18] = 0.36F};
    float view[2 * 16] = {0};
    unsigned char out[4][2 * 16];
    const cf_match_prepare_params params = {.level = 2, .pedestal = 0};
    cf_stage_io io = {
        .in = {{.data = mono, .width = 3, .height = 2, .planes = 1, .pitch = 16, .elem = 4},
               {.data = view, .width = 3, .height = 2, .planes = 1, .pitch = 16, .elem = 4}},
        .out = {{.data = out[0], .width = 3, .height = 2, .planes = 1, .pitch = 16, .elem = 1},
                {.data = out[1], .width = 3, .height = 2, .planes = 1, .pitch = 16, .elem = 1},
                {.data = out[2], .width = 2, .height = 1, .planes = 1, .pitch = 16, .elem = 1},
                {.data = out[3], .width = 2, .height = 1, .planes = 1, .pitch = 16, .elem = 1}},
    };
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_match_prepare, &io, &params), CF_OK);
    ck_assert_int_eq(out[0][0], 128); /* 255 * 0.5 = 127.5 */
    ck_assert_int_eq(out[0][1], 255); /* above white */
    ck_assert_int_eq(out[0][2], 0);   /* below black without a pedestal */
    ck_assert_int_eq(out[0][16], 51); /* 255 * 0.2 */
    ck_assert_int_eq(out[1][0], 0);
    ck_assert_int_eq(out[2][0], 172); /* mean 0.4575: 255 * 0.67639 = 172.48 */
    ck_assert_int_eq(out[2][1], 0);   /* mean of -0.5 and 0.36 */
}
END_TEST

/* One green-only camera: the view is the green channel, two pixels per sample. */
static cf_stage_context green_rig(cf_camera_profile *mono, cf_camera_profile *color) {
    cf_camera_profile_init(mono);
    cf_camera_profile_init(color);
    for (int c = 0; c < 3; c++)
        mono->spectral[c] = c == 1;
    color->noise = (cf_noise){.scale = 0.02F, .offset = 0.001F};
    return (cf_stage_context){.mono = mono,
                              .color = color,
                              .camera = color,
                              .grid_width = 400,
                              .grid_height = 300,
                              .disparity_max = 63,
                              .color_scale = 1};
}

START_TEST(adapts_to_noise_and_size) {
    cf_camera_profile mono, color;
    cf_stage_context context = green_rig(&mono, &color);
    float dark, noise = cf_match_noise(&context, &dark);
    /* variance of linear grey 0.2: 2 * (0.001 + 0.02 * 0.2) = 0.01; d sqrt(x) = dx / (2 sqrt x) */
    ck_assert_float_eq_tol(noise, 0.1118F, 1e-4);
    ck_assert_float_eq_tol(dark, 0.04472F, 1e-4);
    ck_assert_int_eq(cf_match_level(&context), 2); /* by noise: 0.112 > 0.1 */
    color.noise = (cf_noise){0};
    ck_assert_int_eq(cf_match_level(&context), 1); /* 7.7 million entries */
    context.grid_width = 1280;
    context.grid_height = 1108;
    context.disparity_max = 287;
    ck_assert_int_eq(cf_match_level(&context), 4); /* 408 million, 51, then 6.4 */
    cf_match_prepare_params params = CF_MATCH_PREPARE_DEFAULTS;
    ck_assert_int_eq(cf_stage_match_prepare.bind(&context, &params), CF_OK);
    ck_assert_int_eq(params.level, 4);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, encodes_roots_and_block_means);
    tcase_add_test(tc, adapts_to_noise_and_size);
}

int main(void) {
    return test_run("match_prepare", add);
}
