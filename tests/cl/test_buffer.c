/* SPDX-License-Identifier: Apache-2.0 */
/* The buffer pool and the transfers. Does not prove that a whole frame allocates nothing: the
 * pipeline's own test counts that. */
#include "cl/buffer.h"

#include <string.h>

#include "base/alloc.h"
#include "tests/test_main.h"

static cf_cl *cl;

START_TEST(what_was_put_back_is_used_again) {
    cf_buffer *a, *b;
    cf_pool_trim(cl);
    ck_assert_int_eq(cf_buffer_get(cl, 100000, &a), CF_OK);
    ck_assert_uint_ge(cf_buffer_size(a), 100000);
    cf_pool_stats stats = cf_pool_statistics(cl);
    ck_assert_uint_eq(stats.live_count, 1);
    ck_assert_uint_eq(stats.live_bytes, cf_buffer_size(a));
    for (int frame = 0; frame < 100; frame++) {
        cf_buffer_put(&a);
        ck_assert_ptr_null(a);
        ck_assert_int_eq(cf_buffer_get(cl, 99000, &a), CF_OK);
    }
    ck_assert_uint_eq(cf_pool_statistics(cl).allocations, stats.allocations);
    ck_assert_uint_eq(cf_pool_statistics(cl).held_bytes, stats.held_bytes);
    cf_buffer_put(&a);
    ck_assert_int_eq(cf_buffer_get(cl, 100, &b), CF_OK); /* not wasted on a small request */
    ck_assert_uint_eq(cf_pool_statistics(cl).allocations, stats.allocations + 1);
    cf_buffer_put(&b);
    cf_buffer_put(&b);
    cf_buffer_put(NULL);
    ck_assert_uint_eq(cf_pool_statistics(cl).live_bytes, 0);
    cf_pool_trim(cl);
    ck_assert_uint_eq(cf_pool_statistics(cl).held_bytes, 0);
}
END_TEST

START_TEST(bytes_go_there_and_back) {
    unsigned char in[300], out[300];
    cf_buffer *buffer;
    for (int i = 0; i < 300; i++)
        in[i] = (unsigned char)(i * 7);
    ck_assert_int_eq(cf_buffer_get(cl, 300, &buffer), CF_OK);
    ck_assert_int_eq(cf_buffer_fill(buffer, 0xab, 300), CF_OK);
    ck_assert_int_eq(cf_buffer_write(buffer, 10, in, 50), CF_OK);
    ck_assert_int_eq(cf_buffer_write(buffer, 0, in, 0), CF_OK);
    ck_assert_int_eq(cf_buffer_read(buffer, 0, out, 300), CF_OK);
    ck_assert_int_eq(cf_buffer_read(buffer, 300, out, 0), CF_OK);
    ck_assert_mem_eq(out + 10, in, 50);
    ck_assert_uint_eq(out[9], 0xab);
    ck_assert_uint_eq(out[60], 0xab);
    cf_buffer_put(&buffer);
}
END_TEST

START_TEST(bytes_go_from_buffer_to_buffer) {
    unsigned char in[100], out[100];
    cf_buffer *a, *b;
    for (int i = 0; i < 100; i++)
        in[i] = (unsigned char)(i * 7);
    ck_assert_int_eq(cf_buffer_get(cl, 4096, &a), CF_OK);
    ck_assert_int_eq(cf_buffer_get(cl, 4096, &b), CF_OK);
    ck_assert_int_eq(cf_buffer_write(a, 0, in, 100), CF_OK);
    ck_assert_int_eq(cf_buffer_fill(b, 0xab, 4096), CF_OK);
    ck_assert_int_eq(cf_buffer_copy(a, 10, b, 33, 50), CF_OK);
    ck_assert_int_eq(cf_buffer_copy(a, 0, b, 0, 0), CF_OK);
    ck_assert_int_eq(cf_buffer_read(b, 0, out, 100), CF_OK);
    ck_assert_mem_eq(out + 33, in + 10, 50);
    ck_assert_uint_eq(out[32], 0xab);
    ck_assert_uint_eq(out[83], 0xab);
    ck_assert_int_eq(cf_buffer_copy(a, 4000, b, 0, 97), CF_ERR_INVALID);
    ck_assert_int_eq(cf_buffer_copy(a, 0, b, 4000, 97), CF_ERR_INVALID);
    ck_assert_int_eq(cf_buffer_copy(a, 0, b, (size_t)-1, 2), CF_ERR_INVALID);
    ck_assert_int_eq(cf_buffer_copy(a, 0, a, 100, 2), CF_ERR_INVALID);
    cf_buffer_put(&a);
    cf_buffer_put(&b);
}
END_TEST

