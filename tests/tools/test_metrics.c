/* SPDX-License-Identifier: Apache-2.0 */
/* Picture metrics against published pairs and skimage. Does not prove that they rank pictures as a
 * person would. */
#include "tools/metrics.h"

#include <math.h>

#include "tests/test_main.h"

/* Table 1 of Sharma, Wu and Dalal (2005): two colours in Lab and their difference. */
static const double pairs[34][7] = {
    {50, 2.6772, -79.7751, 50, 0, -82.7485, 2.0425},
    {50, 3.1571, -77.2803, 50, 0, -82.7485, 2.8615},
    {50, 2.8361, -74.0200, 50, 0, -82.7485, 3.4412},
    {50, -1.3802, -84.2814, 50, 0, -82.7485, 1.0000},
    {50, -1.1848, -84.8006, 50, 0, -82.7485, 1.0000},
    {50, -0.9009, -85.5211, 50, 0, -82.7485, 1.0000},
    {50, 0, 0, 50, -1, 2, 2.3669},
    {50, -1, 2, 50, 0, 0, 2.3669},
    {50, 2.4900, -0.0010, 50, -2.4900, 0.0009, 7.1792},
    {50, 2.4900, -0.0010, 50, -2.4900, 0.0010, 7.1792},
    {50, 2.4900, -0.0010, 50, -2.4900, 0.0011, 7.2195},
    {50, 2.4900, -0.0010, 50, -2.4900, 0.0012, 7.2195},
    {50, -0.0010, 2.4900, 50, 0.0009, -2.4900, 4.8045},
    {50, -0.0010, 2.4900, 50, 0.0010, -2.4900, 4.8045},
    {50, -0.0010, 2.4900, 50, 0.0011, -2.4900, 4.7461},
    {50, 2.5, 0, 50, 0, -2.5, 4.3065},
    {50, 2.5, 0, 73, 25, -18, 27.1492},
    {50, 2.5, 0, 61, -5, 29, 22.8977},
    {50, 2.5, 0, 56, -27, -3, 31.9030},
    {50, 2.5, 0, 58, 24, 15, 19.4535},
    {50, 2.5, 0, 50, 3.1736, 0.5854, 1.0000},
    {50, 2.5, 0, 50, 3.2972, 0, 1.0000},
    {50, 2.5, 0, 50, 1.8634, 0.5757, 1.0000},
    {50, 2.5, 0, 50, 3.2592, 0.3350, 1.0000},
    {60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644},
    {63.0109, -31.0961, -5.8663, 62.8187, -29.7946, -4.0864, 1.2630},
    {61.2901, 3.7196, -5.3901, 61.4292, 2.2480, -4.9620, 1.8731},
    {35.0831, -44.1164, 3.7933, 35.0232, -40.0716, 1.5901, 1.8645},
    {22.7233, 20.0904, -46.6940, 23.0331, 14.9730, -42.5619, 2.0373},
    {36.4612, 47.8580, 18.3852, 36.2715, 50.5065, 21.2231, 1.4146},
    {90.8027, -2.0831, 1.4410, 91.1528, -1.6435, 0.0447, 1.4441},
    {90.9257, -0.5406, -0.9208, 88.6381, -0.8985, -0.7239, 1.5381},
    {6.7747, -0.2908, -2.4247, 5.8714, -0.0985, -2.2286, 0.6377},
    {2.0776, 0.0795, -1.1350, 0.9033, -0.0636, -0.5514, 0.9082},
};

START_TEST(ciede2000_matches_the_published_pairs) {
    for (int i = 0; i < 34; i++) {
        const double *p = pairs[i];
        double forth = cf_ciede2000(p, p + 3), back = cf_ciede2000(p + 3, p);
        ck_assert_msg(fabs(forth - p[6]) < 6e-5, "pair %d: %.5f, not %.4f", i + 1, forth, p[6]);
        ck_assert_double_eq_tol(forth, back, 1e-9);
    }
}
END_TEST

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
    tcase_add_test(tc, ciede2000_matches_the_published_pairs);
    tcase_add_test(tc, agrees_with_skimage);
    tcase_add_test(tc, equal_pictures_are_perfect);
    tcase_add_test(tc, refuses_what_cannot_be_compared);
}

int main(void) {
    return test_run("metrics", add);
}
