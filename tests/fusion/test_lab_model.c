/* SPDX-License-Identifier: Apache-2.0 */
/* Which colorizer a file's ports tell, and what is said of others. Does not run any:
 * test_lab_network.c does. */
#include "fusion/lab_model.h"

#include "tests/fusion/tiny_lab.h"
#include "tests/test_main.h"

static char last_line[1024];
static int lines;

static void remember(void *user, cf_log_level level, const char *line) {
    (void)user;
    (void)level;
    snprintf(last_line, sizeof last_line, "%s", line);
    lines++;
}

static cf_status read_model(const onnx_bytes *bytes, cf_lab_model *out) {
    cf_model *model;
    ck_assert_int_eq(cf_model_parse(bytes->at, bytes->size, "other.onnx", &model), CF_OK);
    ck_assert(cf_lab_model_is_other(model));
    cf_status status = cf_lab_model_read(model, out);
    cf_model_destroy(&model);
    return status;
}

START_TEST(knows_the_kinds) {
    cf_lab_model m;
    onnx_bytes bytes = lab_single(224, 0, 1);
    ck_assert_int_eq(read_model(&bytes, &m), CF_OK);
    ck_assert_uint_eq(m.inputs, 1);
    ck_assert_int_eq(m.hints, 0);
    ck_assert_int_eq(m.grid[0], 224);
    ck_assert_int_eq(m.grid[1], 0);
    ck_assert_float_eq(m.range[0], 0);
    ck_assert_float_eq(m.range[1], 100);
    ck_assert_float_eq(m.unit, 1);
    bytes = lab_four();
    lab_note(&bytes, "chromafuse.lightness", "-0.5 0.5");
    lab_note(&bytes, "chromafuse.ab", "110");
    ck_assert_int_eq(read_model(&bytes, &m), CF_OK);
    ck_assert_uint_eq(m.inputs, 1);
    ck_assert_int_eq(m.hints, 1);
    ck_assert_float_eq(m.range[0], -0.5);
    ck_assert_float_eq(m.range[1], 0.5);
    ck_assert_float_eq(m.unit, 110);
    bytes = lab_three("hint", "input_Mask", "gray");
    ck_assert_int_eq(read_model(&bytes, &m), CF_OK);
    ck_assert_uint_eq(m.inputs, 3);
    ck_assert_uint_eq(m.hint, 0);
    ck_assert_uint_eq(m.mask, 1);
    ck_assert_uint_eq(m.lightness, 2);
    bytes = lab_three("hint", "first", "second"); /* names tell nothing: in this order */
    ck_assert_int_eq(read_model(&bytes, &m), CF_OK);
    ck_assert_uint_eq(m.lightness, 1);
    ck_assert_uint_eq(m.mask, 2);
}
END_TEST

/* Refused with one line that names the file and has `word` in it. */
static void expect_refusal(const onnx_bytes *bytes, cf_status want, const char *word) {
    cf_lab_model m;
    lines = 0;
    cf_log_set(remember, NULL, CF_LOG_WARNING);
    cf_status status = read_model(bytes, &m);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    ck_assert_msg(status == want, "%s: status %d", word, status);
    ck_assert_msg(lines == 1 && strstr(last_line, word) && !strncmp(last_line, "other.onnx: ", 12),
                  "'%s' not in '%s'", word, last_line);
    ck_assert(want == CF_ERR_FORMAT || strstr(last_line, "colorize takes networks with"));
}

/* y = Relu(x) with these dimensions; 0 is open, rank by the -1 at the end. */
static onnx_bytes relu(int type, const int64_t *in, const int64_t *out) {
    onnx_bytes g = {.size = 0}, node = onnx_node("Relu", "", "x", "y");
    onnx_bytes x = onnx_value("x", type, in), y = onnx_value("y", 1, out);
    onnx_part(&g, 1, &node);
    onnx_part(&g, 11, &x);
    onnx_part(&g, 12, &y);
    return onnx_model(&g, 17);
}

#define DIMS(...)                                                                                  \
    (const int64_t[]) {                                                                            \
        __VA_ARGS__, -1                                                                            \
    }

