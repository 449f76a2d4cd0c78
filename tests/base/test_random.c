/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers: the generator against its authors' numbers, the deviates against their
 * distributions. Does not prove independence over long runs: that is the authors' work. */
#include "base/random.h"

#include <math.h>

#include "tests/test_main.h"

/* First outputs of the reference code, xoshiro256plusplus.c by Blackman and Vigna, for state
 * 1 2 3 4. */
START_TEST(matches_the_reference_generator) {
    static const uint64_t expected[] = {
        41943041U,           58720359U, 3588806011781223U, 3591011842654386U, 9228616714210784205U,
        9973669472204895162U};
    cf_random random = {.state = {1, 2, 3, 4}};
    for (int i = 0; i < 6; i++)
        ck_assert_uint_eq(cf_random_bits(&random), expected[i]);
}
END_TEST

/* SplitMix64's first output for seed 0, as in its reference code. */
START_TEST(spreads_the_seed) {
    cf_random a, b;
    cf_random_seed(&a, 0);
    ck_assert_uint_eq(a.state[0], 0xe220a8397b1dcdafU);
    cf_random_seed(&b, 1);
    ck_assert_uint_ne(cf_random_bits(&a), cf_random_bits(&b));
}
END_TEST

/* Means and variances lie within five standard errors. */
static void expect_moments(double (*draw)(cf_random *, double), double argument, double mean,
                           double variance, double fourth) {
    const int count = getenv("CHROMAFUSE_VALGRIND") ? 4000 : 200000;
    cf_random random;
    double sum = 0, squares = 0;
    cf_random_seed(&random, 12345);
    for (int i = 0; i < count; i++) {
        double d = draw(&random, argument) - mean;
        sum += d;
        squares += d * d;
    }
    ck_assert_msg(fabs(sum / count) < 5 * sqrt(variance / count), "mean off by %g at %g",
                  sum / count, argument);
    ck_assert_msg(fabs(squares / count - variance) <
                      5 * sqrt((fourth - variance * variance) / count),
                  "variance %g, not %g, at %g", squares / count, variance, argument);
}

static double normal(cf_random *random, double unused) {
    (void)unused;
    return cf_random_normal(random);
}

static double uniform(cf_random *random, double unused) {
    (void)unused;
    return cf_random_uniform(random);
}

START_TEST(has_the_right_moments) {
    static const double means[] = {0.01, 0.5, 3, 9.99, 10, 30, 400, 1e4, 3e6};
    expect_moments(uniform, 0, 0.5, 1.0 / 12, 1.0 / 80);
    expect_moments(normal, 0, 0, 1, 3);
    for (int i = 0; i < 9; i++) /* fourth central moment: m (1 + 3 m) */
        expect_moments(cf_random_poisson, means[i], means[i], means[i],
                       means[i] * (1 + 3 * means[i]));
}
END_TEST

/* Pearson's chi-squared over the cells 0..39 against the probabilities themselves. */
START_TEST(poisson_has_the_right_shape) {
    static const double means[] = {4, 12, 21};
    enum { CELLS = 40 };
    const int count = getenv("CHROMAFUSE_VALGRIND") ? 4000 : 200000;
    for (int m = 0; m < 3; m++) {
        double cells[CELLS + 1] = {0}, chi = 0;
        int used = 0;
        cf_random random;
        cf_random_seed(&random, 7);
        for (int i = 0; i < count; i++) {
            double k = cf_random_poisson(&random, means[m]);
            ck_assert(k >= 0 && floor(k) == k);
            cells[k < CELLS ? (int)k : CELLS]++;
        }
        for (int k = 0; k < CELLS; k++) {
            double expected = count * exp(k * log(means[m]) - means[m] - lgamma(k + 1.0));
            if (expected < 10)
                continue;
            chi += (cells[k] - expected) * (cells[k] - expected) / expected;
            used++;
        }
        ck_assert_msg(chi < used + 5 * sqrt(2.0 * used), "chi-squared %g over %d cells at %g", chi,
                      used, means[m]);
    }
}
END_TEST

START_TEST(poisson_of_nothing_is_zero) {
    cf_random random;
    cf_random_seed(&random, 3);
    ck_assert_double_eq(cf_random_poisson(&random, 0), 0);
    ck_assert_double_eq(cf_random_poisson(&random, -4), 0);
    ck_assert_double_eq(cf_random_poisson(&random, NAN), 0);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, matches_the_reference_generator);
    tcase_add_test(tc, spreads_the_seed);
    tcase_add_test(tc, has_the_right_moments);
    tcase_add_test(tc, poisson_has_the_right_shape);
    tcase_add_test(tc, poisson_of_nothing_is_zero);
}

int main(void) {
    return test_run("random", add);
}
