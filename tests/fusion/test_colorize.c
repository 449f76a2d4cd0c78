/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door for mono pictures: luma stays, points colour their surroundings, large pictures in bands
 * are the same as at once, memory. Does not judge how good colours are (docs/benchmarks.md) nor the
 * files that the program writes (tests/tools/test_colorize.py).
 */
#include "fusion/colorize.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "cl/buffer.h"
#include "fusion/colorize_points.h"
#include "fusion/krige_shared.h"
#include "tests/test_main.h"

static cf_cl *cl;

/* Two surfaces, each with a gradient from black to white, the border at x = 0.4 width. */
static cf_image picture_of(int width, int height) {
    cf_image gray;
    ck_assert_int_eq(cf_image_alloc(width, height, 1, CF_PIXEL_F32, &gray), CF_OK);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            float ramp = (float)y / (float)(height - 1);
            ((float *)cf_image_row(&gray, 0, y))[x] = 5 * x < 2 * width ? ramp * ramp : 1 - ramp;
        }
    return gray;
}

/* The classical transfer alone, unless a test says otherwise. */
static cf_colorize_params guided(void) {
    cf_colorize_params params = CF_COLORIZE_DEFAULTS;
    params.transfer = CF_FUSE_GUIDED;
    return params;
}

static cf_image run(const cf_image *gray, const cf_colorize_params *params,
                    const cf_hint_point *points, size_t count, cf_colorize_output output) {
    cf_colorize *c;
    cf_image out;
    ck_assert_int_eq(cf_colorize_create(cl, gray->width, gray->height, params, &c), CF_OK);
    ck_assert_int_eq(cf_colorize_run(c, gray, points, count), CF_OK);
    ck_assert_int_eq(cf_colorize_fetch(c, output, &out), CF_OK);
    cf_colorize_destroy(&c);
    return out;
}

/* CIE 15: L* of a luminance. */
static double lightness(double y) {
    return y > 216.0 / 24389 ? 116 * cbrt(y) - 16 : 24389.0 / 27 * y;
}

