/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `krige` against values by hand and by numpy (ways by SciPy's Dijkstra), and bad values
 * through reference and kernel. Does not prove that the kernel agrees on all good ones
 * (conformance/krige), nor that colours come nearer (docs/benchmarks.md). */
#include "fusion/krige.h"

#include <math.h>
#include <string.h>

#include "tests/fusion/run_stage.h"

enum { WIDTH = 12, HEIGHT = 9, PITCH = 16, PLANE = HEIGHT * PITCH, PORTS = 5 };

static const cf_krige_params defaults = CF_KRIGE_DEFAULTS;

static float guide[PLANE], guess[2 * PLANE], chroma[2 * PLANE], error[PLANE], out[2 * PLANE];
static float points[CF_POINTS_ROWS * PITCH];
static cf_cl *cl; /* NULL: the reference */

static void run(const cf_krige_params *params) {
    float *data[PORTS + 1] = {guide, guess, chroma, error, points, out};
    const int planes[PORTS + 1] = {1, 2, 2, 1, 1, 2};
    cf_stage_io io = {0};
    for (int i = 0; i <= PORTS; i++) {
        cf_plane_set *set = i < PORTS ? &io.in[i] : &io.out[0];
        *set = (cf_plane_set){.width = i == 4 ? CF_POINTS_COLUMNS : WIDTH,
                              .height = i == 4 ? CF_POINTS_ROWS : HEIGHT,
                              .planes = planes[i],
                              .pitch = PITCH,
                              .elem = 4,
                              .data = data[i]};
    }
    run_stage(&cf_stage_krige, cl, &io, PORTS, params);
}

/* Even, grey, and nothing known. */
static void start(void) {
    memset(points, 0, sizeof points);
    for (int i = 0; i < PLANE; i++) {
        guide[i] = 0.5F;
        error[i] = defaults.sure;
        guess[i] = guess[PLANE + i] = chroma[i] = chroma[PLANE + i] = 0;
    }
}

static void add_point(int index, int x0, int x1, int y0, int y1, float red, float blue) {
    const float row[CF_POINTS_COLUMNS] = {(float)x0, (float)x1, (float)y0, (float)y1, red, blue, 1};
    memcpy(points + (size_t)index * PITCH, row, sizeof row);
}

START_TEST(the_guess_without_points) {
    start();
    for (int i = 0; i < 2 * PLANE; i++) {
        guess[i] = (float)(i % 13) / 8 - 0.5F;
        chroma[i] = 3;
    }
    run(NULL);
    for (int y = 0; y < 2 * HEIGHT; y++)
        ck_assert_mem_eq(out + y * PITCH, guess + y * PITCH, WIDTH * sizeof(float));
}
END_TEST

/* One point on an even surface: a straight way, and a share of 1 / (1 + noise) at the point. */
START_TEST(falls_off_along_the_way) {
    start();
    add_point(0, 2, 2, 4, 4, 0.3F, -0.2F);
    for (int i = 0; i < PLANE; i++)
        error[i] = 1e4F;
    run(NULL);
    for (int x = 0; x < WIDTH; x++) {
        float way = fabsf((float)x - 2) / WIDTH;
        float k = (0.5F + 0.6F * expf(-way)) / 1.1F;
        ck_assert_float_eq_tol(out[4 * PITCH + x], 0.3F * k / 1.05F, 1e-5);
        ck_assert_float_eq_tol(out[PLANE + 4 * PITCH + x], -0.2F * k / 1.05F, 1e-5);
    }
    cf_krige_params sharp = defaults;
    sharp.common = 1e-3F;
    sharp.alike = 0;
    sharp.reach = 0.1F;
    run(&sharp);
    ck_assert_float_lt(out[4 * PITCH + 11], 0.001F);
}
END_TEST

/* What is twice as bright, or guessed to be of another colour, shares only what the whole picture
 * does, in chroma times brightness. */
START_TEST(other_surfaces_follow_less) {
    start();
    add_point(0, 1, 1, 4, 4, 0.4F, 0);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 6; x < WIDTH; x++)
            guide[y * PITCH + x] = 1.9F;
    run(NULL);
    float common = 0.5F * 0.4F * (0.3F / 1.1F) / 1.05F * (0.5F + 0.1F) / (1.9F + 0.1F);
    ck_assert_float_eq_tol(out[4 * PITCH + 10], common, 1e-5);
    ck_assert_float_gt(out[4 * PITCH + 4], 3 * out[4 * PITCH + 7]);
    for (int i = 0; i < PLANE; i++) {
        guide[i] = 0.5F;
        guess[i] = i % PITCH < 6 ? 0 : 1;
    }
    run(NULL);
    common = 0.5F * (1 + 0.4F * (0.3F / 1.1F) / 1.05F); /* half of the guess and its shift */
    ck_assert_float_eq_tol(out[4 * PITCH + 10], common, 1e-5);
}
END_TEST