START_TEST(says_what_is_wrong_with_inputs) {
    const struct {
        int type;
        const int64_t *dims;
        const char *word;
    } cases[] = {
        {1, DIMS(1, 3, 0, 0), "input 'x' has 3 planes"},
        {1, DIMS(1, 2, 0, 0), "input 'x' has 2 planes"},
        {7, DIMS(1, 1, 0, 0), "input 'x' holds integers"},
        {1, DIMS(1, 0, 0, 0), "input 'x' is 1x?x?x?"},
        {1, DIMS(4, 1, 0, 0), "input 'x' is 4x1x?x?"},
        {1, DIMS(1, 1, 9), "input 'x' is 1x1x9"},
        {1, DIMS(1, 1, 3, 0), "has a side of 3, not 8 to 1024"},
        {1, DIMS(1, 1, 0, 5000), "has a side of 5000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        onnx_bytes bytes = relu(cases[i].type, cases[i].dims, DIMS(1, 2, 0, 0));
        expect_refusal(&bytes, CF_ERR_UNSUPPORTED, cases[i].word);
    }
    onnx_bytes g = {.size = 0}, node = onnx_node("Add", "", "x z", "y"), bytes;
    onnx_part(&g, 1, &node);
    lab_port(&g, 11, "x", 1, 0, 0);
    lab_port(&g, 11, "z", 2, 0, 0);
    lab_port(&g, 12, "y", 2, 0, 0);
    bytes = onnx_model(&g, 17);
    expect_refusal(&bytes, CF_ERR_UNSUPPORTED, "2 inputs");
    lab_port(&g, 11, "q", 2, 0, 0);
    bytes = onnx_model(&g, 17);
    expect_refusal(&bytes, CF_ERR_UNSUPPORTED, "its inputs have 1, 2 and 2 planes");
    g.size = 0;
    onnx_part(&g, 1, &node);
    lab_port(&g, 11, "x", 1, 64, 64);
    lab_port(&g, 11, "z", 2, 64, 32);
    lab_port(&g, 11, "mask", 1, 0, 0);
    lab_port(&g, 12, "y", 2, 0, 0);
    bytes = onnx_model(&g, 17);
    expect_refusal(&bytes, CF_ERR_UNSUPPORTED, "its inputs differ in size");
    const float constant[] = {1, 2};
    onnx_bytes alone = {.size = 0}, value = onnx_tensor("c", 1, DIMS(2), constant, sizeof constant);
    onnx_bytes identity = onnx_node("Identity", "", "c", "y");
    onnx_part(&alone, 1, &identity);
    onnx_part(&alone, 5, &value);
    lab_port(&alone, 12, "y", 2, 0, 0);
    bytes = onnx_model(&alone, 17);
    expect_refusal(&bytes, CF_ERR_UNSUPPORTED, "0 inputs");
}
END_TEST

START_TEST(says_what_is_wrong_with_outputs) {
    onnx_bytes bytes = relu(1, DIMS(1, 1, 0, 0), DIMS(1, 3, 0, 0));
    expect_refusal(&bytes, CF_ERR_UNSUPPORTED, "output 'y' is 1x3x?x?");
    bytes = relu(1, DIMS(1, 1, 0, 0), DIMS(1, 2));
    expect_refusal(&bytes, CF_ERR_UNSUPPORTED, "output 'y' is 1x2");
    onnx_bytes g = {.size = 0}, node = onnx_node("Relu", "", "x", "y"),
               more = onnx_node("Relu", "", "x", "z");
    onnx_part(&g, 1, &node);
    onnx_part(&g, 1, &more);
    lab_port(&g, 11, "x", 1, 0, 0);
    lab_port(&g, 12, "y", 2, 0, 0);
    lab_port(&g, 12, "z", 2, 0, 0);
    bytes = onnx_model(&g, 17);
    expect_refusal(&bytes, CF_ERR_UNSUPPORTED, "2 of its outputs have 2 planes");
}
END_TEST

START_TEST(says_what_is_wrong_with_metadata) {
    const char *const words[][2] = {
        {"chromafuse.lightness", "0"},     {"chromafuse.lightness", "zero hundred"},
        {"chromafuse.lightness", "0 nan"}, {"chromafuse.ab", ""},
        {"chromafuse.ab", "-3"},           {"chromafuse.ab", "1e9"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        onnx_bytes bytes = lab_single(0, 0, 1);
        lab_note(&bytes, words[i][0], words[i][1]);
        expect_refusal(&bytes, CF_ERR_FORMAT, words[i][0]);
    }
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, knows_the_kinds);
    tcase_add_test(tc, says_what_is_wrong_with_inputs);
    tcase_add_test(tc, says_what_is_wrong_with_outputs);
    tcase_add_test(tc, says_what_is_wrong_with_metadata);
}

int main(void) {
    return test_run("lab_model", add);
}
