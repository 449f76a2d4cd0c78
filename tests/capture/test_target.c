/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rendered boards, charts and flats against where and what they should be. Does not try a board
 * finder on them: the test tools/simulate_target does, with OpenCV's.
 */
#include "capture/target.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/random.h"
#include "capture/sensor.h"
#include "tests/test_main.h"

static cf_target board_at(double tilt_x, double tilt_y, double z) {
    cf_target t = {.kind = CF_TARGET_BOARD,
                   .columns = 4,
                   .rows = 3,
                   .pitch_m = 0.03,
                   .translation = {0.01, -0.005, z},
                   .light = 1,
                   .wall_m = 2};
    const double rvec[3] = {tilt_x, tilt_y, 0.1};
    cf_rotation_from_vector(rvec, t.rotation);
    return t;
}

static cf_camera_model *lens(const char *name, int count) {
    const double k[12] = {300, 299, 158, 121, -0.2, 0.07, 0.001, -0.0007, 0.01, 0, 0, 0};
    const double rt[6] = {0.02, -0.01, 0.015, -0.03, 0.001, 0.002};
    cf_camera_model *m;
    ck_assert_int_eq(cf_camera_model_create(name, 320, 240, k, count, rt, &m), CF_OK);
    return m;
}

static cf_image render(const cf_camera_model *model, const cf_target *t, double blur,
                       double vignetting) {
    const cf_target_optics optics = {.blur_px = blur, .vignetting = vignetting};
    cf_target_view *view;
    cf_image out;
    ck_assert_int_eq(cf_target_view_create(model, &view), CF_OK);
    ck_assert_int_eq(cf_target_render(view, t, &optics, &out), CF_OK);
    cf_target_view_destroy(&view);
    return out;
}

static float green(const cf_image *image, int x, int y) {
    return ((const float *)cf_image_row(image, 0, y))[3 * x + 1];
}

/*
 * The point towards which all edges around it run, by grey values alone (Foerstner and Guelch, "A
 * fast operator for detection and precise location of distinct points", 1987): gradients g at p
 * satisfy g . (p - q) = 0.
 */
static void edges_meet(const cf_image *image, double q[2]) {
    for (int pass = 0; pass < 8; pass++) {
        const int cx = (int)lrint(q[0]), cy = (int)lrint(q[1]);
        double xx = 0, xy = 0, yy = 0, bx = 0, by = 0;
        for (int y = cy - 8; y <= cy + 8; y++)
            for (int x = cx - 8; x <= cx + 8; x++) {
                double gx = (double)(green(image, x + 1, y) - green(image, x - 1, y));
                double gy = (double)(green(image, x, y + 1) - green(image, x, y - 1));
                double d = (x - q[0]) * (x - q[0]) + (y - q[1]) * (y - q[1]);
                double w = exp(-d / (2 * 2.2 * 2.2));
                xx += w * gx * gx;
                xy += w * gx * gy;
                yy += w * gy * gy;
                bx += w * gx * (gx * x + gy * y);
                by += w * gy * (gx * x + gy * y);
            }
        double det = xx * yy - xy * xy;
        ck_assert_double_gt(det, 0);
        q[0] = (yy * bx - xy * by) / det;
        q[1] = (xx * by - xy * bx) / det;
    }
}

/* The mean error of the corners, right and down together. */
static double corners_agree(const char *name, int count, cf_target t) {
    cf_camera_model *model = lens(name, count);
    cf_image image = render(model, &t, 1.5, 0);
    double sum = 0;
    for (int i = 0; i < cf_target_points(&t); i++) {
        double point[3], q[2], found[2];
        cf_target_point(&t, i, point);
        ck_assert(cf_target_project(model, point, q));
        memcpy(found, q, sizeof q);
        edges_meet(&image, found);
        ck_assert_double_lt(hypot(found[0] - q[0], found[1] - q[1]), 0.05);
        sum += found[0] - q[0] + found[1] - q[1];
    }
    cf_image_free(&image);
    cf_camera_model_destroy(&model);
    return sum / cf_target_points(&t);
}

START_TEST(corners_lie_where_the_lens_puts_them) {
    double shift = corners_agree("LENSMODEL_OPENCV5", 9, board_at(0.1, -0.1, 0.35));
    if (getenv("CHROMAFUSE_VALGRIND"))
        return;
    shift += corners_agree("LENSMODEL_OPENCV5", 9, board_at(0, 0, 0.4));
    shift += corners_agree("LENSMODEL_PINHOLE", 4, board_at(0.5, 0.4, 0.4));
    shift += corners_agree("LENSMODEL_OPENCV4", 8, board_at(-0.6, 0.1, 0.35));
    shift += corners_agree("LENSMODEL_OPENCV8", 12, board_at(0.1, 0.7, 0.35));
    cf_target bent = board_at(0.3, 0.2, 0.35);
    bent.warp_m = 0.003;
    shift += corners_agree("LENSMODEL_OPENCV5", 9, bent);
    ck_assert_double_lt(fabs(shift / 6), 0.01); /* no common shift */
}
END_TEST

