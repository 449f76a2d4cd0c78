/* SPDX-License-Identifier: Apache-2.0 */
/* Gemm and MatMul: our kernel and CLBlast against the reference, which sums in double, and the
 * reference against a case by hand; what tuning keeps. Attributes as other programs understand
 * them: test_onnx_cases. Speed: chromafuse bench. */
#include <stdio.h>
#include <stdlib.h>

#include "cl/net/gemm.h"
#include "tests/cl/net/one_node.h"

static cf_cl *cl;
static char folder[512]; /* of the program cache */

typedef struct {
    int m, n, k, trans_a, trans_b;
    float alpha, beta;
    int c_rank, c_rows, c_columns; /* rank -1: no C */
    int constant;                  /* 1: B and C are */
} gemm_case;

static const gemm_case products[] = {
    {1, 1, 1, 0, 0, 1, 1, -1, 0, 0, 0},       {1, 3, 15, 0, 1, 1, 1, 1, 0, 3, 1},
    {3, 15, 16, 0, 0, 1, 1, 1, 0, 15, 1},     {15, 16, 17, 1, 0, 0.5f, 1, 1, 0, 16, 1},
    {16, 17, 33, 1, 1, 1, 2, 2, 16, 17, 1},   {17, 33, 3, 0, 1, 2, 0.25f, 2, 17, 1, 0},
    {33, 32, 40, 0, 0, 1, 0.5f, 2, 33, 1, 0}, {33, 48, 65, 1, 1, 1, 1, 2, 1, 48, 1},
    {4, 16, 100, 0, 1, 1, 1, 0, 0, 0, 0},     {14, 20, 31, 1, 0, 1, 0, 1, 0, 20, 0},
    {29, 64, 16, 0, 0, -1, 1, 2, 29, 64, 0},  {1, 100, 1000, 0, 1, 1, 1, 1, 0, 100, 1},
};

static void build_gemm(one_node *n, const gemm_case *c, int relu) {
    *n = (one_node){.type = "Gemm", .relu = relu};
    float scale = 1 / sqrtf((float)c->k);
    one_node_input(n, 0, 1, (cf_shape){2, {c->trans_a ? c->k : c->m, c->trans_a ? c->m : c->k}});
    one_node_input(n, c->constant, scale,
                   (cf_shape){2, {c->trans_b ? c->n : c->k, c->trans_b ? c->k : c->n}});
    if (c->c_rank == 2)
        one_node_input(n, c->constant, 1, (cf_shape){2, {c->c_rows, c->c_columns}});
    else if (c->c_rank >= 0)
        one_node_input(n, c->constant, 1, (cf_shape){c->c_rank, {c->c_columns}});
    one_node_int(n, "transA", c->trans_a);
    one_node_int(n, "transB", c->trans_b);
    one_node_float(n, "alpha", c->alpha);
    one_node_float(n, "beta", c->beta);
}

static const cf_shape factors[][2] = {
    {{2, {5, 7}}, {2, {7, 3}}},
    {{1, {7}}, {2, {7, 16}}},
    {{2, {17, 33}}, {1, {33}}},
    {{1, {9}}, {1, {9}}},
    {{3, {3, 17, 18}}, {3, {3, 18, 32}}},
    {{4, {2, 3, 15, 16}}, {4, {1, 3, 16, 5}}},
    {{4, {2, 1, 15, 16}}, {3, {3, 16, 16}}},
    {{3, {4, 20, 32}}, {2, {32, 48}}},
    {{1, {32}}, {3, {4, 32, 48}}},
    {{4, {1, 2, 4, 8}}, {1, {8}}},
    {{5, {2, 1, 2, 4, 8}}, {5, {1, 3, 1, 8, 3}}},
};

static void build_matmul(one_node *n, const cf_shape *two, int constant, int relu) {
    *n = (one_node){.type = "MatMul", .relu = relu};
    one_node_input(n, 0, 1, two[0]);
    one_node_input(n, constant, 1, two[1]);
}

