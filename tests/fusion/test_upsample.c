/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage `upsample`: flat pictures give plain bilinear interpolation, edges of the mono picture part
 * colours. Does not prove that the kernel agrees: conformance/upsample does.
 */
#include "fusion/upsample.h"

#include <math.h>
#include <string.h>

#include "tests/test_main.h"

enum { WIDTH = 7, HEIGHT = 3, LOW_WIDTH = 4, LOW_HEIGHT = 2, PITCH = 16 };

static float mono[HEIGHT * PITCH], low[LOW_HEIGHT * PITCH], chroma_low[2 * LOW_HEIGHT * PITCH];
static float error_low[LOW_HEIGHT * PITCH], chroma[2 * HEIGHT * PITCH], error[HEIGHT * PITCH];

static cf_plane_set planes(float *data, int width, int height, int count) {
    return (cf_plane_set){
        .data = data, .width = width, .height = height, .planes = count, .pitch = PITCH, .elem = 4};
}

/* Plane 0 of chroma: the cell's column; plane 1: its row. */
static void run(void) {
    cf_stage_io io = {
        .in = {planes(mono, WIDTH, HEIGHT, 1), planes(low, LOW_WIDTH, LOW_HEIGHT, 1),
               planes(chroma_low, LOW_WIDTH, LOW_HEIGHT, 2),
               planes(error_low, LOW_WIDTH, LOW_HEIGHT, 1)},
        .out = {planes(chroma, WIDTH, HEIGHT, 2), planes(error, WIDTH, HEIGHT, 1)},
    };
    for (int y = 0; y < LOW_HEIGHT; y++)
        for (int x = 0; x < LOW_WIDTH; x++) {
            chroma_low[y * PITCH + x] = (float)x;
            chroma_low[(LOW_HEIGHT + y) * PITCH + x] = (float)y;
            error_low[y * PITCH + x] = 5;
        }
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_upsample, &io, NULL), CF_OK);
}

START_TEST(even_surfaces_interpolate) {
    /* Cell k's centre lies at pixel 2 k + 0.5; beyond the border nothing changes. */
    static const double columns[WIDTH] = {0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75};
    static const double rows[HEIGHT] = {0, 0.25, 0.75};
    memset(mono, 0, sizeof mono);
    memset(low, 0, sizeof low);
    run();
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            ck_assert_double_eq_tol((double)chroma[y * PITCH + x], columns[x], 1e-5);
            ck_assert_double_eq_tol((double)chroma[(HEIGHT + y) * PITCH + x], rows[y], 1e-5);
            ck_assert_double_eq_tol((double)error[y * PITCH + x], 5, 1e-5);
        }
}
END_TEST

START_TEST(edges_part_colours) {
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            mono[y * PITCH + x] = x < 3 ? 0.1F : 0.9F; /* an edge inside cell 1 */
    for (int y = 0; y < LOW_HEIGHT; y++)
        for (int x = 0; x < LOW_WIDTH; x++)
            low[y * PITCH + x] = x < 1 ? 0.1F : x == 1 ? 0.5F : 0.9F;
    run();
    ck_assert_double_lt((double)chroma[2], 0.1); /* by itself half way and more to cell 1 */
    ck_assert_double_gt((double)chroma[3], 1.9);
    mono[2] = NAN;
    run();
    ck_assert(isfinite(chroma[2]));
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, even_surfaces_interpolate);
    tcase_add_test(tc, edges_part_colours);
}

int main(void) {
    return test_run("upsample", add);
}
