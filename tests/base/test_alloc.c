/* SPDX-License-Identifier: Apache-2.0 */
/* Host memory: alignment, zeroing, overflow, counting, injected failure. Does not prove that
 * nothing else leaks: the sanitizer build of every test does. */
#include "base/alloc.h"

#include <stdint.h>
#include <string.h>

#include "tests/test_main.h"

START_TEST(blocks_are_aligned_zeroed_and_counted) {
    size_t before = cf_alloc_live(), made = cf_alloc_total();
    for (size_t bytes = 1; bytes < 5000; bytes = bytes * 3 + 1) {
        unsigned char *block = cf_alloc(bytes, 1);
        ck_assert_ptr_nonnull(block);
        ck_assert_uint_eq((uintptr_t)block % CF_ALIGN, 0);
        for (size_t i = 0; i < bytes; i++)
            ck_assert_uint_eq(block[i], 0);
        memset(block, 0xff, bytes); /* the next one must be zero again */
        ck_assert_uint_eq(cf_alloc_live(), before + 1);
        ck_assert_uint_eq(cf_alloc_total(), ++made);
        cf_free(block);
    }
    cf_free(NULL);
    ck_assert_uint_eq(cf_alloc_live(), before);
}
END_TEST

START_TEST(nothing_is_a_valid_block) {
    void *a = cf_alloc(0, 8), *b = cf_alloc(8, 0), *c = cf_alloc(0, SIZE_MAX);
    ck_assert(a && b && c);
    cf_free(a);
    cf_free(b);
    cf_free(c);
}
END_TEST

START_TEST(sizes_that_overflow_or_exhaust_are_refused) {
    size_t before = cf_alloc_live();
    ck_assert_ptr_null(cf_alloc(SIZE_MAX, 2));
    ck_assert_ptr_null(cf_alloc(SIZE_MAX / 2 + 2, 2)); /* the product wraps to 2 */
    ck_assert_ptr_null(cf_alloc(CF_ALLOC_MAX + 1, 1));
    ck_assert_uint_eq(cf_alloc_live(), before);
}
END_TEST

START_TEST(failure_can_be_injected_once) {
    cf_alloc_fail_after(1);
    void *first = cf_alloc(1, 1), *second = cf_alloc(1, 1), *third = cf_alloc(1, 1);
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_null(second);
    ck_assert_ptr_nonnull(third);
    cf_alloc_fail_after(0);
    ck_assert_ptr_null(cf_strdup("x"));
    cf_alloc_fail_after(-1);
    cf_free(first);
    cf_free(third);
}
END_TEST

START_TEST(texts_are_copied) {
    char text[] = "colour";
    char *copy = cf_strdup(text);
    text[0] = 'C';
    ck_assert_str_eq(copy, "colour");
    ck_assert_ptr_null(cf_strdup(NULL));
    cf_free(copy);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, blocks_are_aligned_zeroed_and_counted);
    tcase_add_test(tc, nothing_is_a_valid_block);
    tcase_add_test(tc, sizes_that_overflow_or_exhaust_are_refused);
    tcase_add_test(tc, failure_can_be_injected_once);
    tcase_add_test(tc, texts_are_copied);
}

int main(void) {
    return test_run("alloc", add);
}
