/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes damaged at random: every operator must refuse them or compute them, never crash or ask for
 * absurd memory (the sanitizer build sees the rest). Files damaged byte by byte: cl/net/model and
 * the fuzz target. What the operators compute: cl/net/operators. */
#include "base/alloc.h"
#include "tests/cl/net/operator_damage.h"

static const operator_row rows[] = {
#include "tests/cl/net/operator_rows.h"
};
#define ROWS (sizeof rows / sizeof *rows)
#define ROUNDS 40

static int computed;

static void run_damaged(const operator_row *row) {
    operator_case *c = cf_alloc(1, sizeof *c);
    void *outputs[CASE_PORTS] = {NULL};
    cf_shape shapes[CASE_PORTS];
    cf_net_info info;
    make_case(c, row, NULL);
    cf_status status = cf_net_measure(&c->model, NULL, 0, &info);
    ck_assert_msg(status == CF_OK || status == CF_ERR_FORMAT || status == CF_ERR_UNSUPPORTED ||
                      status == CF_ERR_INVALID,
                  "%s(%s | %s) gave %d", row->op, row->inputs, row->attributes, (int)status);
    if (status == CF_OK && info.activation_bytes < 1 << 20 && info.gflop < 1e-2) {
        status = cf_net_reference(&c->model, NULL, (const void *const *)c->data, outputs, shapes);
        ck_assert_msg(status == CF_OK || status == CF_ERR_FORMAT, "%s(%s | %s) gave %d", row->op,
                      row->inputs, row->attributes, (int)status);
        computed += status == CF_OK;
        for (int i = 0; i < CASE_PORTS; i++)
            cf_free(outputs[i]);
    }
    cf_region_free(&c->region);
    cf_free(c);
}

START_TEST(damaged_nodes_do_no_harm) {
    cf_random random;
    damaged_text text[1];
    const char *only = getenv("CASE"), *seed = getenv("SEED");
    cf_random_seed(&random, seed ? strtoull(seed, NULL, 10) : 4);
    cf_log_set(NULL, NULL, CF_LOG_ERROR);
    for (size_t i = 0; i < ROWS; i++)
        for (int k = 0; k < ROUNDS && (!only || !strcmp(only, rows[i].op)); k++) {
            operator_row row = damaged_row(&random, &rows[i], text);
            if (getenv("VERBOSE"))
                fprintf(stderr, "%s %d (%s | %s)\n", row.op, row.opset, row.inputs, row.attributes);
            run_damaged(&row);
        }
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    printf("%zu damaged nodes, %d could be computed\n", ROWS * ROUNDS, computed);
    ck_assert(only || computed > 0);
}
END_TEST

static void add_tests(TCase *tc) {
    tcase_add_test(tc, damaged_nodes_do_no_harm);
}

int main(void) {
    return test_run("operator_damage", add_tests);
}
