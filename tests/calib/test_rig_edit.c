/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Editing rig files: what is spliced where, what survives, what is refused. Does not prove what a
 * rig means: test_rig does.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "calib/rig.h"
#include "calib/rig_edit.h"
#include "tests/test_main.h"

static cf_rig_edit *open_text(const char *text) {
    cf_rig_edit *edit;
    ck_assert_int_eq(cf_rig_edit_parse("rig.yaml", text, strlen(text), &edit), CF_OK);
    return edit;
}

/* Sets mono.black in `before` and expects `after`. */
static void expect(const char *before, const char *value, const char *after) {
    cf_rig_edit *edit = open_text(before);
    ck_assert_int_eq(cf_rig_edit_set(edit, "mono", "black", value), CF_OK);
    ck_assert_str_eq(cf_rig_edit_text(edit), after);
    cf_rig_edit_destroy(&edit);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}

START_TEST(a_value_is_replaced_in_place) {
    expect("version: 1\nmono:\n  black: [64] # by hand\n  gain: 2\n", "[63.9]",
           "version: 1\nmono:\n  black: [63.9] # by hand\n  gain: 2\n");
    expect("mono: {black: 64, gain: 2}", "[63.9]", "mono: {black: [63.9], gain: 2}");
    expect("mono:\n  black: 'odd'\n", "7", "mono:\n  black: 7\n");
    expect("mono:\n  \"black\" : 64\n", "7", "mono:\n  \"black\" : 7\n");
    expect("mono:\n  black:\n  gain: 2\n", "7", "mono:\n  black: 7\n  gain: 2\n");
    expect("mono:\n  black: # none yet\n", "7", "mono:\n  black: 7 # none yet\n");
    expect("mono:\n  black: >\n    folded\n    text\n\n# end\n", "7",
           "mono:\n  black: 7\n\n# end\n");
}
END_TEST

START_TEST(a_block_makes_place) {
    expect("mono:\n  black:\n    - 1\n    - 2 # two\n  # about gain\n  gain: 2\n", "[3]",
           "mono:\n  black: [3] # two\n  # about gain\n  gain: 2\n");
    expect("mono:\n  black: # why\n  - 1\n  - 2\n  gain: 2\n", "[3]",
           "mono:\n  black: [3] # why\n  gain: 2\n");
    expect("mono:\n  black:\n  - a: 1\n    b: {c: 2}\n", "[3]", "mono:\n  black: [3]\n");
}
END_TEST

START_TEST(a_new_key_goes_last) {
    expect("version: 1\nmono:\n    model: m # theirs\n\n# colour\ncolor:\n    model: c\n", "[1]",
           "version: 1\nmono:\n    model: m # theirs\n    black: [1]\n\n# colour\ncolor:\n"
           "    model: c\n");
    expect("mono: {model: m}\ncolor: {}\n", "[1]", "mono: {model: m, black: [1]}\ncolor: {}\n");
    expect("mono: {}\n", "[1]", "mono: {black: [1]}\n");
    expect("mono:\n  model: m", "[1]", "mono:\n  model: m\n  black: [1]");
    expect("mono: # empty\ncolor: {model: c}\n", "[1]",
           "mono: # empty\n  black: [1]\ncolor: {model: c}\n");
}
END_TEST

START_TEST(a_new_section_goes_last) {
    expect("", "[1]", "version: 1\nmono:\n  black: [1]\n");
    expect("# only a comment", "[1]", "# only a comment\nversion: 1\nmono:\n  black: [1]\n");
    expect("version: 1\ncolor:\n  model: c\n# end\n", "[1]",
           "version: 1\ncolor:\n  model: c\nmono:\n  black: [1]\n# end\n");
    expect("{version: 1}", "[1]", "{version: 1, mono: {black: [1]}}");
    expect("---\nversion: 1\n...\n", "[1]", "---\nversion: 1\nmono:\n  black: [1]\n...\n");
}
END_TEST

START_TEST(line_ends_and_letters_of_others_survive) {
    expect("version: 1\r\nmono:\r\n  model: m\r\n", "[1,\n2]",
           "version: 1\r\nmono:\r\n  model: m\r\n  black: [1,\r\n    2]\r\n");
    expect(
        "# Gr\xc3\xbc\xc3\x9f\x65 \xe2\x82\xac\nmono:\n  model: \xc3\xa4\n  black: 1 # \xc3\xb6\n",
        "2",
        "# Gr\xc3\xbc\xc3\x9f\x65 \xe2\x82\xac\nmono:\n  model: \xc3\xa4\n  black: 2 # \xc3\xb6\n");
    expect("\xef\xbb\xbfmono:\n  black: 1\n", "2", "\xef\xbb\xbfmono:\n  black: 2\n");
}
END_TEST