/* The default method, or another where the caller has made it known by a tuning file. */
static void check_all(double max, double mean) {
    for (size_t i = 0; i < 2 * sizeof products / sizeof *products; i++) {
        one_node n;
        build_gemm(&n, &products[i / 2], i % 2);
        one_node_error e = one_node_check(cl, &n, 0);
        ck_assert_msg(e.max <= max && e.mean <= mean, "Gemm %zu: %g, mean %g", i, e.max, e.mean);
        one_node_free(&n);
    }
    for (size_t i = 0; i < 4 * sizeof factors / sizeof *factors; i++) {
        one_node n;
        build_matmul(&n, factors[i / 4], i % 2, i / 2 % 2);
        one_node_error e = one_node_check(cl, &n, 0);
        ck_assert_msg(e.max <= max && e.mean <= mean, "MatMul %zu: %g, mean %g", i, e.max, e.mean);
        one_node_free(&n);
    }
}

START_TEST(agrees_with_the_reference) {
    check_all(4e-6, 5e-7);
}
END_TEST

/* What docs/numerics.md says. */
START_TEST(error_of_long_sums) {
    const gemm_case c = {50, 64, 1024, 0, 1, 1, 1, 1, 0, 64, 1};
    one_node n;
    build_gemm(&n, &c, 0);
    one_node_error e = one_node_check(cl, &n, 0);
    printf("gemm, 1024 terms: max %.2g, mean %.2g of rms\n", e.max, e.mean);
    ck_assert(e.max <= 2e-6 && e.mean <= 2e-7);
    one_node_free(&n);
}
END_TEST

/* 0.5 (1 2; 3 4) (5 6; 7 8)^T + 2 (1 0) */
START_TEST(reference_by_hand) {
    static const float a[4] = {1, 2, 3, 4}, b[4] = {5, 6, 7, 8}, bias[2] = {1, 0};
    static const float want[4] = {10.5f, 11.5f, 21.5f, 26.5f};
    const gemm_case c = {2, 2, 2, 0, 1, 0.5f, 2, 1, 0, 2, 1};
    one_node n;
    cf_shape shape;
    build_gemm(&n, &c, 0);
    memcpy(n.data[0], a, sizeof a);
    memcpy(n.data[1], b, sizeof b);
    memcpy(n.data[2], bias, sizeof bias);
    float *got = one_node_reference(&n, &shape);
    for (int i = 0; i < 4; i++)
        ck_assert_float_eq(got[i], want[i]);
    cf_free(got);
    one_node_free(&n);
}
END_TEST

START_TEST(refuses_what_does_not_fit) {
    const gemm_case wrong[] = {{2, 3, 4, 0, 0, 1, 1, 1, 0, 4, 1},
                               {2, 3, 4, 0, 0, 1, 1, 2, 3, 3, 1}};
    const cf_shape unequal[][2] = {
        {{2, {3, 4}}, {2, {3, 4}}}, {{1, {4}}, {1, {3}}}, {{3, {2, 3, 4}}, {3, {3, 4, 2}}}};
    one_node n;
    cf_net *net;
    cf_log_set(NULL, NULL, CF_LOG_ERROR);
    for (size_t i = 0; i < 2; i++) {
        build_gemm(&n, &wrong[i], 0);
        ck_assert_int_eq(one_node_plan(cl, &n, 0, &net), CF_ERR_FORMAT);
        one_node_free(&n);
    }
    for (size_t i = 0; i < 3; i++) {
        build_matmul(&n, unequal[i], 0, 0);
        ck_assert_int_eq(one_node_plan(cl, &n, 0, &net), CF_ERR_FORMAT);
        one_node_free(&n);
    }
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
}
END_TEST

/* CLBlast on a square product, forced through the planner's own interface. */
static cf_status plan_clblast(cf_planner *plan, cf_op *op) {
    static const int which[2];
    const cf_gemm g = {
        .batch = 1, .m = 40, .n = 24, .k = 33, .alpha = 1, .b_matrices = 1, .which = which};
    return cf_gemm_clblast.plan(plan, op, &g);
}

