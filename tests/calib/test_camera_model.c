/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Camera models against numbers made with OpenCV 4 (projectPoints, undistortPoints) and against
 * formulas by hand; damaged files. Does not prove that two models fit together: test_rectify does.
 */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "calib/camera_model.h"
#include "tests/test_main.h"

#define OPENCV5                                                                                    \
    "{ 'lensmodel': 'LENSMODEL_OPENCV5',\n  # a comment\n"                                         \
    "  'intrinsics': [ 1240, 1230, 640.5, 360.25, -0.25, 0.1, 0.001, -0.001, 0.02, ],\n"           \
    "  'extrinsics': [ 0.01, -0.007, 0.014, -0.16, 0, 0.001 ], 'imagersize': [ 1280, 720 ],\n"     \
    "  'valid_intrinsics_region': [ [ 0, 0 ], [ 1, 2.5 ] ], 'icam_intrinsics': 0 }"
#define OPENCV8                                                                                    \
    "{ 'lensmodel': 'LENSMODEL_OPENCV8', 'intrinsics': [ 1240, 1230, 640.5, 360.25, 0.1, -0.2, "   \
    "0.001, -0.002, 0.05, 0.3, -0.1, 0.02 ], 'extrinsics': [ 0, 0, 0, 0, 0, 0 ], 'imagersize': "   \
    "[ 1280, 720 ] }"

static cf_camera_model *parse(const char *text) {
    cf_camera_model *m;
    ck_assert_int_eq(cf_camera_model_parse("test", text, strlen(text), &m), CF_OK);
    return m;
}

static void expect_opencv(const char *text, const double pixels[3][2], const double rays[2][2]) {
    static const double points[3][3] = {{0.1, -0.2, 1}, {-0.45, 0.25, 1}, {1, 0.6, 2}};
    static const double at[2][2] = {{100, 50}, {1200, 700}};
    cf_camera_model *m = parse(text);
    for (int i = 0; i < 3; i++) {
        double q[2];
        ck_assert(cf_camera_model_project(m, points[i], q));
        ck_assert_double_eq_tol(q[0], pixels[i][0], 1e-6);
        ck_assert_double_eq_tol(q[1], pixels[i][1], 1e-6);
    }
    for (int i = 0; i < 2; i++) {
        double v[3];
        ck_assert(cf_camera_model_unproject(m, at[i], v));
        ck_assert_double_eq_tol(v[0] / v[2], rays[i][0], 1e-6);
        ck_assert_double_eq_tol(v[1] / v[2], rays[i][1], 1e-6);
    }
    cf_camera_model_destroy(&m);
}

START_TEST(agrees_with_opencv) {
    static const double q5[3][2] = {
        {762.84491, 117.471985}, {114.231461585, 650.408442944}, {1214.7849696, 702.71130352}};
    static const double v5[2][2] = {{-0.464873742, -0.269495994}, {0.485611228, 0.296717775}};
    static const double q8[3][2] = {{763.024736073, 116.992233274},
                                    {111.48733903, 651.739577685},
                                    {1214.255273455, 702.646968879}};
    static const double v8[2][2] = {{-0.462430762, -0.268250831}, {0.485667427, 0.296539545}};
    expect_opencv(OPENCV5, q5, v5);
    expect_opencv(OPENCV8, q8, v8);
}
END_TEST

START_TEST(knows_size_pose_and_focal) {
    int w, h;
    double r[9], t[3], f[2], k[4];
    cf_camera_model *m = parse(OPENCV5);
    cf_camera_model_size(m, &w, &h);
    ck_assert(w == 1280 && h == 720);
    ck_assert_int_eq(cf_camera_model_check_size(m, 1280, 720), CF_OK);
    ck_assert_int_eq(cf_camera_model_check_size(m, 1280, 722), CF_ERR_INVALID);
    cf_camera_model_pose(m, r, t);
    ck_assert_double_eq_tol(t[0], -0.16, 1e-12);
    ck_assert_double_eq_tol(r[1], -0.014, 1e-4); /* small angles: minus the turn about z */
    cf_camera_model_focal(m, f);
    ck_assert_double_eq_tol(f[0], 1240, 1);
    ck_assert(!cf_camera_model_is_pinhole(m, k));
    cf_camera_model_destroy(&m);
}
END_TEST

