/* SPDX-License-Identifier: Apache-2.0 */
/* Picture metrics against skimage. Does not prove that they rank pictures as a
 * person would. */
#include "tools/metrics.h"

#include <math.h>

#include "tests/test_main.h"

static void make(int width, int height, int which, cf_image *out) {
    ck_assert_int_eq(cf_image_alloc(width, height, 1, CF_PIXEL_RGB8, out), CF_OK);
    for (int y = 0; y < height; y++) {
        unsigned char *p = cf_image_row(out, 0, y);
        for (int x = 0; x < width; x++)
            for (int c = 0; c < 3; c++) {
                int base = (x * (3 + c) + y * 5) % 256;
                *p++ = (unsigned char)(which ? (base * 7 + x * y % 41 * 5) / 8 : base);
            }
    }
}

/*
 * What ../shared/eval/metrics.py (numpy, skimage 0.26) gives for the same two pictures:
 *   python3 -c "import numpy as np, metrics; y, x, c = np.mgrid[0:75, 0:101, 0:3]
 *   b = (x * (3 + c) + y * 5) % 256; o = (b * 7 + x * y % 41 * 5) // 8
 *   print(metrics.score(o.astype(np.uint8), b.astype(np.uint8)))"
 */
START_TEST(agrees_with_skimage) {
    cf_image truth, picture;
    cf_metrics m;
    make(101, 75, 0, &truth);
    make(101, 75, 1, &picture);
    ck_assert_int_eq(cf_metrics_compare(&picture, &truth, CF_METRICS_BORDER, &m), CF_OK);
    ck_assert_double_eq_tol(m.psnr, 26.0939148, 1e-6);
    ck_assert_double_eq_tol(m.ssim, 0.876190988, 1e-6);
    ck_assert_double_eq_tol(m.ciede2000, 3.47714326, 1e-4);
    cf_image_free(&truth);
    cf_image_free(&picture);
}
END_TEST

START_TEST(equal_pictures_are_perfect) {
    cf_image a;
    cf_metrics m;
    make(40, 39, 1, &a);
    ck_assert_int_eq(cf_metrics_compare(&a, &a, CF_METRICS_BORDER, &m), CF_OK);
    ck_assert_double_eq(m.psnr, 99);
    ck_assert_double_eq_tol(m.ssim, 1, 1e-12);
    ck_assert_double_eq(m.ciede2000, 0);
    cf_image_free(&a);
}
END_TEST

START_TEST(refuses_what_cannot_be_compared) {
    cf_image a, b;
    cf_metrics m;
    make(40, 39, 0, &a);
    make(40, 38, 0, &b);
    ck_assert_int_eq(cf_metrics_compare(&a, &b, 0, &m), CF_ERR_INVALID);
    ck_assert_int_eq(cf_metrics_compare(&b, &b, CF_METRICS_BORDER, &m), CF_ERR_INVALID);
    cf_image_free(&a);
    cf_image_free(&b);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, agrees_with_skimage);
    tcase_add_test(tc, equal_pictures_are_perfect);
    tcase_add_test(tc, refuses_what_cannot_be_compared);
}

int main(void) {
    return test_run("metrics", add);
}
