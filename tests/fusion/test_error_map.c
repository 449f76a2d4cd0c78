/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `error_map` against values by hand and by numpy, and bad values through reference and
 * kernel. Does not prove that the kernel agrees on good ones (conformance/error_map), nor that its
 * ranks are better (docs/benchmarks.md). */
#include "fusion/error_map.h"

#include <math.h>

#include "tests/fusion/run_stage.h"

enum { WIDTH = 7, HEIGHT = 6, AREA = WIDTH * HEIGHT, PITCH = 16 };

static float error[AREA], mono[AREA], chroma[2 * AREA], before[2 * AREA], map[AREA];

static cf_cl *cl; /* NULL: the reference */
static float padded[5][2 * HEIGHT * PITCH];

static void pad(int port, const float *from, int rows) {
    for (int i = 0; i < rows * WIDTH; i++)
        padded[port][i / WIDTH * PITCH + i % WIDTH] = from[i];
}

static void run(void) {
    const cf_plane_set one = {
        .width = WIDTH, .height = HEIGHT, .planes = 1, .pitch = PITCH, .elem = 4};
    cf_stage_io io = {.in = {one, one, one, one}, .out = {one}};
    io.in[2].planes = io.in[3].planes = 2;
    for (int i = 0; i < 4; i++)
        io.in[i].data = padded[i];
    io.out[0].data = padded[4];
    pad(0, error, HEIGHT);
    pad(1, mono, HEIGHT);
    pad(2, chroma, 2 * HEIGHT);
    pad(3, before, 2 * HEIGHT);
    run_stage(&cf_stage_error_map, cl, &io, 4, NULL);
    for (int i = 0; i < AREA; i++)
        map[i] = padded[4][i / WIDTH * PITCH + i % WIDTH];
}

static void fill(float e, float m) {
    for (int i = 0; i < AREA; i++) {
        error[i] = e;
        mono[i] = m;
        chroma[i] = before[i] = 0.5F;
        chroma[AREA + i] = before[AREA + i] = -0.25F;
    }
}

/* Where nothing was corrected. */
#define UNMOVED powf(1 / 26.0F, 0.03F)

/* Even surfaces; stripes of one pixel, half of the weights away from a pixel's own. */
START_TEST(goes_with_detail) {
    fill(8, 0.25F);
    run();
    for (int i = 0; i < AREA; i++)
        ck_assert_float_eq_tol(map[i], 8 * powf(1 / 901.0F, 1 / 16.0F) * UNMOVED, 1e-5);
    for (int s = 1; s <= 10; s += 9) {
        double step = 0.015 * sqrt(2) * s; /* a mean square of 0.015^2 */
        for (int i = 0; i < AREA; i++)
            mono[i] = (float)pow(0.5 + (i % WIDTH % 2 ? step / 2 : -step / 2), 2);
        run();
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 2; x < WIDTH - 2; x++) {
                /* two pixels on is a pixel of its own kind, but for those beyond the border */
                double darker = x == 3 ? -step / 8 : 0;
                ck_assert_float_eq_tol(map[y * WIDTH + x],
                                       8 * pow(s, 1 / 8.0) * UNMOVED * exp(1.5 * darker), 0.002);
            }
    }
}
END_TEST

/* Chroma that moved by as much as is usual, and by ten times that. */
START_TEST(goes_with_correction) {
    float even = 8 * powf(1 / 901.0F, 1 / 16.0F);
    for (int s = 1; s <= 10; s += 9) {
        fill(8, 0.25F);
        for (int i = 0; i < 2 * AREA; i++)
            chroma[i] += (float)s * sqrtf(CF_ERROR_MAP_MOVED / 0.25F / 2);
        run();
        for (int i = 0; i < AREA; i++)
            ck_assert_float_eq_tol(map[i], even * powf(((float)(s * s) * 25 + 1) / 26, 0.03F),
                                   1e-4);
    }
}
END_TEST

/* A line of pixels that is 0.2 darker in sqrt-mono, every other pixel around it counts: 10 / 16 of
 * them lie beside it. */
