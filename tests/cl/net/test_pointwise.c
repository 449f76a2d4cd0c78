/* SPDX-License-Identifier: Apache-2.0 */
/* Accuracy of the device's functions against float64, far from and near their bends, and of
 * statistics far from zero. Says nothing about shapes and broadcasting: cl/net/operators does. */
#include <stdlib.h>

#include "tests/cl/net/one_node.h"

#define COUNT (1 << 16)

static cf_cl *cl;

static double exponential(double x) {
    return exp(x);
}
static double logarithm(double x) {
    return log(x);
}
static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}
static double tangent(double x) {
    return tanh(x);
}
static double error(double x) {
    return erf(x);
}
static double elu(double x) {
    return x < 0 ? expm1(x) : x;
}
static double softplus(double x) {
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}
static double gelu(double x) {
    return 0.5 * x * erfc(-x * sqrt(0.5));
}
static double mish(double x) {
    return x * tanh(softplus(x));
}
static double hard_swish(double x) {
    return x * fmin(1, fmax(0, x / 6 + 0.5));
}
static double sine(double x) {
    return sin(x);
}
static double root(double x) {
    return sqrt(x);
}

/* Bounds in units of 2^-24: of the result, or of 1 where results may cancel. docs/numerics.md has
 * what is measured. */
static const struct {
    const char *op;
    double (*exact)(double);
    double low, high, relative, absolute;
} functions[] = {
    {"Exp", exponential, -87, 88, 3, 0},   {"Log", logarithm, 1e-6, 100, 3, 1},
    {"Sigmoid", sigmoid, -20, 20, 6, 0},   {"Tanh", tangent, -10, 10, 5, 0},
    {"Erf", error, -4, 4, 4, 0},           {"Elu", elu, -10, 2, 3, 0},
    {"Softplus", softplus, -20, 20, 5, 0}, {"Gelu", gelu, -6, 6, 4, 4},
    {"Mish", mish, -20, 20, 6, 0},         {"HardSwish", hard_swish, -6, 6, 4, 4},
    {"Sin", sine, -100, 100, 4, 1},        {"Sqrt", root, 0, 100, 6, 0},
};

static void check_function(size_t k) {
    one_node n = {.type = functions[k].op};
    const cf_shape shape = {2, {1, COUNT}};
    double low = functions[k].low, high = functions[k].high, worst = 0, worst_absolute = 0;
    float *x = one_node_input(&n, 0, 1, shape);
    cf_net *net;
    for (int i = 0; i < COUNT; i++)
        x[i] = (float)(low + (high - low) * ((double)x[i] + 1) / 2);
    ck_assert_int_eq(one_node_plan(cl, &n, 0, &net), CF_OK);
    float *got = one_node_run(cl, &n, net);
    for (int i = 0; i < COUNT; i++) {
        double want = functions[k].exact((double)x[i]), e = fabs((double)got[i] - want) * 0x1p24;
        worst_absolute = fmax(worst_absolute, e);
        if (e > functions[k].absolute && !(e <= worst * fabs(want)))
            worst = e / fabs(want);
        ck_assert_msg(e <= functions[k].relative * fabs(want) + functions[k].absolute,
                      "%s(%.9g) is %.9g instead of %.9g", functions[k].op, (double)x[i],
                      (double)got[i], want);
    }
    if (getenv("VERBOSE"))
        printf("%-10s %g..%g: relative %.2f, absolute %.2f of 2^-24\n", functions[k].op, low, high,
               worst, worst_absolute);
    cf_free(got);
    cf_net_destroy(&net);
    one_node_free(&n);
}

START_TEST(functions_are_accurate) {
    for (size_t k = 0; k < sizeof functions / sizeof *functions; k++)
        check_function(k);
}
END_TEST

START_TEST(huge_angles_spoil_no_neighbours) {
    one_node n = {.type = "Sin"};
    const cf_shape shape = {2, {1, 64}};
    float *x = one_node_input(&n, 0, 3, shape);
    cf_net *net;
    x[5] = 3e38F;
    x[21] = INFINITY;
    x[38] = 1e6F;
    ck_assert_int_eq(one_node_plan(cl, &n, 0, &net), CF_OK);
    float *got = one_node_run(cl, &n, net);
    for (int i = 0; i < 64; i++)
        if (i == 21)
            ck_assert(isnan(got[i]));
        else if (fabsf(x[i]) > 3e4F)
            ck_assert(fabsf(got[i]) <= 1);
        else
            ck_assert(fabs((double)got[i] - sin((double)x[i])) < 1e-6);
    cf_free(got);
    cf_net_destroy(&net);
    one_node_free(&n);
}
END_TEST

/* Data of mean 1000 and deviation 0.6: summing squares in one pass would lose everything. */
static void check_statistics(const char *op, int channels) {
    one_node n = {.type = op};
    const cf_shape shape = {4, {1, channels, 90, 110}};
    const cf_shape vector = {1, {channels}};
    float *x = one_node_input(&n, 0, 1, shape);
    for (int64_t i = 0; i < cf_shape_count(&shape); i++)
        x[i] += 1000;
    for (int k = 0; k < 2; k++) {
        float *v = one_node_input(&n, 1, 1, vector);
        for (int c = 0; c < channels; c++)
            v[c] = (float)(1 - k);
    }
    /* a rounding of the mean (3e-5 at 1000) is 5e-5 of the deviation */
    ck_assert_double_lt(one_node_check(cl, &n, 0).max, 2e-4);
    one_node_free(&n);
}

START_TEST(statistics_far_from_zero) {
    check_statistics("InstanceNormalization", 17);
    check_statistics("InstanceNormalization", 3);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, functions_are_accurate);
    tcase_add_test(tc, huge_angles_spoil_no_neighbours);
    tcase_add_test(tc, statistics_far_from_zero);
}

int main(void) {
    if (cf_cl_open(NULL, &cl) != CF_OK)
        return 1;
    int failed = test_run("pointwise", add);
    cf_cl_close(&cl);
    return failed;
}
