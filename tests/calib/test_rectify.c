/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rectification: points in space, projected into both cameras (with OpenCV's numbers for one rig,
 * with the models themselves for many), must be found by the maps. Does not prove the models right:
 * test_camera_model does.
 */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "calib/rectify.h"
#include "tests/test_main.h"

static cf_camera_model *parse(const char *lens, const char *intrinsics, const double rt[6], int w,
                              int h) {
    char text[1024];
    cf_camera_model *m;
    snprintf(text, sizeof text,
             "{'lensmodel': '%s', 'intrinsics': [%s], 'extrinsics': [%.12g, %.12g, %.12g, %.12g, "
             "%.12g, %.12g], 'imagersize': [%d, %d]}",
             lens, intrinsics, rt[0], rt[1], rt[2], rt[3], rt[4], rt[5], w, h);
    ck_assert_int_eq(cf_camera_model_parse("test", text, strlen(text), &m), CF_OK);
    return m;
}

static const double origin[6];

/* Extrinsics of a camera at place (in rig coordinates), turned by rvec. */
static void pose_at(const double rvec[3], const double place[3], double rt[6]) {
    double r[9];
    cf_rotation_from_vector(rvec, r);
    for (int i = 0; i < 3; i++) {
        rt[i] = rvec[i];
        rt[3 + i] = -(r[3 * i] * place[0] + r[3 * i + 1] * place[1] + r[3 * i + 2] * place[2]);
    }
}

static int project(const cf_camera_model *m, const double p[3], double q[2]) {
    double r[9], t[3], c[3];
    cf_camera_model_pose(m, r, t);
    for (int i = 0; i < 3; i++)
        c[i] = r[3 * i] * p[0] + r[3 * i + 1] * p[1] + r[3 * i + 2] * p[2] + t[i];
    return cf_camera_model_project(m, c, q);
}

/* The disparity d >= 0 whose colour position comes nearest to q; its distance. */
static double search(const cf_rectification *r, const double back[2], const double q[2],
                     double *d) {
    double best = HUGE_VAL, low = -5, high = r->disparity_max + 5;
    for (int round = 0; round < 4; round++) { /* each round narrows a hundredfold */
        double step = (high - low) / 200, found = round ? *d : low;
        for (double t = low; t <= high; t += step) {
            double c[2];
            if (!cf_map_at(&r->color, back[0] - t, back[1], c))
                continue;
            double e = hypot(c[0] - q[0], c[1] - q[1]);
            if (e < best) {
                best = e;
                found = t;
            }
        }
        low = found - step;
        high = found + step;
        *d = found;
    }
    return best;
}

static void expect_consistent(const cf_camera_model *mono, const cf_camera_model *color,
                              const cf_rectification *r, double nearest, const char *name) {
    int w, h, cw, ch, tried = 0;
    cf_camera_model_size(mono, &w, &h);
    cf_camera_model_size(color, &cw, &ch);
    for (int i = 0; i < 400; i++) {
        double q[2] = {(w - 1) * ((i * 37) % 101) / 100.0, (h - 1) * ((i * 53) % 97) / 96.0};
        double ray[3], depth = nearest * (1.01 + ((i * 17) % 23) / 10.0), qc[2], back[2], again[2],
                       d;
        ck_assert(cf_camera_model_unproject(mono, q, ray));
        double p[3] = {ray[0] / ray[2] * depth, ray[1] / ray[2] * depth, depth};
        if (!project(color, p, qc) || qc[0] < 0 || qc[1] < 0 || qc[0] > cw - 1 || qc[1] > ch - 1)
            continue;
        tried++;
        ck_assert(cf_map_at(&r->back, q[0], q[1], back));
        ck_assert(cf_map_at(&r->mono, back[0], back[1], again));
        ck_assert_msg(hypot(again[0] - q[0], again[1] - q[1]) < 0.05, "%s: mono and back differ",
                      name);
        double e = search(r, back, qc, &d);
        ck_assert_msg(e < 0.06, "%s: %.3f pixels off at %g,%g", name, e, q[0], q[1]);
        ck_assert_msg(d >= r->disparity_min - 0.1 && d <= r->disparity_max + 0.1,
                      "%s: disparity %g outside %g to %g", name, d, (double)r->disparity_min,
                      (double)r->disparity_max);
    }
    ck_assert_msg(tried > 100, "%s: only %d points seen by both", name, tried);
}

