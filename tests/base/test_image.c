/* SPDX-License-Identifier: Apache-2.0 */
/* Host pictures: layout, limits, failing memory. Does not prove what readers do with sizes from
 * files: their own tests and fuzz targets do. */
#include "base/image.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "tests/test_main.h"

START_TEST(rows_and_planes_do_not_overlap) {
    static const cf_pixel formats[] = {CF_PIXEL_U8,   CF_PIXEL_U16,   CF_PIXEL_F32,
                                       CF_PIXEL_RGB8, CF_PIXEL_RGB16, CF_PIXEL_RGBF32};
    for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
        cf_image image;
        ck_assert_int_eq(cf_image_alloc(37, 5, 3, formats[f], &image), CF_OK);
        size_t row = 37 * cf_pixel_bytes(formats[f]);
        ck_assert_uint_ge(image.stride, row);
        for (int p = 0; p < 3; p++)
            for (int y = 0; y < 5; y++) {
                unsigned char *at = cf_image_row(&image, p, y);
                ck_assert_uint_eq((uintptr_t)at % CF_ALIGN, 0);
                for (size_t i = 0; i < row; i++)
                    ck_assert_uint_eq(at[i], 0); /* nothing wrote here before */
                memset(at, 0xff, row);
            }
        cf_image_free(&image);
        ck_assert_ptr_null(image.data);
        cf_image_free(&image);
    }
    cf_image_free(NULL);
}
END_TEST

START_TEST(sizes_are_limited) {
    static const int bad[][3] = {{0, 1, 1},     {1, 0, 1},       {-1, 1, 1},
                                 {32769, 1, 1}, {1, INT_MAX, 1}, {32768, 32768, 1},
                                 {1, 1, 0},     {1, 1, 17},      {1, 1, -1}};
    cf_image image;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_int_eq(cf_image_alloc(bad[i][0], bad[i][1], bad[i][2], CF_PIXEL_U8, &image),
                         CF_ERR_INVALID);
        ck_assert_ptr_null(image.data);
    }
    ck_assert_int_eq(cf_image_alloc(1, 1, 1, CF_PIXEL_NONE, &image), CF_ERR_INVALID);
    ck_assert(cf_image_size_ok(1, 1) && cf_image_size_ok(32768, 16384));
    ck_assert(!cf_image_size_ok(LONG_MAX, LONG_MAX) && !cf_image_size_ok(LONG_MIN, 1));
}
END_TEST

START_TEST(memory_that_is_out_is_said) {
    cf_image image;
    cf_alloc_fail_after(0);
    ck_assert_int_eq(cf_image_alloc(8, 8, 1, CF_PIXEL_F32, &image), CF_ERR_MEMORY);
    cf_alloc_fail_after(-1);
    /* within the limits of a picture, over the limit of a block */
    ck_assert_int_eq(cf_image_alloc(32768, 16384, 16, CF_PIXEL_F32, &image), CF_ERR_MEMORY);
    ck_assert_ptr_null(image.data);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, rows_and_planes_do_not_overlap);
    tcase_add_test(tc, sizes_are_limited);
    tcase_add_test(tc, memory_that_is_out_is_said);
}

int main(void) {
    return test_run("image", add);
}