static double linear(double code) {
    double v = code / 255;
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

START_TEST(luma_stays) {
    static const int sizes[][2] = {{96, 64}, {333, 205}, {1, 1}, {3, 2}};
    static const cf_hint_point points[] = {{0, 0, 9, {255, 20, 10}}, {0, 1, 3, {10, 40, 250}}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        cf_image gray = picture_of(sizes[i][0], sizes[i][1] > 1 ? sizes[i][1] : 2);
        gray.height = sizes[i][1];
        cf_colorize_params params = guided();
        params.grid = 64; /* 333: three halvings */
        cf_image rgb = run(&gray, &params, points, sizes[i][1] > 1 ? 2 : 1, CF_COLORIZE_PICTURE);
        ck_assert_int_eq(rgb.width, gray.width);
        ck_assert_int_eq(rgb.height, gray.height);
        for (int y = 0; y < gray.height; y++)
            for (int x = 0; x < gray.width; x++) {
                const unsigned char *v = (unsigned char *)cf_image_row(&rgb, 0, y) + 3 * x;
                double luminance =
                    0.2126 * linear(v[0]) + 0.7152 * linear(v[1]) + 0.0722 * linear(v[2]);
                double m = (double)((float *)cf_image_row(&gray, 0, y))[x];
                ck_assert_double_lt(fabs(lightness(luminance) - lightness(m)), 0.3);
            }
        cf_image_free(&rgb);
        cf_image_free(&gray);
    }
}
END_TEST

START_TEST(without_hints_guided_gives_grey) {
    cf_colorize_params params = guided();
    cf_image gray = picture_of(64, 48);
    cf_image rgb = run(&gray, &params, NULL, 0, CF_COLORIZE_PICTURE);
    for (int y = 0; y < 48; y++)
        for (int x = 0; x < 64; x++) {
            const unsigned char *v = (unsigned char *)cf_image_row(&rgb, 0, y) + 3 * x;
            ck_assert(v[0] == v[1] && v[1] == v[2]);
        }
    cf_image_free(&rgb);
    cf_image_free(&gray);
}
END_TEST

/* Mean of a plane of the linear picture over a box around (x, y), all relative. */
static double mean_of(const cf_image *linear_rgb, int plane, double x, double y) {
    double sum = 0;
    for (int j = -3; j <= 3; j++)
        for (int i = -3; i <= 3; i++)
            sum += (double)((float *)cf_image_row(linear_rgb, plane,
                                                  (int)(y * linear_rgb->height) +
                                                      j))[(int)(x * linear_rgb->width) + i];
    return sum / 49;
}

START_TEST(points_colour_their_surface) {
    static const int grids[] = {768, 64};
    for (size_t i = 0; i < 2; i++) { /* 300x200 as it is, and on a grid of 38x25 */
        const cf_hint_point points[] = {{60, 100, 15, {200, 80, 60}},
                                        {200, 100, 15, {60, 90, 200}}};
        cf_colorize_params params = guided();
        params.grid = grids[i];
        params.outputs = 1U << CF_COLORIZE_LINEAR;
        cf_image gray = picture_of(300, 200);
        cf_image rgb = run(&gray, &params, points, 2, CF_COLORIZE_LINEAR);
        for (int k = 4; k <= 6; k++) {
            double y = 0.1 * k;
            ck_assert_double_gt(mean_of(&rgb, 0, 0.2, y), 1.3 * mean_of(&rgb, 2, 0.2, y));
            ck_assert_double_gt(mean_of(&rgb, 2, 0.66, y), 1.3 * mean_of(&rgb, 0, 0.66, y));
        }
        cf_image_free(&rgb);
        cf_image_free(&gray);
    }
}
END_TEST

static void same_pixels(const cf_image *a, const cf_image *b) {
    ck_assert_int_eq(a->height, b->height);
    for (int p = 0; p < a->planes; p++)
        for (int y = 0; y < a->height; y++)
            ck_assert_mem_eq(cf_image_row(a, p, y), cf_image_row(b, p, y),
                             (size_t)a->width * cf_pixel_bytes(a->format));
}

/* Points shift the network's guess everywhere, nearest on their own surface; without points such a
 * plan gives what another does, bit by bit. */
START_TEST(points_shift_the_guess) {
    const cf_hint_point point = {60, 100, 15, {220, 70, 200}};
    cf_colorize_params params = CF_COLORIZE_DEFAULTS;
    cf_image gray = picture_of(300, 200), rgb[4];
    params.grid = 256; /* one halving */
    params.outputs = 1U << CF_COLORIZE_LINEAR;
    for (int i = 0; i < 4; i++) {
        params.has_points = i & 1;
        rgb[i] = run(&gray, &params, &point, (size_t)(i >> 1), CF_COLORIZE_LINEAR);
    }
    same_pixels(&rgb[0], &rgb[1]);
    double shift[2][2]; /* by points that spread, and that shift; here and there */
    for (int i = 0; i < 2; i++)
        for (int there = 0; there < 2; there++) {
            double x = there ? 0.9 : 0.1;
            shift[i][there] = mean_of(&rgb[2 + i], 2, x, 0.5) - mean_of(&rgb[0], 2, x, 0.5);
        }
    ck_assert_double_gt(shift[1][0], 0.02); /* bluer */
    ck_assert_double_gt(shift[1][1], 0.005);
    ck_assert_double_gt(shift[1][0], shift[1][1]);
    ck_assert_double_gt(fabs(shift[1][1] - shift[0][1]), 0.01);
    for (int i = 0; i < 4; i++)
        cf_image_free(&rgb[i]);
    cf_image_free(&gray);
}
END_TEST

/* In a sequence the shift stays when only the first frame had the point, and is gone in another. */
START_TEST(shifts_last_in_a_sequence) {
    const cf_hint_point point = {60, 100, 15, {220, 70, 200}};
    cf_colorize_params params = CF_COLORIZE_DEFAULTS;
    cf_image gray = picture_of(300, 200), rgb;
    cf_colorize *c;
    double far[3]; /* blue of the other side: with the point, 12 frames later, in a new sequence */
    params.has_points = params.is_sequence = 1;
    params.grid = 256;
    params.outputs = 1U << CF_COLORIZE_LINEAR;
    ck_assert_int_eq(cf_colorize_create(cl, 300, 200, &params, &c), CF_OK);
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < (i ? 12 : 1); k++) {
            if (i == 2)
                ck_assert_int_eq(cf_colorize_forget(c), CF_OK);
            ck_assert_int_eq(cf_colorize_run(c, &gray, &point, !i), CF_OK);
        }
        ck_assert_int_eq(cf_colorize_fetch(c, CF_COLORIZE_LINEAR, &rgb), CF_OK);
        far[i] = mean_of(&rgb, 2, 0.9, 0.5);
        cf_image_free(&rgb);
    }
    ck_assert_double_gt(far[0] - far[2], 0.005);
    ck_assert_double_gt(far[1] - far[2], 0.8 * (far[0] - far[2]));
    ck_assert_double_lt(far[1] - far[2], 1.2 * (far[0] - far[2]));
    cf_colorize_destroy(&c);
    cf_image_free(&gray);
}
END_TEST

