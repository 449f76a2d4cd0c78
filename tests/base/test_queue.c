/* SPDX-License-Identifier: Apache-2.0 */
/* The bounded queue. Races show under the tsan preset only; here order, bounds and wake-ups. */
#include "base/queue.h"

#include <check.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"

static int items[64];

START_TEST(keeps_order_and_bounds) {
    cf_queue *q;
    void *item;
    ck_assert_int_eq(cf_queue_create(3, &q), CF_OK);
    ck_assert_int_eq(cf_queue_pop(q, 0, &item), CF_ERR_TIMEOUT);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 3; i++)
            ck_assert_int_eq(cf_queue_push(q, &items[i], 0), CF_OK);
        ck_assert_int_eq(cf_queue_push(q, &items[3], 0), CF_ERR_TIMEOUT);
        ck_assert_int_eq(cf_queue_push(q, &items[3], 2), CF_ERR_TIMEOUT);
        ck_assert_ptr_eq(cf_queue_push_newest(q, &items[3]), &items[0]);
        for (int i = 1; i < 4; i++) {
            ck_assert_int_eq(cf_queue_pop(q, 0, &item), CF_OK);
            ck_assert_ptr_eq(item, &items[i]);
        }
        ck_assert_int_eq(cf_queue_count(q), 0);
    }
    ck_assert_ptr_null(cf_queue_push_newest(q, &items[5]));
    cf_queue_close(q);
    ck_assert_int_eq(cf_queue_push(q, &items[6], -1), CF_ERR_END);
    ck_assert_ptr_eq(cf_queue_push_newest(q, &items[6]), &items[6]);
    ck_assert_int_eq(cf_queue_pop(q, -1, &item), CF_OK);
    ck_assert_int_eq(cf_queue_pop(q, -1, &item), CF_ERR_END);
    cf_queue_destroy(&q);
    cf_queue_destroy(&q);
    ck_assert_int_eq(cf_queue_create(0, &q), CF_ERR_INVALID);
    for (long after = 0; after < 2; after++) {
        cf_alloc_fail_after(after);
        ck_assert_int_eq(cf_queue_create(4, &q), CF_ERR_MEMORY);
    }
    cf_alloc_fail_after(-1);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

START_TEST(waits_as_long_as_said) {
    cf_queue *q;
    void *item;
    ck_assert_int_eq(cf_queue_create(1, &q), CF_OK);
    double start = cf_clock_seconds();
    ck_assert_int_eq(cf_queue_pop(q, 30, &item), CF_ERR_TIMEOUT);
    ck_assert_double_ge(cf_clock_seconds() - start, 0.029);
    cf_queue_destroy(&q);
}
END_TEST

static void *produce(void *user) {
    cf_queue *q = user;
    for (int i = 0; i < 2000; i++)
        if (cf_queue_push(q, &items[i % 64], -1) != CF_OK)
            return user;
    cf_queue_close(q);
    return NULL;
}

START_TEST(hands_over_between_threads) {
    cf_queue *q;
    void *item, *result;
    pthread_t thread;
    ck_assert_int_eq(cf_queue_create(4, &q), CF_OK);
    ck_assert_int_eq(pthread_create(&thread, NULL, produce, q), 0);
    int count = 0;
    for (; cf_queue_pop(q, -1, &item) == CF_OK; count++)
        ck_assert_ptr_eq(item, &items[count % 64]);
    ck_assert_int_eq(count, 2000);
    pthread_join(thread, &result);
    ck_assert_ptr_null(result);
    cf_queue_destroy(&q);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("queue");
    TCase *tcase = tcase_create("queue");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, keeps_order_and_bounds);
    tcase_add_test(tcase, waits_as_long_as_said);
    tcase_add_test(tcase, hands_over_between_threads);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
