/* SPDX-License-Identifier: Apache-2.0 */
/* Option tables: parsing, ranges, junk. Does not prove that a stage keeps to its table: the
 * conformance tests do. */
#include "base/option.h"

#include <math.h>

#include "tests/test_main.h"

typedef struct {
    int count;
    float weights[3];
} settings;

static const cf_option table[] = {
    {"count", CF_OPTION_INT, offsetof(settings, count), 1, -2, 10, "things"},
    {"weights", CF_OPTION_FLOAT, offsetof(settings, weights), 3, 0, 1, "shares"},
    CF_OPTION_END,
};

START_TEST(parses_numbers_and_lists) {
    settings s = {0};
    ck_assert_int_eq(cf_options_parse("test", table, &s, "count", "-2"), CF_OK);
    ck_assert_int_eq(s.count, -2);
    ck_assert_int_eq(cf_options_parse("test", table, &s, "weights", "0.25,1,1e-3"), CF_OK);
    ck_assert_float_eq(s.weights[0], 0.25F);
    ck_assert_float_eq(s.weights[1], 1);
    ck_assert_float_eq(s.weights[2], 1e-3F);
}
END_TEST

START_TEST(junk_changes_nothing) {
    static const char *const junk[][2] = {
        {"count", ""},        {"count", "3.5"},         {"count", "11"},
        {"count", "1x"},      {"count", "1,2"},         {"count", "99999999999999999999"},
        {"weights", "1"},     {"weights", "0,0"},       {"weights", "0,0,0,0"},
        {"weights", "0,0,2"}, {"weights", "0,nan,0"},   {"weights", "0,0,inf"},
        {"weights", "0,,0"},  {"weights", "0.5,0.5,x"}, {"nothing", "1"},
    };
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
        settings s = {.count = 5, .weights = {0.1F, 0.2F, 0.3F}};
        ck_assert_msg(cf_options_parse("test", table, &s, junk[i][0], junk[i][1]) == CF_ERR_INVALID,
                      "%s=%s was accepted", junk[i][0], junk[i][1]);
        ck_assert(s.count == 5 && s.weights[0] == 0.1F && s.weights[1] == 0.2F &&
                  s.weights[2] == 0.3F);
    }
}
END_TEST

START_TEST(checks_every_element) {
    settings s = {.count = 10, .weights = {0, 1, 0.5F}};
    ck_assert_int_eq(cf_options_check("test", table, &s), CF_OK);
    s.weights[2] = NAN;
    ck_assert_int_eq(cf_options_check("test", table, &s), CF_ERR_INVALID);
    s.weights[2] = 1.001F;
    ck_assert_int_eq(cf_options_check("test", table, &s), CF_ERR_INVALID);
    s.weights[2] = 1;
    s.count = 11;
    ck_assert_int_eq(cf_options_check("test", table, &s), CF_ERR_INVALID);
    ck_assert_int_eq(cf_options_check("test", NULL, &s), CF_OK); /* a stage without parameters */
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, parses_numbers_and_lists);
    tcase_add_test(tc, junk_changes_nothing);
    tcase_add_test(tc, checks_every_element);
}

int main(void) {
    return test_run("option", add);
}
