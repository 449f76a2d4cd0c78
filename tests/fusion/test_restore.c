/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `restore` against tools/train/network.py in PyTorch, and its borders. Does not prove that
 * the kernel agrees: conformance/restore does. */
#include "fusion/restore.h"

#include <math.h>

#include "tests/test_main.h"

enum { WIDTH = 6, HEIGHT = 4, PITCH = 16, CELLS = 3, ROWS = 2 };

static float transferred[2 * HEIGHT * PITCH], doubt[HEIGHT * PITCH], mono[HEIGHT * PITCH];
static float cell_mono[ROWS * PITCH], cell_chroma[2 * ROWS * PITCH], cell_doubt[ROWS * PITCH];
static float net_chroma[2 * ROWS * PITCH], net_error[ROWS * PITCH];
static float chroma[2 * HEIGHT * PITCH], error[HEIGHT * PITCH];

/* Exact in float, and in the script that made the numbers below. */
static float value(int k) {
    return (float)(k * 7919 % 64) / 64;
}

static void run(int width, int height) {
    const struct {
        float *data;
        int width, height, planes;
    } ports[10] = {{transferred, width, height, 2}, {doubt, width, height, 1},
                   {mono, width, height, 1},        {cell_mono, CELLS, ROWS, 1},
                   {cell_chroma, CELLS, ROWS, 2},   {cell_doubt, CELLS, ROWS, 1},
                   {net_chroma, CELLS, ROWS, 2},    {net_error, CELLS, ROWS, 1},
                   {chroma, width, height, 2},      {error, width, height, 1}};
    cf_stage_io io = {0};
    for (int i = 0; i < 10; i++)
        *(i < 8 ? &io.in[i] : &io.out[i - 8]) = (cf_plane_set){.data = ports[i].data,
                                                               .width = ports[i].width,
                                                               .height = ports[i].height,
                                                               .planes = ports[i].planes,
                                                               .pitch = PITCH,
                                                               .elem = 4};
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_restore, &io, NULL), CF_OK);
}

/* What the network corrects is value(100 ..): on cells that already hold something. */
static void fill(void) {
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            int k = y * WIDTH + x;
            mono[y * PITCH + x] = value(k) / 4 + 0.25F;
            transferred[y * PITCH + x] = value(300 + k);
            transferred[(HEIGHT + y) * PITCH + x] = value(300 + 24 + k);
            doubt[y * PITCH + x] = value(300 + 48 + k);
        }
    for (int y = 0; y < ROWS; y++)
        for (int x = 0; x < CELLS; x++) {
            int k = y * CELLS + x;
            cell_mono[y * PITCH + x] = value(200 + k) / 4 + 0.25F;
            for (int p = 0; p < 2; p++) {
                float *cell = &cell_chroma[(p * ROWS + y) * PITCH + x];
                *cell = value(400 + 6 * p + k);
                net_chroma[(p * ROWS + y) * PITCH + x] = *cell + 2 * value(100 + 6 * p + k) - 1;
            }
            cell_doubt[y * PITCH + x] = value(500 + k);
            net_error[y * PITCH + x] = cell_doubt[y * PITCH + x] + 2 * value(112 + k) - 1;
        }
}

/* transferred + restore(low, mono_low, mono) of tools/train/network.py, PyTorch 2, float32. */
static const float expected[3][HEIGHT * WIDTH] = {
    {0.187500F,  -0.216165F, 0.152501F, 0.844229F, -0.213036F, 1.796875F, 0.826174F,  0.671506F,
     -0.181380F, 0.453157F,  1.076028F, 1.123871F, 0.002769F,  0.615591F, 0.565875F,  0.605491F,
     -0.481790F, 0.357824F,  0.812500F, 0.017796F, -0.247722F, 0.140408F, -0.305956F, -0.578125F},
    {1.625000F, 1.221335F, 0.590001F,  -0.059349F, 0.961364F, 0.234375F, 0.119432F,  -0.748371F,
     1.255837F, 0.699152F, 0.026062F,  -0.339173F, 1.426636F, 0.724487F, -0.249249F, 0.750036F,
     0.874037F, 0.365898F, -0.750000F, 1.447122F,  1.181201F, 0.577908F, 0.131544F,  0.859375F},
    {0.062500F, 0.178516F, 0.923967F, 1.378151F,  1.398864F,  0.671875F, 0.701174F, 0.673430F,
     0.471762F, 0.860657F, 1.452806F, 1.098327F,  -0.122231F, 0.024894F, 0.988219F, 1.127107F,
     0.703584F, 0.803398F, 0.687500F, -0.107204F, -0.372722F, 1.310343F, 1.544408F, 1.296875F},
};

START_TEST(same_as_training) {
    fill();
    run(WIDTH, HEIGHT);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            int k = y * WIDTH + x;
            ck_assert_float_eq_tol(chroma[y * PITCH + x], expected[0][k], 2e-6);
            ck_assert_float_eq_tol(chroma[(HEIGHT + y) * PITCH + x], expected[1][k], 2e-6);
            ck_assert_float_eq_tol(error[y * PITCH + x], fmaxf(expected[2][k], 0), 2e-6);
        }
}
END_TEST

/* Of 5 x 3 pixels the last cells are there in part; what lies behind must not be looked at. */
START_TEST(cells_beyond_the_picture_do_not_count) {
    fill();
    run(5, 3);
    float first = chroma[0], corner = chroma[2 * PITCH + 4];
    run(1, 1);
    float alone = chroma[0];
    for (int i = 0; i < ROWS * PITCH; i++)
        if (i)
            net_chroma[i] = cell_mono[i] = 1e9F;
    run(1, 1);
    ck_assert_float_eq(chroma[0], alone); /* only its own cell */
    ck_assert_float_eq_tol(alone, transferred[0] + net_chroma[0] - cell_chroma[0], 1e-6);
    fill();
    run(5, 3);
    ck_assert_float_eq(chroma[0], first);
    ck_assert_float_eq(chroma[2 * PITCH + 4], corner);
    ck_assert(isfinite(first) && isfinite(corner));
}
END_TEST

START_TEST(no_correction_changes_nothing) {
    fill();
    for (int i = 0; i < 2 * ROWS * PITCH; i++)
        net_chroma[i] = cell_chroma[i];
    for (int i = 0; i < ROWS * PITCH; i++)
        net_error[i] = cell_doubt[i];
    run(WIDTH, HEIGHT);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            ck_assert_float_eq(chroma[y * PITCH + x], transferred[y * PITCH + x]);
            ck_assert_float_eq(error[y * PITCH + x], doubt[y * PITCH + x]);
        }
}
END_TEST

START_TEST(too_few_cells_are_refused) {
    float some[16] = {0};
    const cf_plane_set one = {
        .data = some, .width = 5, .height = 1, .planes = 1, .pitch = 16, .elem = 4};
    cf_stage_io io = {0};
    for (int i = 0; i < 10; i++)
        *(i < 8 ? &io.in[i] : &io.out[i - 8]) = one;
    for (int i = 3; i < 8; i++)
        io.in[i].width = 2;
    io.in[0].planes = io.in[4].planes = io.in[6].planes = io.out[0].planes = 2;
    io.in[0].height = 1;
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_restore, &io, NULL), CF_ERR_INVALID);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, same_as_training);
    tcase_add_test(tc, cells_beyond_the_picture_do_not_count);
    tcase_add_test(tc, no_correction_changes_nothing);
    tcase_add_test(tc, too_few_cells_are_refused);
}

int main(void) {
    return test_run("restore", add);
}
