/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `tone` against the properties it promises. Does not prove that the kernel agrees
 * (conformance/tone does), nor that pictures please. */
#include <math.h>

#include "isp/statistics.h"
#include "isp/tone.h"
#include "tests/test_main.h"

enum { WIDTH = 256 };

static float in[3 * WIDTH], out[3 * WIDTH], values[16 * CF_STATISTICS_VALUES];

static void run(float log_mean, float p01, float p995) {
    values[16 * CF_STATISTICS_LOG_MEAN] = log_mean;
    values[16 * CF_STATISTICS_P01] = p01;
    values[16 * CF_STATISTICS_P995] = p995;
    cf_plane_set picture = {.width = WIDTH, .height = 1, .planes = 3, .pitch = WIDTH, .elem = 4};
    cf_stage_io io = {.in[0] = picture, .out[0] = picture};
    io.in[0].data = in;
    io.out[0].data = out;
    io.in[1] = (cf_plane_set){.data = values,
                              .width = 1,
                              .height = 1,
                              .planes = CF_STATISTICS_VALUES,
                              .pitch = 16,
                              .elem = 4};
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_tone, &io, NULL), CF_OK);
}

static double luminance(const float *rgb, int x) {
    return 0.2126 * (double)rgb[x] + 0.7152 * (double)rgb[WIDTH + x] +
           0.0722 * (double)rgb[2 * WIDTH + x];
}

static void fill(float red, float green, float blue) {
    for (int x = 0; x < WIDTH; x++) {
        float level = (float)x / 128; /* up to twice white */
        in[x] = red * level;
        in[WIDTH + x] = green * level;
        in[2 * WIDTH + x] = blue * level;
    }
}

START_TEST(well_exposed_scene_stays) {
    fill(1, 1, 1);
    run(0.14F, 0, 0.9F);
    for (int x = 0; x <= 64; x++)
        ck_assert_float_eq_tol(out[x], in[x], 1e-5);
}
END_TEST

START_TEST(dim_scene_is_lifted_within_limits) {
    fill(1, 1, 1);
    run(0.014F, 0, 0.2F); /* 10^0.6 = 3.98 times */
    ck_assert_float_eq_tol(out[2], in[2] * 3.981, 1e-4);
    run(1e-5F, 0, 0.01F);
    ck_assert_float_eq_tol(out[2], in[2] * 8, 1e-4);
}
END_TEST

START_TEST(rises_and_stays_in_gamut_at_constant_hue) {
    fill(1.4F, 0.6F, 0.1F);
    run(0.05F, 0.001F, 1.2F);
    double last = -1;
    for (int x = 1; x < WIDTH; x++) {
        double y = luminance(out, x), before = luminance(in, x);
        ck_assert(y >= last && y <= 1 + 1e-6);
        last = y;
        /* colour differences keep their proportions: the hue is the same */
        double red = (double)in[x] - before, blue = (double)in[2 * WIDTH + x] - before;
        double red_out = (double)out[x] - y, blue_out = (double)out[2 * WIDTH + x] - y;
        ck_assert_double_eq_tol(red * blue_out, blue * red_out, 1e-5);
        for (int c = 0; c < 3; c++)
            ck_assert(out[c * WIDTH + x] >= 0 && out[c * WIDTH + x] <= 1);
    }
}
END_TEST

START_TEST(brightest_half_percent_reaches_white) {
    fill(1, 1, 1);
    run(0.14F, 0, 1.5F); /* gain 1: white is where the input is 1.5 = level 192 */
    ck_assert_float_eq_tol(out[192], 1, 1e-5);
    ck_assert(out[180] < 1 && out[180] > 0.9F);
}
END_TEST

START_TEST(black_scene_passes) {
    fill(0, 0, 0);
    run(0, 0, 0);
    ck_assert_float_eq(out[7], 0);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, well_exposed_scene_stays);
    tcase_add_test(tc, dim_scene_is_lifted_within_limits);
    tcase_add_test(tc, rises_and_stays_in_gamut_at_constant_hue);
    tcase_add_test(tc, brightest_half_percent_reaches_white);
    tcase_add_test(tc, black_scene_passes);
}

int main(void) {
    return test_run("tone", add);
}
