/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of a model's metadata. Does not prove that the rest of a file is read right:
 * test_model.c does. */
#include "cl/net/model.h"
#include "tests/cl/net/onnx_writer.h"
#include "tests/test_main.h"

static char last_line[1024];

static void keep_line(void *user, cf_log_level level, const char *line) {
    (void)user;
    if (level == CF_LOG_ERROR)
        snprintf(last_line, sizeof last_line, "%s", line);
}

/* y = Relu(x) */
static onnx_bytes relu(void) {
    const int64_t dims[] = {1, 2, -1};
    onnx_bytes g = {.size = 0}, node = onnx_node("Relu", "", "x", "y");
    onnx_bytes x = onnx_value("x", 1, dims), y = onnx_value("y", 1, dims);
    onnx_part(&g, 1, &node);
    onnx_part(&g, 11, &x);
    onnx_part(&g, 12, &y);
    return onnx_model(&g, 17);
}

static void add_note(onnx_bytes *model, const char *key, const char *value) {
    onnx_bytes entry = {.size = 0};
    onnx_text(&entry, 1, key);
    if (value)
        onnx_text(&entry, 2, value);
    onnx_part(model, 14, &entry);
}

START_TEST(keeps_our_metadata) {
    onnx_bytes bytes = relu();
    char key[40], text[400];
    cf_model *m;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    add_note(&bytes, "author", "somebody");
    add_note(&bytes, "chromafuse.kind", "l-ab");
    add_note(&bytes, "chromafuse.kind", "second");
    add_note(&bytes, "chromafuse.empty", NULL);
    add_note(&bytes, "chromafuse.odd", "\x1b[2J\xff");
    add_note(&bytes, "chromafuse.long", text);
    ck_assert_int_eq(cf_model_parse(bytes.at, bytes.size, "hand.onnx", &m), CF_OK);
    ck_assert_str_eq(cf_model_metadata(m, "chromafuse.kind"), "l-ab");
    ck_assert_str_eq(cf_model_metadata(m, "chromafuse.empty"), "");
    ck_assert_str_eq(cf_model_metadata(m, "chromafuse.odd"), "?[2J?");
    ck_assert_uint_eq(strlen(cf_model_metadata(m, "chromafuse.long")), 120);
    ck_assert_ptr_null(cf_model_metadata(m, "author"));
    ck_assert_ptr_null(cf_model_metadata(m, "chromafuse.other"));
    ck_assert_str_eq(cf_model_describe(m).name, "hand.onnx");
    cf_model_destroy(&m);

    bytes = relu();
    for (int i = 0; i < 40; i++) {
        snprintf(key, sizeof key, "chromafuse.k%d", i);
        add_note(&bytes, key, "v");
    }
    ck_assert_int_eq(cf_model_parse(bytes.at, bytes.size, "hand.onnx", &m), CF_OK);
    ck_assert_ptr_nonnull(cf_model_metadata(m, "chromafuse.k15"));
    ck_assert_ptr_null(cf_model_metadata(m, "chromafuse.k16"));
    cf_model_destroy(&m);

    bytes = relu();
    onnx_text(&bytes, 14, "\x0a\x7fnot that long");
    cf_log_set(keep_line, NULL, CF_LOG_WARNING);
    ck_assert_int_eq(cf_model_parse(bytes.at, bytes.size, "hand.onnx", &m), CF_ERR_FORMAT);
    ck_assert_str_eq(last_line, "hand.onnx: the metadata is damaged");
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, keeps_our_metadata);
}

int main(void) {
    return test_run("metadata", add);
}