START_TEST(turning_keeps_the_place) {
    static const double turn[3] = {0.003, -0.002, 0.001};
    double r[9], t[3], place[2][3];
    cf_camera_model *m = parse(OPENCV5), *turned;
    ck_assert_int_eq(cf_camera_model_turned(m, turn, &turned), CF_OK);
    for (int i = 0; i < 2; i++) { /* place = -R^T t */
        cf_camera_model_pose(i ? turned : m, r, t);
        for (int j = 0; j < 3; j++)
            place[i][j] = -(r[j] * t[0] + r[3 + j] * t[1] + r[6 + j] * t[2]);
    }
    for (int j = 0; j < 3; j++)
        ck_assert_double_eq_tol(place[0][j], place[1][j], 1e-12);
    cf_camera_model_destroy(&m);
    cf_camera_model_destroy(&turned);
}
END_TEST

START_TEST(does_not_see_where_the_lens_folds) {
    /* r (1 - 0.5 r^2) grows up to r = 0.816 only */
    cf_camera_model *m =
        parse("{'lensmodel':'LENSMODEL_OPENCV4','intrinsics':[500,500,320,240,-0.5,"
              "0,0,0],'extrinsics':[0,0,0,0,0,0],'imagersize':[640,480]}");
    double q[2];
    ck_assert(cf_camera_model_project(m, (double[]){0.7, 0, 1}, q));
    ck_assert(!cf_camera_model_project(m, (double[]){1.0, 0, 1}, q));
    ck_assert(!cf_camera_model_project(m, (double[]){0.1, 0, -1}, q));
    ck_assert(!cf_camera_model_project(m, (double[]){0, 0, 0}, q));
    ck_assert(!cf_camera_model_project(m, (double[]){NAN, 0, 1}, q));
    cf_camera_model_destroy(&m);
}
END_TEST

/* A spline of zeros is the plain stereographic projection: 2 tan(angle / 2) from the centre. */
START_TEST(reads_splined_models) {
    static const char lens[] = "LENSMODEL_SPLINED_STEREOGRAPHIC_order=3_Nx=8_Ny=6_fov_x_deg=120";
    char text[2048];
    int n =
        snprintf(text, sizeof text, "{'lensmodel': '%s', 'intrinsics': [600, 600, 320, 240", lens);
    for (int i = 0; i < 2 * 8 * 6; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, ", 0");
    snprintf(text + n, sizeof text - (size_t)n,
             "], 'extrinsics': [0,0,0,0,0,0], 'imagersize': [640, 480]}");
    cf_camera_model *m = parse(text);
    double q[2], v[3];
    ck_assert(cf_camera_model_project(m, (double[]){1, 0, 1}, q));
    ck_assert_double_eq_tol(q[0], 320 + 600 * 2 * tan(3.14159265358979 / 8), 1e-6);
    ck_assert(cf_camera_model_unproject(m, q, v));
    ck_assert_double_eq_tol(v[0], v[2], 1e-6);
    cf_camera_model_destroy(&m);
}
END_TEST

START_TEST(survives_every_lens_without_unprojection) {
    cf_camera_model *m =
        parse("{'lensmodel':'LENSMODEL_CAHVORE_linearity=0.37','intrinsics':[500,500,320,240,0,0,0,"
              "0,0,0,0,0],'extrinsics':[0,0,0,0,0,0],'imagersize':[640,480]}");
    double q[2], v[3];
    cf_camera_model_project(m, (double[]){0.1, 0, 1}, q);
    ck_assert(!cf_camera_model_unproject(m, (double[]){320, 240}, v));
    cf_camera_model_destroy(&m);
}
END_TEST