START_TEST(points_as_a_list) {
    static const float spectral[3] = {0.2126F, 0.7152F, 0.0722F};
    cf_hint_point points[3 * CF_POINTS_ROWS];
    cf_image list;
    for (int i = 0; i < 3 * CF_POINTS_ROWS; i++)
        points[i] = (cf_hint_point){(float)i, 40, 8, {255, 0, 0}};
    ck_assert_int_eq(cf_image_alloc(CF_POINTS_COLUMNS, CF_POINTS_ROWS, 1, CF_PIXEL_F32, &list),
                     CF_OK);
    cf_points_list(points, 1, 4, spectral, 50, 25, &list);
    const float first[] = {0, 0, 9, 10, 0.7874F / 0.2166F, -0.2126F / 0.2166F, 1};
    for (int i = 0; i < CF_POINTS_COLUMNS; i++)
        ck_assert_float_eq_tol(((float *)cf_image_row(&list, 0, 0))[i], first[i], 1e-4);
    ck_assert_float_eq(((float *)cf_image_row(&list, 0, 1))[6], 0);
    cf_points_list(points, 3 * CF_POINTS_ROWS, 1, spectral, 200, 100, &list); /* every third */
    for (int i = 2; i < CF_POINTS_ROWS; i++) {
        const float *row = (float *)cf_image_row(&list, 0, i);
        ck_assert_float_eq(row[0], (float)(3 * i - 4));
        ck_assert_float_eq(row[1], (float)(3 * i + 3));
        ck_assert_float_eq(row[6], 1);
    }
    cf_image_free(&list);
}
END_TEST

START_TEST(bands_are_not_seen) {
    static const cf_hint_point points[] = {{50, 70, 19, {200, 80, 60}},
                                           {120, 70, 19, {60, 90, 200}}};
    cf_colorize_params params = guided();
    params.grid = 64;
    params.outputs = (1U << CF_COLORIZE_OUTPUTS) - 1;
    for (int height = 140; height <= 142; height++) {
        cf_image gray = picture_of(161, height);
        for (int i = 0; i < CF_COLORIZE_OUTPUTS; i++) {
            params.band = 1 << 20;
            cf_image whole = run(&gray, &params, points, 2, (cf_colorize_output)i);
            params.band = 161 * 40;
            cf_image bands = run(&gray, &params, points, 2, (cf_colorize_output)i);
            same_pixels(&whole, &bands);
            cf_image_free(&whole);
            cf_image_free(&bands);
        }
        cf_image_free(&gray);
    }
}
END_TEST