START_TEST(goes_up_in_the_dark) {
    fill(8, 0.25F);
    for (int y = 0; y < HEIGHT; y++)
        mono[y * WIDTH + 3] = 0.09F;
    run();
    float square = 0.04F * 10 / 16;
    float line = 8 * powf((square + 2.5e-7F) / 2.2525e-4F, 1 / 16.0F) * UNMOVED;
    for (int y = 0; y < HEIGHT; y++)
        ck_assert_float_eq_tol(map[y * WIDTH + 3], line * expf(1.5F * 0.2F * 10 / 16), 1e-3);
}
END_TEST

/* An error on one side of an edge in mono stays there, but for a thousandth. */
START_TEST(stays_on_its_side_of_an_edge) {
    for (int i = 0; i < AREA; i++) {
        mono[i] = i % WIDTH < 3 ? 0.04F : 0.81F;
        error[i] = i % WIDTH < 3 ? 0 : 10;
    }
    run();
    for (int y = 0; y < HEIGHT; y++) {
        ck_assert_float_lt(map[y * WIDTH + 2], 0.02);
        ck_assert_float_gt(map[y * WIDTH + 3], 9);
    }
}
END_TEST

/* numpy: sums of shifted copies (numpy.pad, mode "edge") of sqrt(mono), the error, and mono times
 * the squared correction. */
static const float expected[AREA] = {
    0.09880F,  13.46708F, 9.70772F,  7.89004F,  14.68695F, 16.41925F, 11.70839F,
    4.83716F,  14.91880F, 12.18181F, 8.21104F,  9.72795F,  16.83911F, 14.53051F,
    7.66764F,  2.07678F,  13.61010F, 10.12356F, 7.44677F,  14.03615F, 17.14828F,
    10.87946F, 6.44974F,  15.87307F, 12.37919F, 8.96159F,  9.99432F,  18.11581F,
    12.80926F, 9.28629F,  6.79439F,  13.63454F, 10.90629F, 8.02677F,  13.52901F,
    15.07392F, 11.37224F, 7.09048F,  36.43223F, 12.88999F, 7.82031F,  6.69526F};

START_TEST(same_as_numpy) {
    for (int i = 0; i < AREA; i++) {
        error[i] = (float)(i * 7919 % 64) / 4;
        mono[i] = (float)(i * 104729 % 61 + 1) / 128;
        for (int k = 0; k < 2; k++) {
            chroma[k * AREA + i] = (float)((i * 31 + k * 17) % 23 - 11) / 16;
            before[k * AREA + i] = (float)((i * 13 + k * 5) % 19 - 9) / 16;
        }
    }
    run();
    for (int i = 0; i < AREA; i++)
        ck_assert_float_eq_tol(map[i], expected[i], 2e-5);
}
END_TEST

START_TEST(nothing_bad_spreads) {
    float by_reference[AREA];
    for (int pass = 0; pass < 2; pass++) {
        fill(4, 0.5F);
        error[3] = NAN, error[9] = INFINITY, error[17] = -5;
        mono[22] = NAN, mono[23] = -1, mono[30] = INFINITY;
        chroma[5] = NAN, chroma[AREA + 6] = INFINITY, before[12] = -1e30F;
        if (pass && cf_cl_open(NULL, &cl) != CF_OK)
            return; /* conformance says so */
        run();
        for (int i = 0; i < AREA; i++) {
            ck_assert(map[i] >= 0 && map[i] < 40);
            if (!pass)
                by_reference[i] = map[i];
            ck_assert_float_eq_tol(map[i], by_reference[i], 1e-5);
        }
    }
    cf_cl_close(&cl);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, goes_with_detail);
    tcase_add_test(tc, goes_with_correction);
    tcase_add_test(tc, goes_up_in_the_dark);
    tcase_add_test(tc, stays_on_its_side_of_an_edge);
    tcase_add_test(tc, same_as_numpy);
    tcase_add_test(tc, nothing_bad_spreads);
}

int main(void) {
    return test_run("error_map", add);
}
