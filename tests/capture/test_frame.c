/* SPDX-License-Identifier: Apache-2.0 */
/* Frames and their pools: lifetimes, packed codes. Not what sources fill them with: see the
 * sources' own tests. */
#include "capture/frame.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

START_TEST(unpacks_what_is_packed) {
    /* MIPI CSI-2 RAW10 by hand: codes 1, 2, 3, 1023 and 512. */
    static const unsigned char packed[10] = {0x00, 0x00, 0x00, 0xff, 0xf9, 0x80};
    static const uint16_t codes[5] = {1, 2, 3, 1023, 512};
    cf_frame_pool *pool;
    cf_image view;
    ck_assert_int_eq(cf_frame_pool_create(5, 2, CF_RAW_10P, 2, &pool), CF_OK);
    cf_frame *frame = cf_frame_pool_get(pool);
    ck_assert_ptr_nonnull(frame);
    ck_assert_int_eq(frame->image.format, CF_PIXEL_U8);
    ck_assert_int_eq(frame->image.width, 10);
    ck_assert_int_eq(frame->profile.width, 5);
    memcpy(cf_image_row(&frame->image, 0, 1), packed, sizeof packed);
    ck_assert_int_eq(cf_image_alloc(5, 2, 1, CF_PIXEL_U16, &view), CF_OK);
    ck_assert_int_eq(cf_frame_codes(frame, &view), CF_OK);
    ck_assert_mem_eq(cf_image_row(&view, 0, 1), codes, sizeof codes);
    view.width = 4;
    ck_assert_int_eq(cf_frame_codes(frame, &view), CF_ERR_INVALID);
    cf_image_free(&view);
    cf_frame_unref(&frame);
    cf_frame_pool_destroy(&pool);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

START_TEST(pool_gives_what_came_back) {
    cf_frame_pool *pool;
    ck_assert_int_eq(cf_frame_pool_create(8, 8, CF_RAW_CODES, 2, &pool), CF_OK);
    size_t live = cf_alloc_live();
    for (int round = 0; round < 5; round++) {
        cf_frame *a = cf_frame_pool_get(pool), *b = cf_frame_pool_get(pool);
        ck_assert_ptr_nonnull(a);
        ck_assert_ptr_nonnull(b);
        ck_assert_ptr_null(cf_frame_pool_get(pool));
        ck_assert_int_eq(cf_frame_pool_out(pool), 2);
        ck_assert_int_eq(a->t_ns, 0); /* nothing of its earlier life is left */
        ck_assert_float_eq(a->profile.white, 65535);
        a->t_ns = 5;
        a->profile.white = 1;
        cf_frame *more = cf_frame_ref(a);
        cf_frame_unref(&a);
        ck_assert_int_eq(cf_frame_pool_out(pool), 2);
        cf_frame_unref(&more);
        cf_frame_unref(&b);
        ck_assert_int_eq(cf_frame_pool_out(pool), 0);
    }
    ck_assert_uint_eq(cf_alloc_live(), live);
    cf_frame_pool_destroy(&pool);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

START_TEST(frames_outlive_their_pool) {
    cf_frame_pool *pool;
    ck_assert_int_eq(cf_frame_pool_create(8, 8, CF_RAW_CODES, 3, &pool), CF_OK);
    cf_frame *a = cf_frame_pool_get(pool), *b = cf_frame_pool_get(pool);
    cf_frame_pool_destroy(&pool);
    ck_assert_ptr_null(pool);
    memset(a->image.data, 1, a->image.stride * 8);
    cf_frame_unref(&a);
    cf_frame_unref(&b);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

START_TEST(refuses_nonsense) {
    cf_frame_pool *pool;
    cf_frame *frame;
    ck_assert_int_eq(cf_frame_pool_create(8, 8, CF_RAW_8, 0, &pool), CF_ERR_INVALID);
    ck_assert_int_eq(cf_frame_pool_create(8, 8, CF_RAW_8, 257, &pool), CF_ERR_INVALID);
    ck_assert_int_eq(cf_frame_pool_create(0, 8, CF_RAW_12P, 1, &pool), CF_ERR_INVALID);
    ck_assert_int_eq(cf_frame_pool_create(8, -1, CF_RAW_8, 1, &pool), CF_ERR_INVALID);
    ck_assert_int_eq(cf_frame_pool_create(1 << 30, 8, CF_RAW_14P, 1, &pool), CF_ERR_INVALID);
    ck_assert_int_eq(cf_frame_create(-1, 8, &frame), CF_ERR_INVALID);
    for (long after = 0; after < 5; after++) { /* the pool, then two blocks a frame */
        cf_alloc_fail_after(after);
        ck_assert_int_eq(cf_frame_pool_create(8, 8, CF_RAW_8, 2, &pool), CF_ERR_MEMORY);
        ck_assert_ptr_null(pool);
    }
    cf_alloc_fail_after(-1);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

static void *churn(void *user) {
    cf_frame_pool *pool = user;
    for (int i = 0; i < 3000; i++) {
        cf_frame *frame = cf_frame_pool_get(pool);
        if (!frame)
            continue;
        frame->sequence = (uint64_t)i;
        cf_frame *more = cf_frame_ref(frame);
        cf_frame_unref(&frame);
        cf_frame_unref(&more);
    }
    return NULL;
}

START_TEST(threads_share_a_pool) {
    cf_frame_pool *pool;
    pthread_t threads[3];
    ck_assert_int_eq(cf_frame_pool_create(4, 4, CF_RAW_CODES, 2, &pool), CF_OK);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, churn, pool), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(cf_frame_pool_out(pool), 0);
    cf_frame_pool_destroy(&pool);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("frame");
    TCase *tcase = tcase_create("frame");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, unpacks_what_is_packed);
    tcase_add_test(tcase, pool_gives_what_came_back);
    tcase_add_test(tcase, frames_outlive_their_pool);
    tcase_add_test(tcase, refuses_nonsense);
    tcase_add_test(tcase, threads_share_a_pool);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