START_TEST(parallel_rig_keeps_the_mono_grid) {
    static const double rt[6] = {0, 0, 0, -0.16, 0, 0};
    cf_camera_model *mono =
        parse("LENSMODEL_PINHOLE", "1240, 1240, 639.5, 553.5", origin, 1280, 1108);
    cf_camera_model *color = parse("LENSMODEL_PINHOLE", "1240, 1240, 644.5, 553.5", rt, 1280, 1108);
    const cf_rectify_params p = {.depth_min_m = 1240 * 0.16 / 96, .disparity_slack = 2.5F};
    cf_rectification r;
    ck_assert_int_eq(cf_rectify(mono, color, &p, &r), CF_OK);
    ck_assert(!r.mono_resampled && r.width == 1280 && r.height == 1108);
    ck_assert_float_eq(r.disparity_max, 96);
    ck_assert_float_eq(r.disparity_min, -3);
    ck_assert_float_eq_tol(r.color_scale, 1, 1e-6);
    for (int row = 0; row < r.color.rows; row++)
        for (int c = 0; c < r.color.columns; c++) { /* exactly a move by 5 */
            const float *n = r.color.xy + row * r.color.columns + c;
            ck_assert_float_eq(n[0], (float)(c * r.color.step + 5));
            ck_assert_float_eq(n[r.color.rows * r.color.columns], (float)(row * r.color.step));
            n = r.back.xy + row * r.back.columns + c;
            ck_assert_float_eq(n[0], (float)(c * r.back.step));
        }
    expect_consistent(mono, color, &r, p.depth_min_m, "parallel");
    cf_rectification_clear(&r);
    cf_camera_model_destroy(&mono);
    cf_camera_model_destroy(&color);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

/* Pixels by cv2.projectPoints for R = Rodrigues(0.6, -0.4, 0.8 degrees), t = R (-0.16, 0, 0). */
START_TEST(tilted_rig_agrees_with_opencv) {
    static const double rt[6] = {0.010471976,  -0.006981317, 0.013962634,
                                 -0.159980505, -0.002228041, -0.001128642};
    static const double points[3][3] = {{0.3, 0.2, 3}, {-0.9, -0.7, 2.5}, {0, 0, 4}};
    static const double pixels[3][2] = {{687.530504707, 623.773976965},
                                        {138.850004635, 206.520311238},
                                        {581.346070613, 539.769296629}};
    cf_camera_model *mono =
        parse("LENSMODEL_PINHOLE", "1240, 1240, 639.5, 553.5", origin, 1280, 1108);
    cf_camera_model *color =
        parse("LENSMODEL_OPENCV5", "1240, 1240, 639.5, 553.5, -0.25, 0.1, 0.001, -0.001, 0", rt,
              1280, 1108);
    const cf_rectify_params p = {.depth_min_m = 2};
    cf_rectification r;
    ck_assert_int_eq(cf_rectify(mono, color, &p, &r), CF_OK);
    ck_assert(!r.mono_resampled);
    for (int i = 0; i < 3; i++) {
        double z = points[i][2], c[2];
        double x = 1240 * points[i][0] / z + 639.5, y = 1240 * points[i][1] / z + 553.5;
        ck_assert(cf_map_at(&r.color, x - 1240 * 0.16 / z, y, c));
        ck_assert_double_eq_tol(c[0], pixels[i][0], 0.01);
        ck_assert_double_eq_tol(c[1], pixels[i][1], 0.01);
    }
    expect_consistent(mono, color, &r, 2, "tilted");
    cf_rectification_clear(&r);
    cf_camera_model_destroy(&mono);
    cf_camera_model_destroy(&color);
}
END_TEST

static const struct {
    const char *name, *mono, *mono_k, *color, *color_k;
    int w, h, cw, ch;
    double rvec[3], place[3];
} rigs[] = {
    {"colour left",
     "LENSMODEL_PINHOLE",
     "1000, 1000, 399.5, 299.5",
     "LENSMODEL_PINHOLE",
     "1000, 1000, 399.5, 299.5",
     800,
     600,
     800,
     600,
     {0, 0, 0},
     {-0.1, 0, 0}},
    {"colour below",
     "LENSMODEL_PINHOLE",
     "1000, 1000, 399.5, 299.5",
     "LENSMODEL_PINHOLE",
     "1000, 1000, 399.5, 299.5",
     800,
     600,
     800,
     600,
     {0.01, 0, 0},
     {0, 0.1, 0}},
    {"colour above",
     "LENSMODEL_PINHOLE",
     "1000, 1000, 399.5, 299.5",
     "LENSMODEL_PINHOLE",
     "500, 500, 199.5, 149.5",
     800,
     600,
     400,
     300,
     {0, 0.01, 0.01},
     {0.01, -0.1, 0}},
    {"general",
     "LENSMODEL_OPENCV5",
     "900, 910, 410, 290, 0.1, -0.05, 0.001, 0.001, 0",
     "LENSMODEL_OPENCV8",
     "400, 402, 210, 140, -0.1, 0.05, 0.001, 0.0, 0, 0.01, 0, 0",
     800,
     600,
     400,
     300,
     {0.03, -0.05, 0.04},
     {0.09, 0.03, -0.02}},
    {"tele",
     "LENSMODEL_PINHOLE",
     "2000, 2000, 399.5, 299.5",
     "LENSMODEL_OPENCV4",
     "500, 500, 199.5, 149.5, -0.05, 0.01, 0, 0",
     800,
     600,
     400,
     300,
     {0, 0, 0},
     {0.05, 0, 0}},
    {"quarter, turned by 90 degrees",
     "LENSMODEL_PINHOLE",
     "1000, 1000, 399.5, 299.5",
     "LENSMODEL_PINHOLE",
     "250, 250, 74.5, 99.5",
     800,
     600,
     150,
     200,
     {0, 0, 1.5707963},
     {0.1, 0, 0}},
    {"no baseline",
     "LENSMODEL_PINHOLE",
     "1000, 1000, 399.5, 299.5",
     "LENSMODEL_PINHOLE",
     "1000, 1000, 399.5, 299.5",
     800,
     600,
     800,
     600,
     {0.01, 0.02, 0.03},
     {0, 0, 0}},
};

START_TEST(finds_points_in_rigs_of_all_kinds) {
    for (size_t i = 0; i < sizeof rigs / sizeof *rigs; i++) {
        double rt[6];
        pose_at(rigs[i].rvec, rigs[i].place, rt);
        cf_camera_model *mono = parse(rigs[i].mono, rigs[i].mono_k, origin, rigs[i].w, rigs[i].h);
        cf_camera_model *color = parse(rigs[i].color, rigs[i].color_k, rt, rigs[i].cw, rigs[i].ch);
        const cf_rectify_params p = {.depth_min_m = 1.4};
        cf_rectification r;
        ck_assert_int_eq(cf_rectify(mono, color, &p, &r), CF_OK);
        expect_consistent(mono, color, &r, 1.5, rigs[i].name);
        cf_rectification_clear(&r);
        cf_camera_model_destroy(&mono);
        cf_camera_model_destroy(&color);
    }
}
END_TEST

START_TEST(tele_grid_is_widened_to_the_left) {
    static const double rt[6] = {0, 0, 0, -0.05, 0, 0};
    cf_camera_model *mono =
        parse("LENSMODEL_PINHOLE", "2000, 2000, 399.5, 299.5", origin, 800, 600);
    cf_camera_model *color = parse("LENSMODEL_PINHOLE", "500, 500, 199.5, 149.5", rt, 400, 300);
    cf_rectify_params p = {.depth_min_m = 2};
    cf_rectification r;
    ck_assert_int_eq(cf_rectify(mono, color, &p, &r), CF_OK);
    ck_assert_int_eq(r.width, 800 + 64); /* 50 pixels of disparity, in sixteens */
    ck_assert(r.mono_resampled);
    ck_assert_float_eq(r.back.xy[1], 8 + 64);
    ck_assert_float_eq(r.mono.xy[8], 0);
    ck_assert_float_eq_tol(r.color_scale, 0.25, 1e-5);
    cf_rectification_clear(&r);
    p.no_extend = 1;
    ck_assert_int_eq(cf_rectify(mono, color, &p, &r), CF_OK);
    ck_assert(r.width == 800 && !r.mono_resampled);
    cf_rectification_clear(&r);
    cf_camera_model_destroy(&mono);
    cf_camera_model_destroy(&color);
}
END_TEST

START_TEST(refuses_impossible_rigs) {
    static const double front[6] = {0, 0, 0, 0.01, 0, 0.2}, away[6] = {0, 3.1, 0, -0.1, 0, 0};
    cf_camera_model *mono = parse("LENSMODEL_PINHOLE", "500, 500, 199.5, 149.5", origin, 400, 300);
    cf_camera_model *a = parse("LENSMODEL_PINHOLE", "500, 500, 199.5, 149.5", front, 400, 300);
    cf_camera_model *b = parse("LENSMODEL_PINHOLE", "500, 500, 199.5, 149.5", away, 400, 300);
    cf_rectification r;
    ck_assert_int_eq(cf_rectify(mono, a, NULL, &r), CF_ERR_UNSUPPORTED);
    ck_assert_int_eq(cf_rectify(mono, b, NULL, &r), CF_ERR_INVALID);
    cf_camera_model *c = parse("LENSMODEL_PINHOLE", "500, 500, 199.5, 149.5", origin, 400, 300);
    cf_alloc_fail_after(1);
    ck_assert_int_eq(cf_rectify(mono, c, NULL, &r), CF_ERR_MEMORY);
    cf_alloc_fail_after(-1);
    cf_camera_model_destroy(&mono);
    cf_camera_model_destroy(&a);
    cf_camera_model_destroy(&b);
    cf_camera_model_destroy(&c);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, parallel_rig_keeps_the_mono_grid);
    tcase_add_test(tc, tilted_rig_agrees_with_opencv);
    tcase_add_test(tc, finds_points_in_rigs_of_all_kinds);
    tcase_add_test(tc, tele_grid_is_widened_to_the_left);
    tcase_add_test(tc, refuses_impossible_rigs);
}

int main(void) {
    return test_run("rectify", add);
}
