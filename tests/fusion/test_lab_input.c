/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `lab_input` against PyTorch's antialiased interpolation of scikit-image's L*, and against
 * scikit-image's ab. Does not prove that the kernel agrees: conformance/lab_input does. */
#include "fusion/lab_input.h"

#include <math.h>
#include <string.h>

#include "tests/test_main.h"

#define PITCH 64
#define SIDE 32
#define AB_TOLERANCE 0.03 /* Rec.709 has its luminance to 4 digits, scikit-image to 6 */

static float mono[PITCH * SIDE], hint[2 * PITCH * SIDE], confidence[PITCH * SIDE],
    lab[4 * PITCH * SIDE];

/* Runs on a picture of width x height; every plane has its own rows of PITCH. */
static void run(int width, int height, const cf_lab_input_params *params) {
    cf_stage_io io = {
        .in = {{.data = mono, .planes = 1},
               {.data = hint, .planes = 2},
               {.data = confidence, .planes = 1}},
        .out[0] = {.data = lab,
                   .width = params->grid[0],
                   .height = params->grid[1],
                   .planes = 4,
                   .pitch = PITCH,
                   .elem = 4},
    };
    for (int i = 0; i < 3; i++) {
        io.in[i].width = width;
        io.in[i].height = height;
        io.in[i].pitch = PITCH;
        io.in[i].elem = 4;
    }
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_lab_input, &io, params), CF_OK);
}

static float at(const cf_lab_input_params *p, int plane, int x, int y) {
    return lab[(plane * p->grid[1] + y) * PITCH + x];
}

static void draw(int width, int height) {
    memset(confidence, 0, sizeof confidence);
    memset(hint, 0, sizeof hint);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            mono[y * PITCH + x] = (float)((x * 7 + y * 11) % 13) / 13;
}

/* torch.nn.functional.interpolate(rgb2lab(...)[..., 0], mode="bilinear", antialias=True) */
START_TEST(averages_lightness_as_pytorch_does) {
    cf_lab_input_params p = CF_LAB_INPUT_DEFAULTS;
    p.grid[0] = 9, p.grid[1] = 8;
    draw(37, 21);
    run(37, 21, &p);
    ck_assert_float_eq_tol(at(&p, 0, 0, 0), 66.608976, 1e-3);
    ck_assert_float_eq_tol(at(&p, 0, 8, 0), 65.979077, 1e-3);
    ck_assert_float_eq_tol(at(&p, 0, 4, 4), 66.379894, 1e-3);
    ck_assert_float_eq_tol(at(&p, 0, 2, 7), 67.287610, 1e-3);
    ck_assert_float_eq_tol(at(&p, 0, 8, 7), 70.927610, 1e-3);
    p.grid[0] = 12, p.grid[1] = 20; /* fewer pixels than cells */
    draw(9, 8);
    run(9, 8, &p);
    ck_assert_float_eq_tol(at(&p, 0, 0, 0), 0, 1e-3);
    ck_assert_float_eq_tol(at(&p, 0, 11, 0), 62.312340, 1e-3);
    ck_assert_float_eq_tol(at(&p, 0, 6, 10), 65.483269, 1e-3);
    ck_assert_float_eq_tol(at(&p, 0, 2, 19), 46.028282, 1e-3);
    ck_assert_float_eq_tol(at(&p, 0, 11, 19), 55.151483, 1e-3);
}
END_TEST

/* rgb2lab of sRGB 200,60,40; 30,90,200; 90,160,70; 12,20,8; 250,240,90 */
static const struct {
    float m, chroma[2], lab[3];
} colours[] = {
    {0.156643F, {2.620333F, -0.843012F}, {46.5360F, 54.2768F, 43.2067F}},
    {0.117585F, {-0.860319F, 3.783332F}, {40.8263F, 22.9125F, -62.3854F}},
    {0.277575F, {-0.622687F, -0.768282F}, {59.6682F, -39.5990F, 39.6073F}},
    {0.005960F, {-0.229271F, -0.354601F}, {5.3836F, -4.9520F, 4.6874F}},
    {0.833824F, {0.145794F, -0.873193F}, {93.1829F, -13.9118F, 70.9766F}},
};

START_TEST(hints_have_the_lab_of_scikit_image) {
    cf_lab_input_params p = CF_LAB_INPUT_DEFAULTS;
    p.grid[0] = p.grid[1] = 8;
    draw(8, 8);
    for (int i = 0; i < 5; i++) {
        mono[i] = colours[i].m;
        hint[i] = colours[i].chroma[0];
        hint[8 * PITCH + i] = colours[i].chroma[1];
        confidence[i] = 0.9F;
    }
    confidence[5] = 0.4F; /* too little */
    confidence[6] = NAN;
    hint[7] = NAN;
    confidence[7] = 1;
    run(8, 8, &p);
    for (int i = 0; i < 5; i++) {
        for (int k = 0; k < 3; k++)
            ck_assert_float_eq_tol(at(&p, k, i, 0), colours[i].lab[k], AB_TOLERANCE);
        ck_assert_float_eq(at(&p, 3, i, 0), 1);
    }
    for (int i = 5; i < 8; i++)
        for (int k = 1; k < 4; k++)
            ck_assert_float_eq(at(&p, k, i, 0), 0);
    p.hints = 0;
    run(8, 8, &p);
    for (int k = 1; k < 4; k++)
        ck_assert_float_eq(at(&p, k, 0, 0), 0);
}
END_TEST

/* One pixel of 1024 fills its cell; two of different confidence mix by it. */
START_TEST(small_points_are_not_lost) {
    cf_lab_input_params p = CF_LAB_INPUT_DEFAULTS;
    p.grid[0] = p.grid[1] = 8;
    draw(32, 32);
    for (int i = 0; i < 32 * PITCH; i++)
        mono[i] = colours[0].m;
    for (int k = 0; k < 2; k++) {
        float *plane = hint + k * 32 * PITCH;
        plane[13 * PITCH + 22] = colours[0].chroma[k];
        plane[2 * PITCH + 1] = colours[0].chroma[k]; /* and a grey one in that cell */
    }
    confidence[13 * PITCH + 22] = confidence[2 * PITCH + 1] = 0.9F;
    confidence[2 * PITCH + 2] = 0.6F;
    run(32, 32, &p);
    float sum = 0;
    for (int y = 0; y < 8; y++)
        for (int x = 0; x < 8; x++)
            sum += at(&p, 3, x, y);
    ck_assert_float_eq(sum, 2);
    ck_assert_float_eq(at(&p, 3, 5, 3), 1);
    ck_assert_float_eq_tol(at(&p, 1, 5, 3), colours[0].lab[1], AB_TOLERANCE);
    ck_assert_float_eq_tol(at(&p, 1, 0, 0), colours[0].lab[1] * 0.6, 0.02); /* .9 of 1.5 */
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, averages_lightness_as_pytorch_does);
    tcase_add_test(tc, hints_have_the_lab_of_scikit_image);
    tcase_add_test(tc, small_points_are_not_lost);
}

int main(void) {
    return test_run("lab_input", add);
}
