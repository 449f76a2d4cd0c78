/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `statistics` on pictures whose statistics are known in closed form. Does not prove that the
 * kernel agrees: conformance/statistics does. */
#include <math.h>

#include "base/alloc.h"
#include "isp/statistics.h"
#include "tests/test_main.h"

enum { SIDE = 64 };

static float data[3 * SIDE * SIDE], table[4 * CF_STATISTICS_BINS];
static float values[16 * CF_STATISTICS_VALUES], picked[CF_STATISTICS_VALUES];

static const float *run(int planes, float (*value)(int color, int i)) {
    for (int c = 0; c < planes; c++)
        for (int i = 0; i < SIDE * SIDE; i++)
            data[c * SIDE * SIDE + i] = value(c, i);
    cf_statistics_params p = CF_STATISTICS_DEFAULTS;
    p.step = 1;
    cf_stage_io io = {
        .in[0] = {.data = data,
                  .width = SIDE,
                  .height = SIDE,
                  .planes = planes,
                  .pitch = SIDE,
                  .elem = 4},
        .out[0] = {.data = table,
                   .width = CF_STATISTICS_BINS,
                   .height = 4,
                   .planes = 1,
                   .pitch = CF_STATISTICS_BINS,
                   .elem = 4},
        .out[1] = {.data = values,
                   .width = 1,
                   .height = 1,
                   .planes = CF_STATISTICS_VALUES,
                   .pitch = 16,
                   .elem = 4},
    };
    ck_assert_int_eq(cf_stage_run_ref(&cf_stage_statistics, &io, &p), CF_OK);
    for (int i = 0; i < CF_STATISTICS_VALUES; i++)
        picked[i] = values[16 * i];
    return picked;
}

/* Every value from 0 to 1 equally often. */
static float ramp(int color, int i) {
    (void)color;
    return ((float)i + 0.5F) / (SIDE * SIDE);
}

START_TEST(uniform_ramp) {
    const float *v = run(1, ramp);
    ck_assert_float_eq(v[CF_STATISTICS_SAMPLES], SIDE * SIDE);
    ck_assert_float_eq_tol(v[CF_STATISTICS_MEAN], 0.5, 1e-5);
    ck_assert_float_eq_tol(v[CF_STATISTICS_LOG_MEAN], exp(-1), 0.002); /* geometric mean: 1/e */
    ck_assert_float_eq_tol(v[CF_STATISTICS_P01], 0.01, 0.001);
    ck_assert_float_eq_tol(v[CF_STATISTICS_P50], 0.5, 0.001);
    ck_assert_float_eq_tol(v[CF_STATISTICS_P99], 0.99, 0.001);
    ck_assert_float_eq_tol(v[CF_STATISTICS_CLIPPED], 0.05, 0.001); /* clip is at 0.95 */
    ck_assert_float_eq_tol(v[CF_STATISTICS_EXPOSURE], 0.36, 0.001);
    double sum = 0;
    for (int k = 0; k < CF_STATISTICS_BINS; k++)
        sum += (double)table[3 * CF_STATISTICS_BINS + k];
    ck_assert_double_eq_tol(sum, 1, 1e-5);
}
END_TEST

/* Grey surfaces under warm light, with one clipped highlight that has no colour. */
static float warm(int color, int i) {
    static const float light[3] = {1.5F, 1, 0.5F};
    return i < 20 ? 1 : light[color] * (0.05F + 0.3F * (float)(i % 7) / 7);
}

START_TEST(white_balance_of_warm_light) {
    const float *v = run(3, warm);
    ck_assert_float_eq_tol(v[CF_STATISTICS_GREY_RED], 1 / 1.5, 1e-4);
    ck_assert_float_eq_tol(v[CF_STATISTICS_GREY_BLUE], 2, 1e-4);
    ck_assert_float_eq_tol(v[CF_STATISTICS_WHITE_RED], 1 / 1.5, 0.03);
    ck_assert_float_eq_tol(v[CF_STATISTICS_WHITE_BLUE], 2, 0.1);
}
END_TEST

static float black(int color, int i) {
    (void)color;
    return i == 3 ? NAN : -0.01F;
}

START_TEST(black_picture_asks_for_nothing) {
    const float *v = run(3, black);
    ck_assert_float_eq(v[CF_STATISTICS_MEAN], 0);
    ck_assert_float_eq(v[CF_STATISTICS_LOG_MEAN], 0);
    ck_assert_float_eq(v[CF_STATISTICS_GREY_RED], 1);
    ck_assert_float_eq(v[CF_STATISTICS_EXPOSURE], 1);
    ck_assert_float_eq(table[3 * CF_STATISTICS_BINS], 1); /* bin 0 */
}
END_TEST

START_TEST(edges_are_sixteen_to_an_octave) {
    ck_assert_float_eq(cf_statistics_edge(0), 0);
    ck_assert_float_eq(cf_statistics_edge(1), 0x1p-15F);
    ck_assert_float_eq(cf_statistics_edge(1 + 15 * 16), 1);
    for (int k = 1; k + 16 < CF_STATISTICS_BINS; k++)
        ck_assert_float_eq(cf_statistics_edge(k + 16), 2 * cf_statistics_edge(k));
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, uniform_ramp);
    tcase_add_test(tc, white_balance_of_warm_light);
    tcase_add_test(tc, black_picture_asks_for_nothing);
    tcase_add_test(tc, edges_are_sixteen_to_an_octave);
}

int main(void) {
    return test_run("statistics", add);
}