/* The mean over a square of an even-sided board is known without any lens. */
START_TEST(a_board_has_the_colours_of_paper_and_ink) {
    cf_target t = board_at(0, 0, 0.4);
    const double w[2] = {0.001, 0.001}, two[2] = {0.06, 0.06};
    double rgb[3], cover;
    cf_target_color(&t, -0.06, -0.045, w, rgb, &cover); /* the square at the top left */
    ck_assert_double_eq_tol(rgb[0], 0.05, 1e-9);
    ck_assert_double_eq_tol(cover, 1, 1e-9);
    cf_target_color(&t, -0.03, -0.045, w, rgb, &cover);
    ck_assert_double_eq_tol(rgb[0], 0.85, 1e-9);
    cf_target_color(&t, 0.004, -0.003, two, rgb, &cover);
    ck_assert_double_eq_tol(rgb[1], 0.45, 1e-9);
    cf_target_color(&t, 0.015 + 0.0675 + 0.015, 0, w, rgb, &cover);
    ck_assert_double_eq_tol(cover, 1, 1e-9);
    cf_target_color(&t, 0.105, 0, w, rgb, &cover); /* half of the box is beyond the edge */
    ck_assert_double_eq_tol(cover, 0.5, 1e-9);
}
END_TEST

/* With the noise averaged out, patches are the table's colours. */
START_TEST(patches_have_the_tables_colours) {
    cf_chart_reference colors;
    cf_chart_reference_of(CF_CHART_AFTER_2014, &colors);
    cf_target t = board_at(0.1, -0.1, 0.4);
    t.kind = CF_TARGET_CHART;
    t.pitch_m = 0.04;
    t.light = 0.8;
    t.colors = &colors;
    cf_camera_model *model = lens("LENSMODEL_OPENCV5", 9);
    cf_image image = render(model, &t, 0.5, 0);
    ck_assert_int_eq(cf_target_points(&t), 24);
    for (int i = 0; i < 24; i++) {
        double point[3], q[2];
        cf_target_point(&t, i, point);
        ck_assert(cf_target_project(model, point, q));
        const float *v = (const float *)cf_image_row(&image, 0, (int)lrint(q[1])) + 3 * lrint(q[0]);
        for (int c = 0; c < 3; c++)
            ck_assert_double_eq_tol((double)v[c], 0.8 * colors.rgb[i][c], 1e-4);
    }
    cf_image_free(&image);
    cf_camera_model_destroy(&model);
}
END_TEST

START_TEST(an_even_field_darkens_to_the_corner) {
    cf_camera_model *model = lens("LENSMODEL_PINHOLE", 4);
    cf_image image = render(model, NULL, 1, 0.4);
    ck_assert_double_eq_tol((double)green(&image, 0, 0), 0.6, 1e-6);
    ck_assert_double_eq_tol((double)green(&image, 319, 239), 0.6, 1e-6);
    ck_assert_double_eq_tol((double)green(&image, 160, 120), 1, 1e-4);
    cf_image_free(&image);
    cf_camera_model_destroy(&model);
}
END_TEST

typedef struct {
    double mean, variance; /* codes */
    int above, below;      /* pixels far off */
} moments;

static moments measure(const cf_sensor *sensor, double signal, uint64_t seed) {
    cf_image even;
    cf_frame *frame;
    moments m = {0};
    ck_assert_int_eq(cf_image_alloc(300, 200, 1, CF_PIXEL_F32, &even), CF_OK);
    ck_assert_int_eq(cf_frame_create(300, 200, &frame), CF_OK);
    for (int y = 0; y < 200; y++)
        for (int x = 0; x < 300; x++)
            ((float *)cf_image_row(&even, 0, y))[x] = (float)signal;
    ck_assert_int_eq(cf_sensor_expose(sensor, &even, seed, frame), CF_OK);
    double squares = 0, expected = sensor->black + signal * (sensor->white - sensor->black);
    for (int i = 0; i < 300 * 200; i++) {
        double code = ((const uint16_t *)cf_image_row(&frame->image, 0, i / 300))[i % 300];
        m.mean += code / 60000;
        squares += (code - expected) * (code - expected) / 60000;
        m.above += code > expected * 1.15;
        m.below += code < expected * 0.5;
    }
    m.variance = squares - (m.mean - expected) * (m.mean - expected);
    cf_image_free(&even);
    cf_frame_unref(&frame);
    return m;
}