START_TEST(shares_add_up) {
    static const cf_hint_point point = {30, 20, 9, {200, 80, 60}};
    cf_colorize_params params = guided();
    params.outputs = 1U << CF_COLORIZE_PROVENANCE;
    cf_image gray = picture_of(100, 60);
    cf_image shares = run(&gray, &params, &point, 1, CF_COLORIZE_PROVENANCE);
    for (int y = 0; y < 60; y++)
        for (int x = 0; x < 100; x++) {
            const unsigned char *s = (unsigned char *)cf_image_row(&shares, 0, y) + 3 * x;
            ck_assert_int_eq(s[0] + s[2], 255);
            ck_assert_int_eq(s[1], 0);
        }
    const unsigned char *at = (unsigned char *)cf_image_row(&shares, 0, 20) + 3 * 30;
    const unsigned char *far = (unsigned char *)cf_image_row(&shares, 0, 2) + 3 * 95;
    ck_assert_int_gt(at[2], 200);
    ck_assert_int_gt(far[0], at[0] + 50);
    cf_image_free(&shares);
    cf_image_free(&gray);
}
END_TEST

START_TEST(points_cover_cells) {
    static const float spectral[3] = {0.2126F, 0.7152F, 0.0722F};
    static const struct {
        cf_hint_point point;
        int factor, first, last; /* columns; the row is 2 */
    } cases[] = {
        {{10, 2, 7, {255, 0, 0}}, 1, 7, 13},   {{10, 2, 1, {255, 0, 0}}, 1, 10, 10},
        {{0, 2, 3, {255, 0, 0}}, 1, 0, 1},     {{10, 10, 0.01F, {255, 0, 0}}, 4, 2, 2},
        {{10, 10, 7, {255, 0, 0}}, 4, 2, 2},   {{31, 11, 16, {255, 0, 0}}, 4, 6, 9},
        {{3, 2, 9999, {255, 0, 0}}, 1, 0, 15},
    };
    cf_image hint, confidence;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(cf_image_alloc(16, 5, 2, CF_PIXEL_F32, &hint), CF_OK);
        ck_assert_int_eq(cf_image_alloc(16, 5, 1, CF_PIXEL_F32, &confidence), CF_OK);
        cf_points_draw(&cases[i].point, 1, cases[i].factor, spectral, &hint, &confidence);
        for (int x = 0; x < 16; x++) {
            int inside = x >= cases[i].first && x <= cases[i].last;
            ck_assert_msg((((float *)cf_image_row(&confidence, 0, 2))[x] > 0) == inside,
                          "case %zu, column %d", i, x);
        }
        /* Pure red: (1 - 0.2126) / (0.2126 + 0.004), (0 - 0.2126) / 0.2166 */
        const float *c = cf_image_row(&hint, 0, 2), *d = cf_image_row(&hint, 1, 2);
        ck_assert_double_eq_tol((double)c[cases[i].first], 3.6353, 1e-3);
        ck_assert_double_eq_tol((double)d[cases[i].first], -0.98153, 1e-4);
        cf_image_free(&hint);
        cf_image_free(&confidence);
    }
}
END_TEST