static const struct {
    const char *text;
    cf_status status;
} broken[] = {
    {"", CF_ERR_FORMAT},
    {"hello", CF_ERR_FORMAT},
    {"{'lensmodel': 'LENSMODEL_PINHOLE', 'intrinsics': [100, 100, 50, 50]", CF_ERR_FORMAT},
    {"{'lensmodel': 'LENSMODEL_PINHOLE', 'intrinsics': [100, 100, 50, 50], 'imagersize': [9, 9]}",
     CF_ERR_FORMAT}, /* no extrinsics */
    {"{'lensmodel': 'LENSMODEL_PINHOLE', 'intrinsics': [100, 100, 50], 'extrinsics': "
     "[0,0,0,0,0,0], 'imagersize': [100, 100]}",
     CF_ERR_FORMAT},
    {"{'lensmodel': 'LENSMODEL_PINHOLE', 'intrinsics': [100, nan, 50, 50], 'extrinsics': "
     "[0,0,0,0,0,0], 'imagersize': [100, 100]}",
     CF_ERR_FORMAT},
    {"{'lensmodel': 'LENSMODEL_MAGIC', 'intrinsics': [100, 100, 50, 50], 'extrinsics': "
     "[0,0,0,0,0,0], 'imagersize': [100, 100]}",
     CF_ERR_FORMAT},
    {"{'lensmodel': 'LENSMODEL_SPLINED_STEREOGRAPHIC_order=3_Nx=60000_Ny=60000_fov_x_deg=120', "
     "'intrinsics': [1], 'extrinsics': [0,0,0,0,0,0], 'imagersize': [100, 100]}",
     CF_ERR_FORMAT},
    {"{'lensmodel': 'LENSMODEL_SPLINED_STEREOGRAPHIC', 'intrinsics': [1], 'extrinsics': "
     "[0,0,0,0,0,0], 'imagersize': [100, 100]}",
     CF_ERR_FORMAT},
    {"{'lensmodel': 'LENSMODEL_PINHOLE', 'intrinsics': [-100, 100, 50, 50], 'extrinsics': "
     "[0,0,0,0,0,0], 'imagersize': [100, 100]}",
     CF_ERR_FORMAT},
    {"{'lensmodel': 'LENSMODEL_PINHOLE', 'intrinsics': [100, 100, 50, 50], 'extrinsics': "
     "[0,0,0,0,0,0], 'imagersize': [0, 100]}",
     CF_ERR_FORMAT},
    {"{'lensmodel': 'LENSMODEL_PINHOLE', 'intrinsics': [100, 100, 50, 50], 'extrinsics': "
     "[0,0,0,0,0,0], 'imagersize': [4000000000, 100]}",
     CF_ERR_FORMAT},
    {"{'lensmodel': 'LENSMODEL_PINHOLE', 'intrinsics': [9e4, 9e4, 50, 50], 'extrinsics': "
     "[0,0,0,0,0,0], 'imagersize': [40000, 100]}",
     CF_ERR_INVALID},
    {"{'a': [[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]}", CF_ERR_FORMAT},
};

START_TEST(refuses_broken_files) {
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        cf_camera_model *m;
        ck_assert_msg(cf_camera_model_parse("broken", broken[i].text, strlen(broken[i].text), &m) ==
                          broken[i].status,
                      "case %zu", i);
        ck_assert(m == NULL);
    }
    cf_camera_model *m;
    ck_assert_int_eq(cf_camera_model_load("/nonexistent/x.cameramodel", &m), CF_ERR_IO);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

