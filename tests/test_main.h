/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of every unit test: a suite of cases, a logger on stderr, an open device where one is
 * needed. */
#ifndef CHROMAFUSE_TESTS_TEST_MAIN_H
#define CHROMAFUSE_TESTS_TEST_MAIN_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

static inline void test_print_line(void *user, cf_log_level level, const char *line) {
    (void)user;
    fprintf(stderr, "[%d] %s\n", (int)level, line);
}

/* Runs the tests that add() puts into the case; the process' exit code. */
static inline int test_run(const char *name, void (*add)(TCase *)) {
    Suite *suite = suite_create(name);
    TCase *tc = tcase_create(name);
    cf_log_set(test_print_line, NULL, getenv("VERBOSE") ? CF_LOG_DEBUG : CF_LOG_WARNING);
    tcase_set_timeout(tc, 240);
    add(tc);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

#endif