static void refuse(const char *text, cf_status reason) {
    cf_rig_edit *edit = NULL;
    cf_log_set(NULL, NULL, CF_LOG_WARNING);
    cf_status status = cf_rig_edit_parse("rig.yaml", text, strlen(text), &edit);
    if (status == CF_OK) {
        status = cf_rig_edit_set(edit, "mono", "black", "[1]");
        ck_assert_str_eq(cf_rig_edit_text(edit), text);
    }
    cf_rig_edit_destroy(&edit);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    ck_assert_int_eq(status, reason);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}

START_TEST(what_cannot_be_edited_is_refused) {
    refuse("mono: [", CF_ERR_FORMAT);
    refuse("- a\n- b\n", CF_ERR_FORMAT);
    refuse("just words\n", CF_ERR_FORMAT);
    refuse("mono: 7\n", CF_ERR_FORMAT);
    refuse("mono: [1, 2]\n", CF_ERR_FORMAT);
    refuse("mono: &a {model: m}\ncolor: *a\n", CF_ERR_UNSUPPORTED);
    refuse("version: 1\n---\nversion: 2\n", CF_ERR_UNSUPPORTED);
    refuse("mono: {black}", CF_ERR_UNSUPPORTED);
    refuse("mono:\n  ? black\n", CF_ERR_UNSUPPORTED);
    refuse("mono:\n  ? black\ncolor: 1\n", CF_ERR_UNSUPPORTED);
    refuse("a: \xff\xfe\n", CF_ERR_FORMAT);
    refuse("\xff\xfe"
           "a",
           CF_ERR_FORMAT);
}
END_TEST

/* A value that is no YAML, or more than one, must not get in. */
START_TEST(a_bad_value_leaves_the_text_alone) {
    static const char text[] = "version: 1\nmono:\n  model: m\n";
    static const char *const values[] = {"[1", "1\ngain: 3", "}", "&x 1", "a: b"};
    cf_rig_edit *edit = open_text(text);
    cf_log_set(NULL, NULL, CF_LOG_WARNING);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        ck_assert_int_eq(cf_rig_edit_set(edit, "mono", "black", values[i]), CF_ERR_UNSUPPORTED);
        ck_assert_str_eq(cf_rig_edit_text(edit), text);
    }
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    cf_rig_edit_destroy(&edit);
}
END_TEST

START_TEST(what_is_written_is_a_rig) {
    char path[] = "/tmp/chromafuse-rig-edit-XXXXXX";
    int fd = mkstemp(path);
    cf_rig_edit *edit;
    cf_rig *rig;
    ck_assert_int_ge(fd, 0);
    close(fd);
    unlink(path);
    ck_assert_int_eq(cf_rig_edit_open(path, &edit), CF_OK);
    ck_assert_int_eq(cf_rig_edit_set(edit, "mono", "model", "m.cameramodel"), CF_OK);
    ck_assert_int_eq(cf_rig_edit_set(edit, "color", "model", "c.cameramodel"), CF_OK);
    ck_assert_int_eq(cf_rig_edit_set(edit, "mono", "noise",
                                     "[{gain: 1, scale: 1e-3, offset: 1e-6},\n"
                                     "{gain: 8, scale: 8e-3, offset: 1e-5}]"),
                     CF_OK);
    ck_assert_int_eq(cf_rig_edit_write(edit, NULL), CF_OK);
    cf_rig_edit_destroy(&edit);
    ck_assert_int_eq(cf_rig_load(path, &rig), CF_OK);
    ck_assert_int_eq(rig->mono.noise_count, 2);
    ck_assert_double_eq(rig->mono.noise[1].gain, 8);
    ck_assert_str_eq(strrchr(rig->color.model, '/') + 1, "c.cameramodel");
    cf_rig_destroy(&rig);
    unlink(path);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, a_value_is_replaced_in_place);
    tcase_add_test(tc, a_block_makes_place);
    tcase_add_test(tc, a_new_key_goes_last);
    tcase_add_test(tc, a_new_section_goes_last);
    tcase_add_test(tc, line_ends_and_letters_of_others_survive);
    tcase_add_test(tc, what_cannot_be_edited_is_refused);
    tcase_add_test(tc, a_bad_value_leaves_the_text_alone);
    tcase_add_test(tc, what_is_written_is_a_rig);
}

int main(void) {
    return test_run("rig_edit", add);
}