/* What is written comes back number for number. */
START_TEST(writes_what_it_reads) {
    char path[] = "/tmp/chromafuse-model-XXXXXX", lens[CF_LENS_NAME_MAX];
    static const char *const texts[] = {OPENCV5, OPENCV8};
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    for (int i = 0; i < 2; i++) {
        cf_camera_model *m = parse(texts[i]), *back;
        double a[16], b[16], ra[9], rb[9], ta[3], tb[3];
        ck_assert_int_eq(cf_camera_model_write(m, "made for a test\nof two lines", path), CF_OK);
        ck_assert_int_eq(cf_camera_model_load(path, &back), CF_OK);
        int count = cf_camera_model_lens(m, lens, a, 16);
        ck_assert_int_eq(cf_lens_count(lens), count);
        ck_assert_int_eq(cf_camera_model_lens(back, lens, b, 16), count);
        ck_assert_mem_eq(a, b, (size_t)count * sizeof *a);
        cf_camera_model_pose(m, ra, ta);
        cf_camera_model_pose(back, rb, tb);
        ck_assert_mem_eq(ta, tb, sizeof ta);
        for (int k = 0; k < 9; k++)
            ck_assert_double_eq_tol(ra[k], rb[k], 1e-14);
        cf_camera_model_destroy(&back);
        cf_camera_model_destroy(&m);
    }
    unlink(path);
}
END_TEST

START_TEST(creates_any_lens) {
    const double k[9] = {1240, 1230, 640.5, 360.25, -0.25, 0.1, 0.001, -0.001, 0.02};
    const double ray[3] = {0.1, -0.2, 1};
    double q[2], p[2];
    cf_camera_model *m, *same = parse(OPENCV5);
    ck_assert_int_eq(cf_camera_model_create("LENSMODEL_OPENCV5", 1280, 720, k, 9, NULL, &m), CF_OK);
    ck_assert(cf_camera_model_project(m, ray, q) && cf_camera_model_project(same, ray, p));
    ck_assert_double_eq(q[0], p[0]);
    ck_assert_double_eq(q[1], p[1]);
    cf_camera_model_destroy(&m);
    cf_camera_model_destroy(&same);
    cf_log_set(NULL, NULL, CF_LOG_WARNING);
    ck_assert_int_eq(cf_camera_model_create("LENSMODEL_OPENCV5", 1280, 720, k, 8, NULL, &m),
                     CF_ERR_INVALID);
    ck_assert_int_eq(cf_camera_model_create("LENSMODEL_NONE", 1280, 720, k, 9, NULL, &m),
                     CF_ERR_INVALID);
    ck_assert_int_eq(cf_lens_count("OPENCV5"), 0);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
}
END_TEST

/* Rotation vectors of all lengths come back, half a turn included, where the axis has two signs. */
START_TEST(rotation_vectors_come_back) {
    static const double axes[][3] = {
        {1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0.6, 0, -0.8}, {-0.48, 0.6, 0.64}};
    static const double angles[] = {0,   1e-9, 1e-4, 0.5,       2.5,
                                    2.8, 3.1,  3.14, 3.1415926, 3.141592653589793};
    for (size_t i = 0; i < sizeof axes / sizeof *axes; i++)
        for (size_t k = 0; k < sizeof angles / sizeof *angles; k++) {
            double r[9], back[9], v[3], w[3];
            for (int e = 0; e < 3; e++)
                v[e] = axes[i][e] * angles[k];
            cf_rotation_from_vector(v, r);
            cf_rotation_to_vector(r, w);
            cf_rotation_from_vector(w, back);
            for (int e = 0; e < 9; e++)
                ck_assert_double_eq_tol(r[e], back[e], 1e-9);
            for (int e = 0; e < 3 && angles[k] < 3.14159; e++)
                ck_assert_double_eq_tol(v[e], w[e], 1e-7);
        }
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, rotation_vectors_come_back);
    tcase_add_test(tc, writes_what_it_reads);
    tcase_add_test(tc, creates_any_lens);
    tcase_add_test(tc, agrees_with_opencv);
    tcase_add_test(tc, knows_size_pose_and_focal);
    tcase_add_test(tc, turning_keeps_the_place);
    tcase_add_test(tc, does_not_see_where_the_lens_folds);
    tcase_add_test(tc, reads_splined_models);
    tcase_add_test(tc, survives_every_lens_without_unprojection);
    tcase_add_test(tc, refuses_broken_files);
}

int main(void) {
    return test_run("camera_model", add);
}
