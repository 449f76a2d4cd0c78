/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage `resample` against OpenCV's remap (linear), against polynomials that Catmull-Rom reproduces
 * exactly, and against plain copies. Does not prove that the kernel agrees: conformance/resample
 * does.
 */
#include <math.h>
#include <string.h>

#include "fusion/lookup.h"
#include "fusion/resample.h"
#include "tests/test_main.h"

#define W 24
#define H 20
#define PITCH 32

static float image[H * PITCH], out[64 * PITCH], valid[64 * PITCH], nodes[2 * 4 * 16];

/* Every node (c, r) of a 4 x 4 map at (ax c + bx, ay r + by). */
static cf_stage_io io_for(float ax, float bx, float ay, float by, int width, int height) {
    for (int r = 0; r < 4; r++)
        for (int c = 0; c < 4; c++) {
            nodes[r * 16 + c] = ax * (float)c + bx;
            nodes[(4 + r) * 16 + c] = ay * (float)r + by;
        }
    return (cf_stage_io){
        .in[0] = {.data = image, .width = W, .height = H, .planes = 1, .pitch = PITCH, .elem = 4},
        .in[1] = {.data = nodes, .width = 4, .height = 4, .planes = 2, .pitch = 16, .elem = 4},
        .out[0] =
            {.data = out, .width = width, .height = height, .planes = 1, .pitch = PITCH, .elem = 4},
        .out[1] = {.data = valid,
                   .width = width,
                   .height = height,
                   .planes = 1,
                   .pitch = PITCH,
                   .elem = 4},
    };
}

static void run(const cf_stage_io *io, int kind, int samples) {
    const cf_resample_params p = {io->out[0].width, io->out[0].height, 3, kind, samples};
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_resample, io, &p), CF_OK);
}

static void fill(float (*f)(float x, float y)) {
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            image[y * PITCH + x] = f((float)x, (float)y);
}

static float busy(float x, float y) {
    return fmodf(3 * x * x + 7 * y * x + 5 * y, 17);
}

static float parabola(float x, float y) {
    return 1 + 0.5F * x - 0.25F * y + 0.125F * x * x + 0.0625F * y * y;
}

START_TEST(whole_moves_copy) {
    fill(busy);
    for (int kind = 0; kind < 3; kind++) {
        cf_stage_io io = io_for(8, 3, 8, -2, 16, 16);
        run(&io, kind, 1);
        for (int y = 0; y < 16; y++)
            for (int x = 0; x < 16; x++) {
                if (y >= 2)
                    ck_assert_float_eq(out[y * PITCH + x], image[(y - 2) * PITCH + x + 3]);
                ck_assert_float_eq(valid[y * PITCH + x], y >= 2 ? 1 : 0);
            }
    }
}
END_TEST

/* cv2.remap(image, x, y, INTER_LINEAR) at steps of 1/32, which its fixed point can hold. */
START_TEST(linear_agrees_with_opencv) {
    static const float at[6][2] = {{0.25F, 0.5F}, {2.75F, 1.25F}, {4.5F, 3.125F},
                                   {1, 2},        {5, 4},         {3.03125F, 0.96875F}};
    static const float want[6] = {4.125F, 6.8125F, 9.8125F, 10, 14, 2.586914F};
    fill(busy);
    for (int i = 0; i < 6; i++) {
        cf_stage_io io = io_for(8, at[i][0], 8, at[i][1], 1, 1);
        run(&io, CF_LOOKUP_LINEAR, 1);
        ck_assert_float_eq_tol(out[0], want[i], 1e-4);
    }
}
END_TEST

START_TEST(cubic_is_exact_for_parabolas) {
    fill(parabola);
    cf_stage_io io = io_for(6, 2.3F, 5, 1.7F, 20, 20); /* magnified by 8/6 and 8/5 */
    run(&io, CF_LOOKUP_CUBIC, 1);
    for (int y = 0; y < 20; y++)
        for (int x = 0; x < 20; x++)
            ck_assert_float_eq_tol(out[y * PITCH + x],
                                   parabola(2.3F + 0.75F * (float)x, 1.7F + 0.625F * (float)y),
                                   2e-4);
}
END_TEST

/* Means of 2 x 2 pixels, by hand, when every output pixel is twice as large. */
START_TEST(smaller_pictures_average_areas) {
    fill(busy);
    cf_stage_io io = io_for(16, 4.5F, 16, 4.5F, 6, 5);
    run(&io, CF_LOOKUP_LINEAR, 2);
    for (int y = 0; y < 5; y++)
        for (int x = 0; x < 6; x++) {
            const float *a = image + (2 * y + 4) * PITCH + 2 * x + 4;
            ck_assert_float_eq_tol(out[y * PITCH + x], (a[0] + a[1] + a[PITCH] + a[PITCH + 1]) / 4,
                                   1e-5);
        }
    ck_assert_int_eq(cf_map_samples(1.02F), 1);
    ck_assert_int_eq(cf_map_samples(2), 2);
    ck_assert_int_eq(cf_map_samples(1000), 8);
}
END_TEST

START_TEST(outside_and_unknown_are_invalid) {
    fill(busy);
    cf_stage_io io = io_for(8, W - 0.75F, 8, 3, 2, 1); /* a quarter pixel outside, then more */
    run(&io, CF_LOOKUP_CUBIC, 1);
    ck_assert_float_eq_tol(valid[0], 0.5F, 1e-5);
    ck_assert_float_eq(valid[1], 0);
    nodes[0] = NAN;
    run(&io, CF_LOOKUP_CUBIC, 1);
    ck_assert_float_eq(valid[0], 0);
    ck_assert_float_eq(out[0], 0);
}
END_TEST

START_TEST(is_left_out_where_nothing_moves) {
    const double k[4] = {50, 50, 20, 10}, side[6] = {0, 0, 0, -0.1, 0, 0};
    const double turned[6] = {0, 0, 0.001, -0.1, 0, 0};
    cf_camera_profile mono, color;
    cf_camera_profile_init(&mono);
    cf_camera_profile_init(&color);
    mono.width = color.width = W;
    mono.height = color.height = H;
    for (int i = 0; i < 2; i++) {
        cf_camera_model *m, *c;
        cf_rectification g;
        cf_resample_params p;
        ck_assert_int_eq(cf_camera_model_pinhole(W, H, k, NULL, &m), CF_OK);
        ck_assert_int_eq(cf_camera_model_pinhole(W, H, k, i ? turned : side, &c), CF_OK);
        ck_assert_int_eq(cf_rectify(m, c, NULL, &g), CF_OK);
        cf_stage_context context = {
            .camera = &color, .mono = &mono, .color = &color, .geometry = &g};
        ck_assert_int_eq(cf_stage_resample.identity(&context), i == 0);
        ck_assert_int_eq(cf_stage_resample.bind(&context, &p), CF_OK);
        ck_assert(p.width == W && p.height == H && p.step_log2 == 3);
        context.camera = &mono;
        ck_assert_int_eq(cf_stage_resample.identity(&context), !g.mono_resampled);
        cf_rectification_clear(&g);
        cf_camera_model_destroy(&m);
        cf_camera_model_destroy(&c);
    }
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, is_left_out_where_nothing_moves);
    tcase_add_test(tc, whole_moves_copy);
    tcase_add_test(tc, linear_agrees_with_opencv);
    tcase_add_test(tc, cubic_is_exact_for_parabolas);
    tcase_add_test(tc, smaller_pictures_average_areas);
    tcase_add_test(tc, outside_and_unknown_are_invalid);
}

int main(void) {
    return test_run("resample", add);
}