START_TEST(what_is_known_stays) {
    start();
    add_point(0, 2, 3, 4, 5, 0.3F, -0.2F);
    for (int i = 0; i < 2 * PLANE; i++)
        chroma[i] = 0.7F;
    for (int i = 0; i < PLANE; i++)
        error[i] = i % PITCH < 6 ? 0 : defaults.sure;
    run(NULL);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            if (x < 6)
                ck_assert_float_eq(out[y * PITCH + x], 0.7F);
            else
                ck_assert_float_lt(out[y * PITCH + x], 0.6F);
}
END_TEST

static void numpy_case(void) {
    start();
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            int i = y * PITCH + x;
            guide[i] = 0.3F + 0.05F * (float)((x * 7 + y * 3) % 5) + (x >= 7 ? 0.3F : 0);
            guess[i] = 0.1F * (float)((x + 2 * y) % 4) - 0.1F;
            guess[PLANE + i] = 0.2F - 0.05F * (float)((3 * x + y) % 6);
        }
    add_point(0, 1, 3, 2, 3, 0.5F, -0.2F);
    add_point(1, 8, 8, 1, 2, -0.3F, 0.6F);
    add_point(2, 4, 5, 7, 8, 0.1F, 0.1F);
}

/* (0, 0), (5, 0), (11, 0), (0, 4) .. (11, 8), red and blue: scipy.sparse.csgraph.dijkstra,
 * numpy.linalg.solve. */
static const float expected[2][9] = {
    {0.09119F, 0.13514F, 0.05906F, 0.03538F, 0.08433F, 0.06119F, -0.04799F, 0.00143F, 0.08125F},
    {0.03491F, -0.03478F, 0.10834F, -0.02670F, 0.05657F, 0.15071F, 0.09821F, 0.01759F, 0.02946F}};

START_TEST(same_as_numpy) {
    static const int columns[3] = {0, 5, 11}, rows[3] = {0, 4, 8};
    numpy_case();
    run(NULL);
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < 9; i++)
            ck_assert_float_eq_tol(out[k * PLANE + rows[i / 3] * PITCH + columns[i % 3]],
                                   expected[k][i], 2e-5);
}
END_TEST

/* The same point again and again: an equation that has no solution but for the noise. */
START_TEST(repeats_do_no_harm) {
    start();
    for (int i = 0; i < CF_POINTS_ROWS; i++)
        add_point(i, 5, 5, 4, 4, 0.3F, 0);
    run(NULL);
    ck_assert_float_eq_tol(out[4 * PITCH + 5], 0.5F * 0.3F / (1 + 0.05F / CF_POINTS_ROWS), 1e-4);
}
END_TEST

/* The less a point counts, the more of it is noise; weights above 1 are 1. */
START_TEST(weights_divide_the_noise) {
    static const float weight[] = {1, 0.5F, 0.1F, 3};
    static const float noise[] = {0.05F, 0.1F, 0.5F, 0.05F};
    for (int i = 0; i < 4; i++) {
        start();
        add_point(0, 5, 5, 4, 4, 0.3F, 0);
        points[CF_POINTS_WEIGHT] = weight[i];
        run(NULL);
        ck_assert_float_eq_tol(out[4 * PITCH + 5], 0.5F * 0.3F / (1 + noise[i]), 1e-5);
    }
}
END_TEST

START_TEST(nothing_bad_spreads) {
    float by_reference[2 * PLANE];
    for (int pass = 0; pass < 2; pass++) {
        numpy_case();
        guide[3] = NAN, guide[20] = -1, guide[40] = INFINITY;
        guess[5] = NAN, guess[PLANE + 36] = INFINITY, chroma[7] = NAN, chroma[8] = -1e9F;
        error[9] = NAN, error[10] = -1, error[11] = INFINITY;
        add_point(3, -5, 900, 3, 1, NAN, 1e9F);
        points[4 * PITCH + 6] = NAN; /* ends the list */
        add_point(5, 1, 1, 1, 1, 9, 9);
        if (pass && cf_cl_open(NULL, &cl) != CF_OK)
            return; /* conformance says so */
        run(NULL);
        for (int i = 0; i < 2 * PLANE; i++)
            if (i % PITCH < WIDTH) {
                ck_assert(fabsf(out[i]) < 4);
                if (!pass)
                    by_reference[i] = out[i];
                ck_assert_float_eq_tol(out[i], by_reference[i], 1e-5);
            }
    }
    cf_cl_close(&cl);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, the_guess_without_points);
    tcase_add_test(tc, falls_off_along_the_way);
    tcase_add_test(tc, other_surfaces_follow_less);
    tcase_add_test(tc, what_is_known_stays);
    tcase_add_test(tc, same_as_numpy);
    tcase_add_test(tc, repeats_do_no_harm);
    tcase_add_test(tc, weights_divide_the_noise);
    tcase_add_test(tc, nothing_bad_spreads);
}

int main(void) {
    return test_run("krige", add);
}
