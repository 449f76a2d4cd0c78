/* SPDX-License-Identifier: Apache-2.0 */
/* The profiler: what is counted under which label. Does not prove that the driver's clock is right.
 */
#include "cl/profile.h"

#include <string.h>

#include "cl/program.h"
#include "tests/test_main.h"

static const cf_cl_source source = {
    "test/spin",
    "__kernel void spin(__global float *x) { float v = x[0]; for (int i = 0; i < 20000; i++) v = "
    "v * 0.5f + 1; x[0] = v; } __kernel void idle(__global float *x) { x[1] = 1; }",
    "89ab"};

static cf_cl *cl;
static cf_buffer *buffer;

static void launch(const char *kernel) {
    ck_assert_int_eq(
        cf_launch(cl, &source, kernel, "", CF_RANGE(1, 1, 1, 1), CF_ARGS(CF_BUF(buffer))), CF_OK);
}

static const cf_profile_row *find(const char *label, const char *kernel) {
    size_t count;
    const cf_profile_row *rows = cf_profile_rows(cl, &count);
    for (size_t i = 0; i < count; i++)
        if (!strcmp(rows[i].label, label) && !strcmp(rows[i].kernel, kernel))
            return &rows[i];
    return NULL;
}

static size_t rows(void) {
    size_t count;
    (void)cf_profile_rows(cl, &count);
    return count;
}

START_TEST(rows_are_summed_per_label_and_kernel) {
    float values[2] = {0};
    cf_profile_reset(cl);
    cf_profile_enable(cl, 1);
    cf_profile_label(cl, "one");
    ck_assert_int_eq(cf_buffer_write(buffer, 0, values, sizeof values), CF_OK);
    launch("spin");
    launch("spin");
    cf_profile_label(cl, "two");
    launch("spin");
    launch("idle");
    ck_assert_int_eq(cf_buffer_read(buffer, 0, values, sizeof values), CF_OK);
    ck_assert_int_eq(cf_profile_collect(cl), CF_OK);
    ck_assert_uint_eq(rows(), 5);
    ck_assert_uint_eq(find("one", "write")->calls, 1);
    ck_assert_uint_eq(find("one", "spin")->calls, 2);
    ck_assert_uint_eq(find("two", "spin")->calls, 1);
    ck_assert_uint_eq(find("two", "read")->calls, 1);
    ck_assert_double_gt(find("one", "spin")->ms, 0);
    ck_assert_int_eq(cf_profile_collect(cl), CF_OK); /* nothing is counted twice */
    ck_assert_uint_eq(find("one", "spin")->calls, 2);
    cf_profile_label(cl, NULL);
}
END_TEST

START_TEST(nothing_is_counted_when_off) {
    cf_profile_reset(cl);
    cf_profile_enable(cl, 0);
    launch("idle");
    ck_assert_int_eq(cf_profile_collect(cl), CF_OK);
    ck_assert_uint_eq(rows(), 0);
}
END_TEST

START_TEST(long_runs_do_not_lose_events) {
    cf_profile_enable(cl, 1);
    cf_profile_reset(cl);
    for (int i = 0; i < 2500; i++) /* more than are kept pending */
        launch("idle");
    ck_assert_int_eq(cf_profile_collect(cl), CF_OK);
    ck_assert_uint_eq(find("", "idle")->calls, 2500);
    cf_profile_enable(cl, 0);
    cf_profile_reset(cl);
}
END_TEST

START_TEST(closing_with_pending_events_is_clean) {
    cf_profile_enable(cl, 1);
    launch("idle"); /* freed by main's cf_cl_close: the sanitizer build sees a leak */
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, rows_are_summed_per_label_and_kernel);
    tcase_add_test(tc, nothing_is_counted_when_off);
    tcase_add_test(tc, long_runs_do_not_lose_events);
    tcase_add_test(tc, closing_with_pending_events_is_clean);
}

int main(void) {
    const cf_cl_params params = {.cache_dir = ""};
    if (cf_cl_open(&params, &cl) != CF_OK || cf_buffer_get(cl, 64, &buffer) != CF_OK)
        return 1;
    int failed = test_run("profile", add);
    cf_buffer_put(&buffer);
    cf_cl_close(&cl);
    return failed;
}
