/* SPDX-License-Identifier: Apache-2.0 */
/* The logger: levels, cutting, control characters, one line at a time. Does not prove that messages
 * are useful: tests of bad input read them. */
#include "base/log.h"

#include <pthread.h>
#include <string.h>

#include "tests/test_main.h"

typedef struct {
    int count, inside, overlapped;
    cf_log_level level;
    char line[2000];
} heard;

static void listen(void *user, cf_log_level level, const char *line) {
    heard *h = user;
    h->overlapped |= h->inside;
    h->inside = 1;
    h->count++;
    h->level = level;
    snprintf(h->line, sizeof h->line, "%s", line);
    h->inside = 0;
}

START_TEST(levels_are_filtered) {
    heard h = {0};
    cf_log_set(listen, &h, CF_LOG_WARNING);
    cf_log(CF_LOG_INFO, "no");
    ck_assert_int_eq(h.count, 0);
    cf_log(CF_LOG_WARNING, "%s %d", "yes", 7);
    ck_assert_int_eq(h.count, 1);
    ck_assert_int_eq(h.level, CF_LOG_WARNING);
    ck_assert_str_eq(h.line, "yes 7");
    ck_assert_int_eq(cf_fail(CF_ERR_IO, "gone"), CF_ERR_IO);
    ck_assert_int_eq(h.level, CF_LOG_ERROR);
    cf_log_lower(CF_LOG_WARNING);
    ck_assert_int_eq(cf_fail(CF_ERR_IO, "one of many"), CF_ERR_IO);
    ck_assert_int_eq(h.level, CF_LOG_WARNING);
    cf_log_lower(CF_LOG_INFO);
    cf_log(CF_LOG_ERROR, "not shown");
    ck_assert_int_eq(h.count, 3);
    cf_log_lower(CF_LOG_ERROR);
    h.count = 2;
    cf_log_set(NULL, NULL, CF_LOG_DEBUG);
    cf_log(CF_LOG_ERROR, "silence");
    ck_assert_int_eq(h.count, 2);
}
END_TEST

START_TEST(hostile_text_is_defused) {
    heard h = {0};
    char big[3000];
    cf_log_set(listen, &h, CF_LOG_DEBUG);
    cf_log(CF_LOG_ERROR, "%s", "a\x1b[2Jb\nc\td\x7f");
    ck_assert_str_eq(h.line, "a?[2Jb?c?d?");
    cf_log(CF_LOG_ERROR, "%s", "caf\xc3\xa9"); /* UTF-8 passes */
    ck_assert_str_eq(h.line, "caf\xc3\xa9");
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    cf_log(CF_LOG_ERROR, "%s", big);
    ck_assert_uint_eq(strlen(h.line), 1023);
    cf_log_set(NULL, NULL, CF_LOG_WARNING);
}
END_TEST

static void *talk(void *unused) {
    for (int i = 0; i < 500; i++)
        cf_log(CF_LOG_INFO, "line %d", i);
    return unused;
}

START_TEST(threads_take_turns) {
    heard h = {0};
    pthread_t threads[4];
    cf_log_set(listen, &h, CF_LOG_INFO);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, talk, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    cf_log_set(NULL, NULL, CF_LOG_WARNING);
    ck_assert_int_eq(h.count, 2000);
    ck_assert_int_eq(h.overlapped, 0);
}
END_TEST

START_TEST(every_status_has_a_text) {
    for (int s = CF_OK; s <= CF_ERR_CANCELLED; s++) {
        ck_assert_str_ne(cf_status_text((cf_status)s), "unknown status");
        for (int t = CF_OK; t < s; t++)
            ck_assert_str_ne(cf_status_text((cf_status)s), cf_status_text((cf_status)t));
    }
    ck_assert_str_eq(cf_status_text((cf_status)99), "unknown status");
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, levels_are_filtered);
    tcase_add_test(tc, hostile_text_is_defused);
    tcase_add_test(tc, threads_take_turns);
    tcase_add_test(tc, every_status_has_a_text);
}

int main(void) {
    return test_run("log", add);
}
