/* SPDX-License-Identifier: Apache-2.0 */
/* Logs of recordings, good and damaged, and folders in their place. Does not prove that any bytes
 * are survived (fuzz_recording) nor that the pictures are read (source_file). */
#include "capture/recording.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "tests/test_main.h"

static char folder[64], warnings[4096];

static void keep_line(void *user, cf_log_level level, const char *line) {
    (void)user;
    (void)level;
    size_t n = strlen(warnings);
    snprintf(warnings + n, sizeof warnings - n, "%s\n", line);
}

static void write_file(const char *name, const char *text, size_t size) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(text, 1, size, f), size);
    fclose(f);
}

static void make_folder(void) {
    char path[128];
    snprintf(folder, sizeof folder, "/tmp/chromafuse-recording-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, cf_recording_cameras[i]);
        ck_assert_int_eq(mkdir(path, 0777), 0);
    }
    warnings[0] = 0;
    cf_log_set(keep_line, NULL, CF_LOG_WARNING);
}

static void remove_folder(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}

static cf_recording *open_log(const char *text) {
    cf_recording *r;
    write_file(CF_RECORDING_LOG, text, strlen(text));
    ck_assert_int_eq(cf_recording_open(folder, &r), CF_OK);
    return r;
}

static const char *wrong(const char *line) {
    cf_recording_frame frame;
    return cf_recording_line_read(line, strlen(line), &frame);
}

#define M "{\"camera\": \"mono\", \"index\": 3, \"file\": \"mono/3.dng\""

START_TEST(a_line_keeps_every_bit) {
    cf_recording_frame in = {.camera = 1,
                             .index = 12,
                             .sequence = INT64_MAX,
                             .t_ns = 123456789012345678,
                             .t_ref = CF_TIME_END,
                             .exposure_ns = 33333333,
                             .gain = 2.71828183,
                             .file = "color/000012.dng"};
    cf_recording_frame out;
    char line[CF_RECORDING_LINE], again[CF_RECORDING_LINE];
    size_t n = cf_recording_line_write(&in, line);
    ck_assert_uint_eq(n, strlen(line));
    ck_assert_ptr_null(cf_recording_line_read(line, n - 1, &out));
    ck_assert_uint_eq(cf_recording_line_write(&out, again), n);
    ck_assert_str_eq(again, line);
    ck_assert_double_eq(out.gain, in.gain);
    ck_assert_str_eq(line, "{\"camera\": \"color\", \"index\": 12, \"sequence\": "
                           "9223372036854775807, \"t_ns\": 123456789012345678, \"t_ref\": \"end\", "
                           "\"exposure_ns\": 33333333, \"gain\": 2.71828183, \"file\": "
                           "\"color/000012.dng\"}\n");
    ck_assert_double_eq(out.mono_gain, 0);
    in.mono_gain = 0.8125;
    n = cf_recording_line_write(&in, line);
    ck_assert_ptr_null(cf_recording_line_read(line, n - 1, &out));
    ck_assert_double_eq(out.mono_gain, 0.8125);
}
END_TEST

START_TEST(what_is_no_line_is_told) {
    static const char *const lines[] = {
        "",
        "{",
        "[]",
        "null",
        "{\"camera\": 0, \"index\": 3, \"file\": \"a\"}",
        "{\"camera\": \"left\", \"index\": 3, \"file\": \"a\"}",
        "{\"camera\": \"mono\", \"file\": \"a\"}",
        "{\"camera\": \"mono\", \"index\": -1, \"file\": \"a\"}",
        "{\"camera\": \"mono\", \"index\": 3.0, \"file\": \"a\"}",
        "{\"camera\": \"mono\", \"index\": 99999999999999999999, \"file\": \"a\"}",
        "{\"camera\": \"mono\", \"index\": 1000000001, \"file\": \"a\"}",
        "{\"camera\": \"mono\", \"index\": 3}",
        "{\"camera\": \"mono\", \"index\": 3, \"index\": 4, \"file\": \"a\"}",
        M ", \"t_ns\": \"5\"}",
        M ", \"t_ns\": -5}",
        M ", \"exposure_ns\": 1e9}",
        M ", \"sequence\": null}",
        M ", \"t_ref\": \"middle\"}",
        M ", \"gain\": -1}",
        M ", \"gain\": 1e10}",
        M ", \"gain\": \"2\"}",
        M ", \"gain\": NaN}",
        M ", \"mono_gain\": 0}",
        M ", \"mono_gain\": \"1\"}",
        M ", \"mono_gain\": 1e5}",
        M "} x",
    };
    static const char *const files[] = {
        "",   "/etc/passwd", "../a.dng", "mono/../../a", "a/..",      "./a",     "a//b",
        "a/", ".hidden",     "a\\\\b",   "a\\nb",        "a\\u0000b", "\\u007f", "mono/.x"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        ck_assert_msg(wrong(lines[i]) != NULL, "taken: %s", lines[i]);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char line[256];
        snprintf(line, sizeof line, "{\"camera\": \"mono\", \"index\": 3, \"file\": \"%s\"}",
                 files[i]);
        ck_assert_msg(wrong(line) != NULL, "taken: %s", line);
    }
    ck_assert_ptr_null(wrong(M ", \"more\": [1, {}], \"gain\": 3}"));
    char name[200], line[300];
    memset(name, 'a', sizeof name);
    for (size_t length = 126; length < 130; length++) {
        snprintf(line, sizeof line, "{\"camera\": \"mono\", \"index\": 3, \"file\": \"%.*s\"}",
                 (int)length, name);
        ck_assert_int_eq(wrong(line) != NULL, length > 127);
    }
}
END_TEST