START_TEST(clblast_agrees) {
    const cf_shape two[2] = {{2, {40, 33}}, {2, {33, 24}}};
    cf_operator forced = *cf_operator_find("MatMul");
    forced.plan = plan_clblast;
    for (int i = 0; i < 4; i++) {
        one_node n;
        cf_net *net;
        cf_shape shape;
        build_matmul(&n, two, i & 1, i >> 1);
        one_node_model(&n);
        n.nodes[0].type = &forced;
        ck_assert_int_eq(cf_net_create(cl, &n.model, NULL, &net), CF_OK);
        float *got = one_node_run(cl, &n, net), *want = one_node_reference(&n, &shape);
        for (int64_t k = 0; k < cf_shape_count(&shape); k++)
            ck_assert_float_eq_tol(got[k], want[k], 2e-5);
        cf_free(got);
        cf_free(want);
        cf_net_destroy(&net);
        one_node_free(&n);
    }
}
END_TEST

/* The only tuning file in the folder, "" when there is none. */
static void tuning_file(char *path, size_t room) {
    char command[600];
    path[0] = 0;
    snprintf(command, sizeof command, "ls '%s'/tuning-*.txt 2>/dev/null", folder);
    FILE *list = popen(command, "r");
    ck_assert(list != NULL);
    if (fgets(path, (int)room, list))
        path[strcspn(path, "\n")] = 0;
    pclose(list);
}

static int lines_with(const char *path, const char *word) {
    char line[512];
    int count = 0;
    FILE *f = fopen(path, "r");
    ck_assert(f != NULL);
    while (fgets(line, sizeof line, f))
        count += strstr(line, word) != NULL;
    fclose(f);
    return count;
}

/* Measuring keeps one line per node, twice or not; a damaged file is nobody's trouble. */
START_TEST(tuning_is_kept) {
    const gemm_case c = {20, 32, 40, 0, 1, 1, 1, 1, 0, 32, 1};
    char path[600];
    one_node n;
    tuning_file(path, sizeof path);
    if (path[0])
        remove(path);
    build_gemm(&n, &c, 1);
    for (int i = 0; i < 2; i++) {
        one_node_error e = one_node_check(cl, &n, 1);
        ck_assert(e.max <= 4e-6);
        tuning_file(path, sizeof path);
        ck_assert(path[0]);
        ck_assert_int_eq(lines_with(path, "gemm_"), 1);
    }
    size_t before = cf_pool_statistics(cl).live_count;
    ck_assert(one_node_check(cl, &n, 0).max <= 4e-6);
    ck_assert_uint_eq(cf_pool_statistics(cl).live_count, before);
    FILE *f = fopen(path, "r+");
    ck_assert(f != NULL && !fseek(f, 30, SEEK_SET) && fputc('?', f) == '?' && !fclose(f));
    cf_log_set(NULL, NULL, CF_LOG_ERROR);
    ck_assert(one_node_check(cl, &n, 0).max <= 4e-6);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    remove(path);
    one_node_free(&n);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, reference_by_hand);
    tcase_add_test(tc, refuses_what_does_not_fit);
    tcase_add_test(tc, agrees_with_the_reference);
    tcase_add_test(tc, error_of_long_sums);
    tcase_add_test(tc, clblast_agrees);
    tcase_add_test(tc, tuning_is_kept);
}

/* In a cache folder of its own: other tests must not see what is measured here. */
int main(void) {
    const char *cache = getenv("CHROMAFUSE_CACHE");
    snprintf(folder, sizeof folder, "%s/test_gemm", cache ? cache : "/tmp");
    cf_cl_params params = CF_CL_DEFAULTS;
    params.cache_dir = folder;
    if (cf_cl_open(&params, &cl) != CF_OK)
        return 77;
    int failed = test_run("gemm", add);
    cf_cl_close(&cl);
    return failed;
}
