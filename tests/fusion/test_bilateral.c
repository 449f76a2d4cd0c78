/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `bilateral` against numbers computed with NumPy from the formula in its header, and what it
 * is for. Does not prove that the kernel agrees: conformance/bilateral does. */
#include "fusion/bilateral.h"

#include <math.h>

#include "tests/test_main.h"

enum { WIDTH = 40, HEIGHT = 30, PITCH = 48 };

static float mono[HEIGHT * PITCH], sigma[HEIGHT * PITCH], chroma[2 * HEIGHT * PITCH],
    error[HEIGHT * PITCH];
static float out[2 * HEIGHT * PITCH], out_error[HEIGHT * PITCH];

static void run(int width, int height, const cf_bilateral_params *params) {
    const struct {
        float *data;
        int planes;
    } ports[6] = {{mono, 1}, {sigma, 1}, {chroma, 2}, {error, 1}, {out, 2}, {out_error, 1}};
    cf_stage_io io = {0};
    for (int i = 0; i < 6; i++)
        *(i < 4 ? &io.in[i] : &io.out[i - 4]) = (cf_plane_set){.data = ports[i].data,
                                                               .width = width,
                                                               .height = height,
                                                               .planes = ports[i].planes,
                                                               .pitch = PITCH,
                                                               .elem = 4};
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_bilateral, &io, params), CF_OK);
}

static float *at(float *planes, int plane, int height, int x, int y) {
    return &planes[(plane * height + y) * PITCH + x];
}

/* Exact in float, and in the script that made the numbers below. */
static float value(int k) {
    return (float)(k * 7919 % 64) / 64;
}

enum { SMALL_WIDTH = 7, SMALL_HEIGHT = 6 };

/* The formula of fusion/bilateral.h, two passes, in double precision with NumPy. */
static const float expected[3][SMALL_WIDTH * SMALL_HEIGHT] = {
    {0.063192F, 0.029798F, 0.026754F, 0.066810F, 0.045155F, 0.023761F, 0.012866F,
     0.062075F, 0.034126F, 0.021368F, 0.036501F, 0.074365F, 0.034723F, 0.021688F,
     0.021795F, 0.065279F, 0.033346F, 0.026905F, 0.056178F, 0.042954F, 0.025047F,
     0.010358F, 0.050285F, 0.037033F, 0.025195F, 0.037627F, 0.074123F, 0.037213F,
     0.012945F, 0.023881F, 0.068048F, 0.037384F, 0.028140F, 0.057773F, 0.049265F,
     0.025178F, 0.022365F, 0.062872F, 0.046359F, 0.023513F, 0.029718F, 0.073865F},
    {0.079169F, 0.051277F, 0.034278F, -0.010232F, 0.066640F,  0.045168F,  0.032341F,
     0.013151F, 0.055611F, 0.041129F, 0.014722F,  -0.017679F, 0.056205F,  0.042595F,
     0.010635F, 0.065658F, 0.054814F, 0.032151F,  -0.008750F, 0.064439F,  0.046483F,
     0.021054F, 0.015920F, 0.058517F, 0.044324F,  0.020104F,  -0.017264F, 0.058698F,
     0.033261F, 0.019653F, 0.065611F, 0.058836F,  0.034110F,  -0.011367F, 0.070750F,
     0.046662F, 0.034480F, 0.000602F, 0.067843F,  0.043809F,  0.012231F,  -0.024828F},
    {2.549954F, 0.610447F, 2.500870F, 3.896252F, 1.560636F, 1.637953F, 2.815301F,
     3.472203F, 0.750136F, 3.439882F, 3.756799F, 3.702702F, 1.018724F, 1.224611F,
     3.746346F, 2.770963F, 1.259342F, 3.478570F, 3.890315F, 1.379039F, 0.319413F,
     4.123647F, 3.647059F, 0.958107F, 3.090822F, 3.321109F, 3.807940F, 0.937885F,
     4.791788F, 3.443894F, 2.982658F, 1.537623F, 3.279640F, 3.772808F, 1.705231F,
     0.230317F, 2.019157F, 3.763749F, 1.557883F, 4.905637F, 3.971590F, 3.520172F},
};

