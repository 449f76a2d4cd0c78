/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `demosaic_bilinear` against OpenCV. Does not prove that the kernel agrees:
 * conformance/demosaic_bilinear does. */
#include "isp/demosaic_bilinear.h"

#include "tests/test_main.h"

#define WIDTH 8
#define HEIGHT 6

/*
 * cv2.cvtColor(raw, cv2.COLOR_BayerBG2RGB) (RGGB) and COLOR_BayerGR2RGB (GBRG) on the 16-bit mosaic
 * raw[y][x] = (37 x x + 59 y y + 23 x y) % 1000 * 8, at (x, y) = (2, 2), (3, 2), (2, 3), (3, 3).
 */
static const struct {
    int red_x, red_y;
    float rgb[4][3];
} cases[] = {
    {0, 0, {{3808, 4192, 2576}, {1952, 5656, 2128}, {3008, 6536, 2832}, {3336, 4952, 568}}},
    {0, 1, {{4280, 3808, 4104}, {4424, 2040, 5656}, {6536, 2920, 3304}, {4864, 568, 5040}}},
};

static int raw_at(int x, int y) {
    return (37 * x * x + 59 * y * y + 23 * x * y) % 1000 * 8;
}

START_TEST(agrees_with_opencv_inside) {
    float raw[HEIGHT * 16], rgb[3 * HEIGHT * 16];
    cf_stage_io io = {
        .in[0] =
            {.data = raw, .width = WIDTH, .height = HEIGHT, .planes = 1, .pitch = 16, .elem = 4},
        .out[0] =
            {.data = rgb, .width = WIDTH, .height = HEIGHT, .planes = 3, .pitch = 16, .elem = 4},
    };
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            raw[y * 16 + x] = (float)raw_at(x, y);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const cf_demosaic_params params = {
            .red_x = cases[k].red_x, .red_y = cases[k].red_y, .gain = {1, 1, 1}};
        ck_assert_int_eq(cf_stage_run_ref(&cf_stage_demosaic_bilinear, &io, &params), CF_OK);
        for (int i = 0; i < 4; i++)
            for (int c = 0; c < 3; c++)
                ck_assert_float_eq_tol(rgb[(c * HEIGHT + 2 + i / 2) * 16 + 2 + i % 2],
                                       cases[k].rgb[i][c], 0.51);
    }
}
END_TEST

START_TEST(balances_and_mirrors) {
    float raw[2 * 16] = {[0] = 0.25F, [1] = 0.5F, [16] = 0.75F, [17] = 0.125F}, rgb[6 * 16];
    const cf_demosaic_params params = {.gain = {2, 1, 4}};
    cf_stage_io io = {
        .in[0] = {.data = raw, .width = 2, .height = 2, .planes = 1, .pitch = 16, .elem = 4},
        .out[0] = {.data = rgb, .width = 2, .height = 2, .planes = 3, .pitch = 16, .elem = 4},
    };
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_demosaic_bilinear, &io, &params), CF_OK);
    for (int i = 0; i < 4; i++) { /* one sample of red and blue serves all; greens are means */
        int at = i / 2 * 16 + i % 2;
        ck_assert_float_eq_tol(rgb[at], 0.5, 1e-6);
        ck_assert_float_eq_tol(rgb[4 * 16 + at], 0.5, 1e-6);
    }
    ck_assert_float_eq_tol(rgb[2 * 16], 0.625, 1e-6);
    ck_assert_float_eq_tol(rgb[2 * 16 + 1], 0.5, 1e-6);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, agrees_with_opencv_inside);
    tcase_add_test(tc, balances_and_mirrors);
}

int main(void) {
    return test_run("demosaic_bilinear", add);
}