START_TEST(wrong_calls_are_refused) {
    static const cf_hint_point bad[] = {
        {-1, 5, 7, {0, 0, 0}},   {64, 5, 7, {0, 0, 0}},       {5, 48, 7, {0, 0, 0}},
        {NAN, 5, 7, {0, 0, 0}},  {5, 5, 0, {0, 0, 0}},        {5, 5, NAN, {0, 0, 0}},
        {5, 5, 7, {256, 0, 0}},  {5, 5, 7, {0, -1, 0}},       {5, 5, 7, {0, 0, NAN}},
        {5, 5, 1e9F, {0, 0, 0}}, {INFINITY, 5, 7, {0, 0, 0}},
    };
    cf_image gray = picture_of(64, 48);
    cf_colorize_params params = guided();
    const char *setting = "nonsense.x=1";
    cf_colorize *c;
    cf_image out;
    params.depth = 9;
    ck_assert_int_eq(cf_colorize_create(cl, 64, 48, &params, &c), CF_ERR_INVALID);
    params.depth = 8;
    params.grid = 0;
    ck_assert_int_eq(cf_colorize_create(cl, 64, 48, &params, &c), CF_ERR_INVALID);
    params.grid = 768;
    ck_assert_int_eq(cf_colorize_create(cl, 0, 48, &params, &c), CF_ERR_INVALID);
    params.settings = &setting;
    params.setting_count = 1;
    ck_assert_int_eq(cf_colorize_create(cl, 64, 48, &params, &c), CF_ERR_INVALID);
    ck_assert_ptr_null(c);
    params.setting_count = 0;
    ck_assert_int_eq(cf_colorize_create(cl, 64, 48, &params, &c), CF_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_int_eq(cf_colorize_run(c, &gray, &bad[i], 1), CF_ERR_INVALID);
    gray.height--;
    ck_assert_int_eq(cf_colorize_run(c, &gray, NULL, 0), CF_ERR_INVALID);
    gray.height++;
    ck_assert_int_eq(cf_colorize_read(c, CF_COLORIZE_PICTURE, &gray), CF_ERR_INVALID);
    ck_assert_int_eq(cf_colorize_fetch(c, CF_COLORIZE_ERROR, &out), CF_ERR_INVALID);
    ck_assert_int_eq(cf_colorize_fetch(c, CF_COLORIZE_OUTPUTS, &out), CF_ERR_INVALID);
    cf_colorize_destroy(&c);
    cf_colorize_destroy(&c);
    cf_image_free(&gray);
}
END_TEST

START_TEST(memory_is_steady_and_may_run_out) {
    static const cf_hint_point point = {20, 20, 7, {200, 100, 50}};
    cf_image gray = picture_of(200, 120);
    cf_colorize_params params = guided();
    cf_colorize *c;
    cf_image out;
    params.grid = 64;
    ck_assert_int_eq(cf_colorize_create(cl, 200, 120, &params, &c), CF_OK);
    ck_assert_int_eq(cf_colorize_run(c, &gray, &point, 1), CF_OK);
    size_t before = cf_pool_statistics(cl).allocations;
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(cf_colorize_run(c, &gray, &point, (size_t)(i & 1)), CF_OK);
    ck_assert_uint_eq(cf_pool_statistics(cl).allocations, before);
    cf_colorize_destroy(&c);
    int failures = 0;
    for (long after = 0; after < 200; after++) {
        cf_pool_fail_after(cl, after);
        cf_status status = cf_colorize_create(cl, 200, 120, &params, &c);
        if (status == CF_OK)
            status = cf_colorize_run(c, &gray, &point, 1);
        if (status == CF_OK) {
            status = cf_colorize_fetch(c, CF_COLORIZE_PICTURE, &out);
            cf_image_free(&out);
        }
        cf_colorize_destroy(&c);
        cf_pool_fail_after(cl, -1);
        ck_assert_uint_eq(cf_pool_statistics(cl).live_bytes, 0);
        if (status == CF_OK)
            break;
        ck_assert_int_eq(status, CF_ERR_MEMORY);
        failures++;
    }
    ck_assert_int_gt(failures, 10);
    cf_image_free(&gray);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, luma_stays);
    tcase_add_test(tc, without_hints_guided_gives_grey);
    tcase_add_test(tc, points_colour_their_surface);
    tcase_add_test(tc, points_shift_the_guess);
    tcase_add_test(tc, shifts_last_in_a_sequence);
    tcase_add_test(tc, points_as_a_list);
    tcase_add_test(tc, bands_are_not_seen);
    tcase_add_test(tc, shares_add_up);
    tcase_add_test(tc, points_cover_cells);
    tcase_add_test(tc, wrong_calls_are_refused);
    tcase_add_test(tc, memory_is_steady_and_may_run_out);
}

int main(void) {
    if (cf_cl_open(NULL, &cl) != CF_OK)
        return 1;
    int code = test_run("colorize", add);
    cf_cl_close(&cl);
    return code;
}