/* Both cameras' pairs as "0 2 5". */
static const char *pairs_of(const cf_recording *r) {
    static char text[256];
    const cf_recording_frame *pair[2];
    size_t at[2] = {0, 0};
    text[0] = 0;
    while (cf_recording_next_pair(r, at, pair)) {
        ck_assert_uint_eq(pair[0]->index, pair[1]->index);
        ck_assert(pair[0]->camera == 0 && pair[1]->camera == 1);
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "%s%llu", n ? " " : "",
                 (unsigned long long)pair[0]->index);
    }
    return text;
}

START_TEST(lines_come_in_any_order_and_some_are_alone) {
    char text[2048] = "";
    const int order[][2] = {{1, 5}, {0, 2}, {0, 0}, {1, 0}, {0, 7}, {1, 2}, {0, 5}, {1, 6}, {0, 2}};
    make_folder();
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        cf_recording_frame f = {.camera = order[i][0], .index = (uint64_t)order[i][1]};
        snprintf(f.file, sizeof f.file, "%s/%d.dng", cf_recording_cameras[f.camera], order[i][1]);
        cf_recording_line_write(&f, text + strlen(text));
    }
    cf_recording *r = open_log(text);
    ck_assert_str_eq(pairs_of(r), "0 2 5");
    ck_assert(r->has_log && r->camera[0].count == 4 && r->camera[1].count == 4);
    ck_assert_ptr_nonnull(strstr(warnings, "twice"));
    cf_recording_close(&r);
    cf_recording_close(&r);
    remove_folder();
}
END_TEST

START_TEST(damaged_lines_are_left_out) {
    static const char text[] = "garbage\n"
                               "{\"camera\": \"mono\", \"index\": 0, \"file\": \"m0\"}\r\n"
                               "\0\0\0\0\0\n"
                               "{\"camera\": \"color\", \"index\": 0, \"file\": \"c0\"}\n"
                               "{\"camera\": \"mono\", \"index\": 1, \"fi";
    char *large = cf_alloc(70000, 1);
    cf_recording *r;
    make_folder();
    memcpy(large, text, sizeof text - 1);
    size_t n = sizeof text - 1;
    memset(large + n, 'x', 66000); /* one line longer than any buffer */
    n += 66000;
    n += (size_t)sprintf(large + n, "\n{\"camera\": \"mono\", \"index\": 9, \"file\": \"m9\"}");
    write_file(CF_RECORDING_LOG, large, n);
    ck_assert_int_eq(cf_recording_open(folder, &r), CF_OK);
    ck_assert_str_eq(pairs_of(r), "0");
    ck_assert_uint_eq(r->camera[0].count, 2);
    ck_assert_uint_eq(r->camera[0].frames[1].index, 9);
    ck_assert_uint_eq(r->damaged, 3);
    ck_assert_ptr_nonnull(strstr(warnings, "line 1 is ignored: no JSON object"));
    ck_assert_ptr_nonnull(strstr(warnings, "3 damaged lines"));
    cf_recording_close(&r);
    cf_free(large);
    remove_folder();
}
END_TEST

START_TEST(without_a_log_names_count) {
    static const char *const names[] = {"mono/b10.dng", "mono/b9.dng",       "mono/.x.dng",
                                        "color/1.dng",  "color/02.dng",      "color/notes.txt",
                                        "color/3.dng",  "mono/b8.dng.Xy12ab"};
    cf_recording *r;
    make_folder();
    ck_assert_int_eq(cf_recording_open(folder, &r), CF_ERR_IO); /* and nothing in the folders */
    ck_assert_ptr_nonnull(strstr(warnings, "there is no raw picture in the folder"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        write_file(names[i], "x", 1);
    for (int damaged = 0; damaged < 2; damaged++) {
        warnings[0] = 0;
        if (damaged)
            write_file(CF_RECORDING_LOG, "{}\n\n", 4);
        ck_assert_int_eq(cf_recording_open(folder, &r), CF_OK);
        ck_assert_ptr_nonnull(strstr(warnings, "the files count in the order of their names"));
        ck_assert(!r->has_log);
        ck_assert_str_eq(pairs_of(r), "0 1");
        ck_assert_str_eq(r->camera[0].frames[0].file, "mono/b9.dng");
        ck_assert_str_eq(r->camera[0].frames[1].file, "mono/b10.dng");
        ck_assert_str_eq(r->camera[1].frames[2].file, "color/3.dng");
        cf_recording_close(&r);
    }
    ck_assert_int_eq(cf_recording_open("/nonexistent", &r), CF_ERR_IO);
    ck_assert_ptr_null(r);
    for (long after = 0; after < 4; after++) {
        cf_alloc_fail_after(after);
        ck_assert_int_eq(cf_recording_open(folder, &r), CF_ERR_MEMORY);
        cf_alloc_fail_after(-1);
    }
    remove_folder();
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, a_line_keeps_every_bit);
    tcase_add_test(tc, what_is_no_line_is_told);
    tcase_add_test(tc, lines_come_in_any_order_and_some_are_alone);
    tcase_add_test(tc, damaged_lines_are_left_out);
    tcase_add_test(tc, without_a_log_names_count);
}

int main(void) {
    return test_run("recording", add);
}