START_TEST(rows_keep_their_strides) {
    enum { ROWS = 5, BYTES = 24, DEVICE = 64, HOST = 40 };
    unsigned char in[ROWS * HOST], out[ROWS * HOST], flat[2048];
    /* 200 = 3 rows and 8 bytes; 50: the row crosses a multiple of the stride */
    static const size_t offsets[] = {0, 200, 50};
    cf_buffer *buffer;
    for (int i = 0; i < ROWS * HOST; i++)
        in[i] = (unsigned char)(i % 251);
    ck_assert_int_eq(cf_buffer_get(cl, sizeof flat, &buffer), CF_OK);
    for (size_t o = 0; o < sizeof offsets / sizeof *offsets; o++) {
        ck_assert_int_eq(cf_buffer_fill(buffer, 0xff, sizeof flat), CF_OK);
        ck_assert_int_eq(cf_buffer_write_rows(buffer, offsets[o], DEVICE, in, HOST, BYTES, ROWS),
                         CF_OK);
        ck_assert_int_eq(cf_buffer_read(buffer, 0, flat, sizeof flat), CF_OK);
        for (size_t y = 0; y < ROWS; y++) {
            ck_assert_mem_eq(flat + offsets[o] + y * DEVICE, in + y * HOST, BYTES);
            ck_assert_uint_eq(flat[offsets[o] + y * DEVICE + BYTES], 0xff);
        }
        memset(out, 0, sizeof out);
        ck_assert_int_eq(cf_buffer_read_rows(buffer, offsets[o], DEVICE, out, HOST, BYTES, ROWS),
                         CF_OK);
        for (size_t y = 0; y < ROWS; y++) {
            ck_assert_mem_eq(out + y * HOST, in + y * HOST, BYTES);
            ck_assert_uint_eq(out[y * HOST + BYTES], 0);
        }
    }
    cf_buffer_put(&buffer);
}
END_TEST

START_TEST(transfers_out_of_bounds_are_refused) {
    static unsigned char bytes[64];
    cf_buffer *b;
    ck_assert_int_eq(cf_buffer_get(cl, 4096, &b), CF_OK);
    size_t size = cf_buffer_size(b);
    ck_assert_int_eq(cf_buffer_write(b, size - 10, bytes, 11), CF_ERR_INVALID);
    ck_assert_int_eq(cf_buffer_write(b, (size_t)-1, bytes, 2), CF_ERR_INVALID);
    ck_assert_int_eq(cf_buffer_read(b, size + 1, bytes, 0), CF_ERR_INVALID);
    ck_assert_int_eq(cf_buffer_fill(b, 0, size + 1), CF_ERR_INVALID);
    ck_assert_int_eq(cf_buffer_write_rows(b, 0, 4, bytes, 8, 8, 2), CF_ERR_INVALID);
    ck_assert_int_eq(cf_buffer_write_rows(b, 0, 8, bytes, 4, 8, 2), CF_ERR_INVALID);
    ck_assert_int_eq(cf_buffer_write_rows(b, 0, size, bytes, 8, 8, 2), CF_ERR_INVALID);
    ck_assert_int_eq(cf_buffer_read_rows(b, 0, 8, bytes, 8, 8, 0), CF_ERR_INVALID);
    ck_assert_int_eq(cf_buffer_read_rows(b, 0, 64, bytes, 64, 8, (size_t)-1), CF_ERR_INVALID);
    cf_buffer_put(&b);
}
END_TEST

START_TEST(memory_runs_out_in_words) {
    const cf_cl_params params = {.cache_dir = "", .memory_limit = 1 << 20};
    cf_cl *small;
    cf_buffer *a, *b;
    ck_assert_int_eq(cf_buffer_get(cl, CF_ALLOC_MAX + 1, &a), CF_ERR_MEMORY);
    ck_assert_ptr_null(a);
    ck_assert_int_eq(cf_cl_open(&params, &small), CF_OK);
    ck_assert_int_eq(cf_buffer_get(small, 600000, &a), CF_OK);
    ck_assert_int_eq(cf_buffer_get(small, 600000, &b), CF_ERR_MEMORY);
    cf_buffer_put(&a);
    ck_assert_int_eq(cf_buffer_get(small, 1 << 20, &b), CF_OK); /* the waiting one makes room */
    ck_assert_uint_le(cf_pool_statistics(small).peak_bytes, 1 << 20);
    cf_buffer_put(&b);
    for (long after = 0; after < 2; after++) {
        size_t live = cf_alloc_live();
        cf_alloc_fail_after(0);
        ck_assert_int_eq(cf_buffer_get(small, 3000, &a), CF_ERR_MEMORY);
        cf_alloc_fail_after(-1);
        ck_assert_uint_eq(cf_alloc_live(), live);
    }
    cf_pool_fail_after(small, 1);
    ck_assert_int_eq(cf_buffer_get(small, 10, &a), CF_OK);
    ck_assert_int_eq(cf_buffer_get(small, 10, &b), CF_ERR_MEMORY);
    cf_pool_fail_after(small, -1);
    cf_buffer_put(&a);
    cf_cl_close(&small);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, what_was_put_back_is_used_again);
    tcase_add_test(tc, bytes_go_there_and_back);
    tcase_add_test(tc, bytes_go_from_buffer_to_buffer);
    tcase_add_test(tc, rows_keep_their_strides);
    tcase_add_test(tc, transfers_out_of_bounds_are_refused);
    tcase_add_test(tc, memory_runs_out_in_words);
}

int main(void) {
    const cf_cl_params params = {.cache_dir = ""};
    if (cf_cl_open(&params, &cl) != CF_OK)
        return 1;
    int failed = test_run("buffer", add);
    cf_cl_close(&cl);
    return failed;
}
