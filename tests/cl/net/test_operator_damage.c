/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes damaged at random: every operator must refuse them or compute them, never crash or ask for
 * absurd memory (the sanitizer build sees the rest). Files damaged byte by byte: cl/net/model and
 * the fuzz target. What the operators compute: cl/net/operators. */
#include <ctype.h>

#include "base/alloc.h"
#include "tests/cl/net/operator_case.h"

static const operator_row rows[] = {
#include "tests/cl/net/operator_rows.h"
};
#define ROWS (sizeof rows / sizeof *rows)
#define ROUNDS 40
#define TEXT 512

static const char *const numbers[] = {"0",          "1",
                                      "-1",         "2",
                                      "3",          "7",
                                      "-2",         "16",
                                      "100",        "65536",
                                      "2147483647", "-2147483648",
                                      "4294967296", "1073741824",
                                      "1048577",    "9223372036854775807",
                                      "999999937",  "-9223372036854775808"};
static const char *const reals[] = {"0.0", "-1.0", "1.e39", "-1.e39", "1.e-39", "0.5", "1000000.0"};
static const char *const sizes[] = {"0", "1", "2", "3", "5", "8", "16", "17", "33"};

static const char *pick(cf_random *random, const char *const *list, size_t count) {
    return list[(size_t)(cf_random_uniform(random) * (double)count)];
}
#define PICK(random, list) pick(random, list, sizeof(list) / sizeof *(list))

/* Exchanges one number of the text for another: a size in a shape stays small enough to be given at
 * a run, everything else may become anything. */
static void damage(cf_random *random, const char *text, int inputs, char out[TEXT]) {
    size_t starts[64], count = 0;
    for (size_t i = 0; text[i] && count < 64; i++)
        if (isdigit((unsigned char)text[i]) &&
            (!i || (!isdigit((unsigned char)text[i - 1]) && !strchr(".e", text[i - 1]))) &&
            (i < 2 || text[i - 1] != '-' || text[i - 2] != 'e'))
            starts[count++] = i;
    snprintf(out, TEXT, "%s", text);
    if (!count)
        return;
    size_t at = starts[(size_t)(cf_random_uniform(random) * (double)count)];
    size_t end = at + strspn(text + at, "0123456789");
    int real = text[end] == '.';
    if (real)
        end += strspn(text + end, ".e-0123456789");
    if (at && text[at - 1] == '-')
        at--;
    size_t token = at;
    while (token && text[token - 1] != ' ')
        token--;
    int shape = inputs && islower((unsigned char)text[token]);
    const char *with = real    ? PICK(random, reals)
                       : shape ? PICK(random, sizes)
                               : PICK(random, numbers);
    snprintf(out, TEXT, "%.*s%s%s", (int)at, text, with, text + end);
}

/* Leaves an input out, or gives it as another kind. */
static void change_kind(cf_random *random, char *text) {
    size_t starts[CASE_PORTS], count = 0;
    for (size_t i = 0; text[i] && count < CASE_PORTS; i++)
        if (!i || text[i - 1] == ' ')
            starts[count++] = i;
    char *token = text + starts[(size_t)(cf_random_uniform(random) * (double)count)];
    if (strchr("xucpskb", *token) && cf_random_uniform(random) < 0.6)
        *token = "xcksb"[(size_t)(cf_random_uniform(random) * 5)];
    else if (cf_random_uniform(random) < 0.5) {
        size_t length = strcspn(token, ";");
        *token = '-';
        memmove(token + 1, token + length, strlen(token + length) + 1);
    }
}

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
    static const int opsets[] = {11, 12, 13, 17, 18, 19, 20};
    cf_random random;
    const char *only = getenv("CASE"), *seed = getenv("SEED");
    cf_random_seed(&random, seed ? strtoull(seed, NULL, 10) : 4);
    cf_log_set(NULL, NULL, CF_LOG_ERROR);
    for (size_t i = 0; i < ROWS; i++)
        for (int k = 0; k < ROUNDS && (!only || !strcmp(only, rows[i].op)); k++) {
            char inputs[TEXT], attributes[TEXT], again[TEXT];
            operator_row row = rows[i];
            damage(&random, row.inputs, 1, inputs);
            damage(&random, row.attributes ? row.attributes : "", 0, attributes);
            if (cf_random_uniform(&random) < 0.5)
                snprintf(inputs, TEXT, "%s", rows[i].inputs);
            if (cf_random_uniform(&random) < 0.3) {
                damage(&random, inputs, 1, again);
                snprintf(inputs, TEXT, "%s", again);
            }
            if (cf_random_uniform(&random) < 0.2)
                change_kind(&random, inputs);
            if (cf_random_uniform(&random) < 0.2)
                row.opset = opsets[(size_t)(cf_random_uniform(&random) * 7)];
            row.inputs = inputs;
            row.attributes = attributes;
            if (getenv("VERBOSE"))
                fprintf(stderr, "%s %d (%s | %s)\n", row.op, row.opset, inputs, attributes);
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