START_TEST(same_as_numpy) {
    cf_bilateral_params params = CF_BILATERAL_DEFAULTS;
    params.reach = 0.5F;
    params.noise = 2;
    params.mono_noise = 1;
    ck_assert_int_eq(cf_bilateral_widest(&params, SMALL_WIDTH, SMALL_HEIGHT), 2);
    for (int y = 0; y < SMALL_HEIGHT; y++)
        for (int x = 0; x < SMALL_WIDTH; x++) {
            int k = y * SMALL_WIDTH + x;
            mono[y * PITCH + x] = value(k) / 16 + 0.25F;
            sigma[y * PITCH + x] = value(100 + k) / 64;
            error[y * PITCH + x] = 8 * value(300 + k);
            for (int p = 0; p < 2; p++)
                *at(chroma, p, SMALL_HEIGHT, x, y) = (value(400 + 37 * p + k) - 0.25F) / 8;
        }
    run(SMALL_WIDTH, SMALL_HEIGHT, &params);
    for (int y = 0; y < SMALL_HEIGHT; y++)
        for (int x = 0; x < SMALL_WIDTH; x++) {
            int k = y * SMALL_WIDTH + x;
            ck_assert_float_eq_tol(*at(out, 0, SMALL_HEIGHT, x, y), expected[0][k], 3e-6);
            ck_assert_float_eq_tol(*at(out, 1, SMALL_HEIGHT, x, y), expected[1][k], 3e-6);
            ck_assert_float_eq_tol(out_error[y * PITCH + x], expected[2][k], 3e-5);
        }
}
END_TEST

/* Two materials, left and right, of the same brightness; blotches of 4 x 4 cells on both. */
static void two_materials(float noise) {
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            int blotch = (x / 4) + 10 * (y / 4);
            mono[y * PITCH + x] = 0.5F;
            sigma[y * PITCH + x] = 0.01F;
            error[y * PITCH + x] = 5;
            for (int p = 0; p < 2; p++)
                *at(chroma, p, HEIGHT, x, y) =
                    (x < WIDTH / 2 ? 0.4F : -0.2F) + noise * (value(blotch + 41 * p) - 0.5F);
        }
}

START_TEST(what_is_even_stays) {
    two_materials(0);
    run(WIDTH, HEIGHT, NULL);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            ck_assert_float_eq_tol(*at(out, 0, HEIGHT, x, y), *at(chroma, 0, HEIGHT, x, y), 1e-6);
            ck_assert_float_eq_tol(out_error[y * PITCH + x], 5, 1e-4);
        }
}
END_TEST

/* Blotches wider than the last steps go, and no colour crosses from one material to the other. */
START_TEST(blotches_go_and_edges_stay) {
    double before = 0, after = 0;
    two_materials(0.06F);
    run(WIDTH, HEIGHT, NULL);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            float truth = x < WIDTH / 2 ? 0.4F : -0.2F;
            float was = *at(chroma, 0, HEIGHT, x, y) - truth;
            float is = *at(out, 0, HEIGHT, x, y) - truth;
            before += (double)was * was;
            after += (double)is * is;
            ck_assert(fabsf(is) < 0.03F);
        }
    ck_assert(after < 0.25 * before);
}
END_TEST

START_TEST(broken_numbers_do_not_spread) {
    two_materials(0);
    mono[7] = NAN;
    *at(chroma, 0, HEIGHT, 20, 11) = INFINITY;
    error[3 * PITCH + 5] = -NAN;
    sigma[4 * PITCH + 6] = -INFINITY;
    run(WIDTH, HEIGHT, NULL);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            ck_assert(isfinite(*at(out, 0, HEIGHT, x, y)) && isfinite(*at(out, 1, HEIGHT, x, y)) &&
                      isfinite(out_error[y * PITCH + x]));
    ck_assert_float_eq_tol(*at(out, 0, HEIGHT, 10, 11), 0.4, 1e-5);
}
END_TEST

START_TEST(steps_follow_the_size) {
    cf_bilateral_params params = CF_BILATERAL_DEFAULTS;
    ck_assert_int_eq(cf_bilateral_widest(&params, 640, 368), 64);
    ck_assert_int_eq(cf_bilateral_widest(&params, 192, 240), 32);
    ck_assert_int_eq(cf_bilateral_widest(&params, 6, 9), 1);
    ck_assert_int_eq(cf_bilateral_widest(&params, 1, 1), 0);
    ck_assert_float_eq_tol(cf_bilateral_narrowing(&params, 32, 1), 1, 1e-6);
    ck_assert_float_eq_tol(cf_bilateral_narrowing(&params, 32, 32), 1 / (0.7F * 0.7F), 1e-5);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, same_as_numpy);
    tcase_add_test(tc, what_is_even_stays);
    tcase_add_test(tc, blotches_go_and_edges_stay);
    tcase_add_test(tc, broken_numbers_do_not_spread);
    tcase_add_test(tc, steps_follow_the_size);
}

int main(void) {
    return test_run("bilateral", add);
}