/* Moments by hand: variance = K^2 (electrons + read^2) + 1/12, in codes. */
START_TEST(noise_has_the_models_moments) {
    const cf_sensor s = {
        .electrons = 8000, .read_electrons = 5, .black = 64.3, .white = 4095, .pixels = 1};
    const double gain = (4095 - 64.3) / 8000;
    moments dark = measure(&s, 0, 1), half = measure(&s, 0.5, 2);
    ck_assert_double_eq_tol(dark.mean, 64.3, 0.05); /* five standard errors */
    ck_assert_double_eq_tol(dark.variance / (gain * gain * 25 + 1 / 12.0), 1, 0.03);
    ck_assert_double_eq_tol(half.mean, 64.3 + 4000 * gain, 0.7);
    ck_assert_double_eq_tol(half.variance / (gain * gain * 4025 + 1 / 12.0), 1, 0.03);
}
END_TEST

START_TEST(a_full_well_clips_below_white) {
    const cf_sensor s = {.electrons = 8000, .full_well = 6000, .black = 64, .white = 4095};
    moments m = measure(&s, 1, 1);
    ck_assert_double_eq_tol(m.mean, rint(64 + 0.75 * 4031), 1e-6);
}
END_TEST

START_TEST(pixels_differ_the_same_way_in_every_frame) {
    cf_sensor s = {.electrons = 1e6, .black = 64, .white = 65535, .prnu = 0.02, .pixels = 3};
    const double gain = (65535 - 64) / 1e6;
    moments m = measure(&s, 0.5, 1), other = measure(&s, 0.5, 2);
    double expected = 0.02 * 0.5 * (65535 - 64), shot = gain * gain * 5e5;
    ck_assert_double_eq_tol(m.variance / (expected * expected + shot), 1, 0.03);
    ck_assert_double_eq_tol(other.mean, m.mean, 3); /* shot noise alone tells them apart */
    s.prnu = 0;
    s.defects = 0.01;
    int hot = 0, dead = 0;
    for (int i = 0; i < 60000; i++) {
        cf_pixel_state state = cf_sensor_pixel(&s, i % 300, i / 300);
        hot += state == CF_PIXEL_HOT;
        dead += state == CF_PIXEL_DEAD;
    }
    m = measure(&s, 0.5, 1);
    ck_assert_int_eq(m.above, hot);
    ck_assert_int_eq(m.below, dead);
    ck_assert_int_gt(hot, 220);
    ck_assert_int_gt(dead, 220);
    ck_assert_int_lt(hot + dead, 720);
}
END_TEST

START_TEST(refuses_what_cannot_be) {
    cf_camera_model *model = lens("LENSMODEL_PINHOLE", 4);
    const cf_target_optics optics = {.blur_px = 0.5};
    cf_target_view *view;
    cf_image out;
    cf_target t = board_at(0, 0, 0.4);
    ck_assert_int_eq(cf_target_view_create(model, &view), CF_OK);
    t.columns = 1;
    ck_assert_int_eq(cf_target_render(view, &t, &optics, &out), CF_ERR_INVALID);
    t.kind = CF_TARGET_CHART; /* without colours */
    ck_assert_int_eq(cf_target_render(view, &t, &optics, &out), CF_ERR_INVALID);
    t = board_at(0, 0, -0.4); /* behind the camera: only the wall is left */
    ck_assert_int_eq(cf_target_render(view, &t, &optics, &out), CF_OK);
    cf_image_free(&out);
    for (long after = 0; after < 8; after++) {
        size_t live = cf_alloc_live();
        cf_alloc_fail_after(after);
        cf_status status = cf_target_render(view, &t, &optics, &out);
        cf_alloc_fail_after(-1);
        cf_image_free(&out);
        ck_assert_uint_eq(cf_alloc_live(), live);
        ck_assert(status == CF_ERR_MEMORY || status == CF_OK);
    }
    cf_target_view_destroy(&view);
    cf_camera_model_destroy(&model);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, corners_lie_where_the_lens_puts_them);
    tcase_add_test(tc, a_board_has_the_colours_of_paper_and_ink);
    tcase_add_test(tc, patches_have_the_tables_colours);
    tcase_add_test(tc, an_even_field_darkens_to_the_corner);
    tcase_add_test(tc, a_full_well_clips_below_white);
    tcase_add_test(tc, refuses_what_cannot_be);
    if (getenv("CHROMAFUSE_VALGRIND"))
        return; /* the rest has nothing new for it, and is slow there */
    tcase_add_test(tc, noise_has_the_models_moments);
    tcase_add_test(tc, pixels_differ_the_same_way_in_every_frame);
}

int main(void) {
    return test_run("target", add);
}
