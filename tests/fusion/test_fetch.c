/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage `fetch`: exact copies for whole disparities, parabolas that Catmull-Rom reproduces exactly
 * between, depth edges, and a rig's own geometry end to end. Does not prove that the kernel agrees:
 * conformance/fetch does.
 */
#include <math.h>

#include "fusion/fetch.h"
#include "tests/test_main.h"

#define W 48
#define H 20

static float image[3 * H * W], disparity[H * W], confidence[H * W], out[3 * H * W], match[H * W];

static float scene(int plane, float x, float y) {
    return 1 + 0.1F * (float)plane + 0.02F * x - 0.01F * y + 0.001F * x * x;
}

/* The stage on maps made for mono and colour models; the maps are copied to rows of 16. */
static void run(const cf_rectification *g) {
    static float back[2 * 8 * 16], color[2 * 8 * 16];
    const cf_fetch_params p = cf_fetch_params_for(g);
    for (int i = 0; i < 2 * g->back.rows; i++)
        for (int c = 0; c < g->back.columns; c++)
            back[i * 16 + c] = g->back.xy[i * g->back.columns + c];
    for (int i = 0; i < 2 * g->color.rows; i++)
        for (int c = 0; c < g->color.columns; c++)
            color[i * 16 + c] = g->color.xy[i * g->color.columns + c];
    const cf_stage_io io = {
        .in = {{.data = image, .width = W, .height = H, .planes = 3, .pitch = W, .elem = 4},
               {.data = disparity, .width = W, .height = H, .planes = 1, .pitch = W, .elem = 4},
               {.data = confidence, .width = W, .height = H, .planes = 1, .pitch = W, .elem = 4},
               {.data = back,
                .width = g->back.columns,
                .height = g->back.rows,
                .planes = 2,
                .pitch = 16,
                .elem = 4},
               {.data = color,
                .width = g->color.columns,
                .height = g->color.rows,
                .planes = 2,
                .pitch = 16,
                .elem = 4}},
        .out = {{.data = out, .width = W, .height = H, .planes = 3, .pitch = W, .elem = 4},
                {.data = match, .width = W, .height = H, .planes = 1, .pitch = W, .elem = 4}},
    };
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_fetch, &io, &p), CF_OK);
}

/* A parallel rig whose colour principal point lies doffs to the right. */
static void make_rig(double doffs, double place_x, cf_rectification *g) {
    const double km[4] = {50, 50, (W - 1) / 2.0, (H - 1) / 2.0};
    const double kc[4] = {50, 50, (W - 1) / 2.0 + doffs, (H - 1) / 2.0};
    const double rt[6] = {0, 0, 0, -place_x, 0, 0};
    cf_camera_model *mono, *color;
    ck_assert_int_eq(cf_camera_model_pinhole(W, H, km, NULL, &mono), CF_OK);
    ck_assert_int_eq(cf_camera_model_pinhole(W, H, kc, rt, &color), CF_OK);
    ck_assert_int_eq(cf_rectify(mono, color, NULL, g), CF_OK);
    cf_camera_model_destroy(&mono);
    cf_camera_model_destroy(&color);
    for (int i = 0; i < H * W; i++)
        confidence[i] = 1;
    for (int p = 0; p < 3; p++)
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++)
                image[(p * H + y) * W + x] = scene(p, (float)x, (float)y);
}

START_TEST(whole_disparities_copy) {
    cf_rectification g;
    make_rig(2, 0.1, &g);
    for (int i = 0; i < H * W; i++)
        disparity[i] = (float)(i % 7);
    run(&g);
    for (int p = 0; p < 3; p++)
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++) {
                int from = x + 2 - (int)disparity[y * W + x];
                ck_assert_float_eq(match[y * W + x], from >= 0 && from < W);
                if (from >= 0 && from < W)
                    ck_assert_float_eq(out[(p * H + y) * W + x], image[(p * H + y) * W + from]);
            }
    cf_rectification_clear(&g);
}
END_TEST

START_TEST(between_pixels_parabolas_are_exact) {
    cf_rectification g;
    make_rig(0, 0.1, &g);
    for (int i = 0; i < H * W; i++)
        disparity[i] = 2.375F;
    run(&g);
    for (int p = 0; p < 3; p++)
        for (int x = 5; x < W; x++)
            ck_assert_float_eq_tol(out[(p * H + 9) * W + x], scene(p, (float)x - 2.375F, 9), 1e-5);
    cf_rectification_clear(&g);
}
END_TEST

/* With the colour lens on the left the grid is turned by half a turn: mono (x, y) is grid (W-1-x,
 * H-1-y), and a disparity of d means colour x + d. */
START_TEST(serves_a_colour_lens_on_the_left) {
    cf_rectification g;
    make_rig(0, -0.1, &g);
    ck_assert(g.width == W && g.height == H && g.mono_resampled);
    for (int i = 0; i < H * W; i++)
        disparity[i] = (float)(i % W < W / 2 ? 4 : 1);
    run(&g);
    for (int x = 0; x < W - 4; x++) {
        int d = W - 1 - x < W / 2 ? 4 : 1; /* sharp: no disparity between 1 and 4 is made up */
        ck_assert_float_eq_tol(out[7 * W + x], image[7 * W + x + d], 1e-5);
    }
    cf_rectification_clear(&g);
}
END_TEST

START_TEST(unknown_disparities_are_invalid) {
    cf_rectification g;
    make_rig(0, 0.1, &g);
    for (int i = 0; i < H * W; i++)
        disparity[i] = 1;
    disparity[5 * W + 20] = NAN;
    disparity[5 * W + 30] = INFINITY;
    run(&g);
    ck_assert_float_eq(match[5 * W + 20], 0);
    ck_assert_float_eq(out[5 * W + 20], 0);
    ck_assert_float_eq(match[5 * W + 30], 0);
    ck_assert_float_eq(match[6 * W + 25], 1);
    confidence[6 * W + 25] = 0.25F; /* goes where its disparity goes */
    confidence[6 * W + 28] = NAN;
    run(&g);
    ck_assert_float_eq(match[6 * W + 25], 0.25F);
    ck_assert_float_eq(match[6 * W + 28], 0);
    cf_rectification_clear(&g);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, whole_disparities_copy);
    tcase_add_test(tc, between_pixels_parabolas_are_exact);
    tcase_add_test(tc, serves_a_colour_lens_on_the_left);
    tcase_add_test(tc, unknown_disparities_are_invalid);
}

int main(void) {
    return test_run("fetch", add);
}
