/* SPDX-License-Identifier: Apache-2.0 */
/* OpenCV's stereo files: what is read, what each mistake is answered with, what is written. That
 * OpenCV itself reads what we write is shown by tests/tools/compare_opencv.py. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "calib/opencv_stereo.h"
#include "tests/test_main.h"

static char last_line[1024];

static void keep_line(void *user, cf_log_level level, const char *line) {
    (void)user;
    (void)level;
    snprintf(last_line, sizeof last_line, "%s", line);
}

static cf_status parse(const char *text, cf_opencv_stereo *io) {
    cf_log_set(keep_line, NULL, CF_LOG_WARNING);
    last_line[0] = 0;
    cf_status status = cf_opencv_stereo_parse("rig.yml", text, strlen(text), io);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    return status;
}

static cf_status models(const cf_opencv_stereo *in, const cf_opencv_params *params,
                        cf_camera_model **mono, cf_camera_model **color) {
    cf_log_set(keep_line, NULL, CF_LOG_WARNING);
    last_line[0] = 0;
    cf_status status = cf_opencv_stereo_models("rig.yml", in, params, mono, color);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    return status;
}

static void read_data(const char *name, cf_opencv_stereo *io) {
    char path[1024];
    snprintf(path, sizeof path, "%s/tests/calib/data/%s", getenv("CHROMAFUSE_SOURCE"), name);
    ck_assert_int_eq(cf_opencv_stereo_read(path, io), CF_OK);
}

/* Where cv2.projectPoints (OpenCV 5.0) puts three points of camera 1's coordinates: x, y of camera
 * 1, x, y of camera 2. */
static const double points[3][3] = {{0.2, -0.1, 1}, {-0.5, 0.3, 2}, {0.35, 0.4, 1.2}};
static const double stereo_px[3][4] = {
    {447.34838220, 180.70517970, 390.94054937, 191.34115080},
    {212.46784843, 311.07018524, 177.85228961, 322.90758132},
    {489.46158738, 401.19740581, 443.03728028, 414.58680234},
};
static const double rational_px[3][4] = {
    {447.35392062, 180.69675303, 420.88421623, 120.25984450},
    {212.23781968, 311.19503376, 184.08803030, 278.72318858},
    {489.69026604, 401.56754223, 463.08834077, 353.36159415},
};

/* The pixel of a point given in camera 1's coordinates; first: camera 1's model. */
static void project(const cf_camera_model *first, const cf_camera_model *second,
                    const double point[3], double px[4]) {
    const cf_camera_model *both[2] = {first, second};
    double r[9], t[3], rig[3], at[3];
    cf_camera_model_pose(first, r, t); /* back to the rig's coordinates */
    for (int i = 0; i < 3; i++)
        rig[i] =
            r[i] * (point[0] - t[0]) + r[3 + i] * (point[1] - t[1]) + r[6 + i] * (point[2] - t[2]);
    for (int c = 0; c < 2; c++) {
        cf_camera_model_pose(both[c], r, t);
        for (int i = 0; i < 3; i++)
            at[i] = r[3 * i] * rig[0] + r[3 * i + 1] * rig[1] + r[3 * i + 2] * rig[2] + t[i];
        ck_assert(cf_camera_model_project(both[c], at, px + 2 * c));
    }
}

static void compare_projection(const char *name, const double expected[3][4]) {
    for (int swap = 0; swap < 2; swap++) {
        cf_opencv_stereo in = {0};
        cf_opencv_params params = CF_OPENCV_DEFAULTS;
        cf_camera_model *mono, *color;
        params.swap = swap;
        read_data(name, &in);
        ck_assert_int_eq(models(&in, &params, &mono, &color), CF_OK);
        ck_assert_str_eq(last_line, "");
        for (int i = 0; i < 3; i++) {
            double px[4];
            project(swap ? color : mono, swap ? mono : color, points[i], px);
            for (int k = 0; k < 4; k++)
                ck_assert_double_eq_tol(px[k], expected[i][k], 1e-6);
        }
        cf_camera_model_destroy(&mono);
        cf_camera_model_destroy(&color);
    }
}

START_TEST(models_project_as_opencv_does) {
    compare_projection("opencv_stereo.yml", stereo_px);
    compare_projection("opencv_rational.yml", rational_px);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

START_TEST(two_files_make_one_rig) {
    cf_opencv_stereo in = {0}, other = {0};
    cf_opencv_params params = CF_OPENCV_DEFAULTS;
    cf_camera_model *mono, *color;
    char lens[CF_LENS_NAME_MAX];
    double v[16];
    read_data("opencv_intrinsics.yml", &in);
    ck_assert_int_eq(models(&in, &params, &mono, &color), CF_ERR_FORMAT);
    ck_assert(strstr(last_line, "has no rotation between the cameras (R)"));
    read_data("opencv_extrinsics.yml", &in);
    ck_assert_int_eq(models(&in, &params, &mono, &color), CF_ERR_INVALID);
    ck_assert(strstr(last_line, "--size"));
    params.mono_size[0] = params.color_size[0] = 640;
    params.mono_size[1] = params.color_size[1] = 480;
    ck_assert_int_eq(models(&in, &params, &mono, &color), CF_OK);
    ck_assert_int_eq(cf_camera_model_lens(mono, lens, v, 16), 9);
    ck_assert_str_eq(lens, "LENSMODEL_OPENCV5");
    ck_assert_double_eq(v[0], 5.3480326845051309e+02);
    ck_assert_double_eq(v[3], 2.4066183054066337e+02);
    ck_assert_double_eq(v[5], -1.0354662043042675);
    cf_camera_model_destroy(&mono);
    cf_camera_model_destroy(&color);
    read_data("opencv_extrinsics.yml", &other); /* the order does not matter */
    read_data("opencv_intrinsics.yml", &other);
    ck_assert_mem_eq(&in, &other, sizeof in);
}
END_TEST

static void same(const double *a, const double *b, int count, double tolerance) {
    for (int i = 0; i < count; i++)
        ck_assert_double_eq_tol(a[i], b[i], tolerance * fmax(fabs(b[i]), 1));
}

/* Finds "KEY: ..." in a file and its numbers, the plainest way. */
static void numbers_of(const char *name, const char *key, double *out, int count) {
    char path[1024], line[256], start[16];
    snprintf(path, sizeof path, "%s/tests/calib/data/%s", getenv("CHROMAFUSE_SOURCE"), name);
    snprintf(start, sizeof start, "%s: ", key);
    FILE *f = fopen(path, "r");
    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof line, f) && strncmp(line, start, strlen(start)) != 0) {
    }
    int c;
    while ((c = getc(f)) != '[' && c != EOF) {
    }
    for (int i = 0; i < count; i++)
        ck_assert_int_eq(fscanf(f, " %lf ,", &out[i]), 1);
    fclose(f);
}

static void compare_rectification(const char *name) {
    cf_opencv_stereo in = {0};
    cf_opencv_rectified r;
    double v[16];
    read_data(name, &in);
    ck_assert_int_eq(cf_opencv_rectify(&in, &r), 1);
    numbers_of(name, "R1", v, 9);
    same(r.r1, v, 9, 1e-9);
    numbers_of(name, "R2", v, 9);
    same(r.r2, v, 9, 1e-9);
    numbers_of(name, "P1", v, 12);
    same(r.p1, v, 12, 1e-6);
    numbers_of(name, "P2", v, 12);
    same(r.p2, v, 12, 1e-6);
    numbers_of(name, "Q", v, 16);
    same(r.q, v, 16, 1e-6);
}

START_TEST(rectifies_as_stereorectify_does) {
    compare_rectification("opencv_stereo.yml");
    compare_rectification("opencv_rational.yml"); /* one camera above the other */
    cf_opencv_stereo in = {0};
    cf_opencv_rectified r;
    read_data("opencv_stereo.yml", &in);
    in.camera[1].width = 641;
    ck_assert_int_eq(cf_opencv_rectify(&in, &r), 0);
}
END_TEST

START_TEST(what_is_written_is_read_back) {
    for (int swap = 0; swap < 2; swap++) {
        cf_opencv_stereo in = {0}, out, back = {0};
        cf_opencv_params params = CF_OPENCV_DEFAULTS;
        cf_camera_model *mono, *color;
        char text[8192] = "";
        params.swap = swap;
        read_data("opencv_rational.yml", &in);
        ck_assert_int_eq(models(&in, &params, &mono, &color), CF_OK);
        ck_assert_int_eq(cf_opencv_stereo_from_models(mono, color, swap, &out), CF_OK);
        FILE *f = fmemopen(text, sizeof text, "w");
        cf_opencv_stereo_print(&out, f);
        fclose(f);
        ck_assert_int_eq(parse(text, &back), CF_OK);
        ck_assert_mem_eq(&back, &out, sizeof out);
        same(back.rotation, in.rotation, 9, 1e-12);
        same(back.translation, in.translation, 3, 1e-12);
        same(back.camera[1].distortion, in.camera[1].distortion, 12, 1e-15);
        cf_camera_model_destroy(&mono);
        cf_camera_model_destroy(&color);
    }
}
END_TEST

START_TEST(other_names_and_shapes_are_understood) {
    cf_opencv_stereo a = {0};
    ck_assert_int_eq(parse("\xef\xbb\xbf%YAML:1.0\n"
                           "camera_matrix_left: [[500, 0, 320], [0, 501, 240], [0, 0, 1]]\n"
                           "dist_coeffs_left: [0.1, 0, 0, 0]\n"
                           "K2: [500, 0, 320, 0, 501, 240, 0, 0, 1]\n"
                           "D2: !!opencv-matrix\n   rows: 0\n   cols: 0\n   dt: d\n   data: []\n"
                           "rotation: [0, 0.1, 0]\n"
                           "Translation_Vector: !!opencv-matrix\n   rows: 1\n   cols: 1\n"
                           "   dt: \"3f\"\n   data: [-60, 0, 0]\n"
                           "size: [640, 480]\nflags: 5\nrms: .Nan\nname: \"x\"\n",
                           &a),
                     CF_OK);
    ck_assert_double_eq(a.camera[1].matrix[4], 501);
    ck_assert_int_eq(a.camera[0].distortion_count, 4);
    ck_assert_int_eq(a.camera[1].distortion_count, 0);
    ck_assert_double_eq_tol(a.rotation[2], sin(0.1), 1e-12);
    ck_assert_int_eq(a.camera[1].width, 640);
    /* JSON, and one camera a file with its own size, as the calibration sample writes them */
    cf_opencv_stereo b = {0};
    ck_assert_int_eq(parse("{\"image_width\": 640, \"image_height\": 480, \"camera_matrix\": "
                           "{\"type_id\": \"opencv-matrix\", \"rows\": 3, \"cols\": 3, \"dt\": "
                           "\"d\", \"data\": [5e2, 0, 320, 0, 500, 240, 0, 0, 1]},\n"
                           "\"distortion_coefficients\": [0, 0, 0, 0, 0]}",
                           &b),
                     CF_OK);
    ck_assert_int_eq(parse("image_width: 1280\nimage_height: 960\n"
                           "camera_matrix: [900, 0, 640, 0, 900, 480, 0, 0, 1]\n"
                           "distortion_coefficients: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]\n",
                           &b),
                     CF_OK);
    ck_assert_int_eq(b.camera[0].width, 640);
    ck_assert_int_eq(b.camera[1].width, 1280);
    ck_assert_double_eq(b.camera[1].matrix[0], 900);
    ck_assert_int_eq(b.camera[1].distortion_count, 5);
}
END_TEST

#define M "[500, 0, 320, 0, 500, 240, 0, 0, 1]"
#define GOOD                                                                                       \
    "M1: " M "\nM2: " M "\nD1: [0, 0, 0, 0]\nD2: [0, 0, 0, 0]\nR: [1, 0, 0, 0, 1, 0, 0, 0, 1]\n"

static const struct {
    const char *text;
    cf_status status;
    const char *line;
} mistakes[] = {
    {"", CF_OK, ""},
    {"M1: " M "\nM1: [501, 0, 320, 0, 500, 240, 0, 0, 1]\n", CF_ERR_FORMAT, "'M1' tells again"},
    {"M1: [-500, 0, 320, 0, 500, 240, 0, 0, 1]\n", CF_ERR_FORMAT, "focal lengths -500, 500"},
    {"M1: [0, 0, 320, 0, 500, 240, 0, 0, 1]\n", CF_ERR_FORMAT, "not positive"},
    {"M1: [500, 9, 320, 0, 500, 240, 0, 0, 1]\n", CF_ERR_FORMAT, "without skew"},
    {"M1: [500, 0, 320, 0, 500, 240]\n", CF_ERR_FORMAT, "'M1' has 6 numbers, needs 9"},
    {"M1: [500, 0, .Nan, 0, 500, 240, 0, 0, 1]\n", CF_ERR_FORMAT, "no finite number"},
    {"M1: [500, 0, 1e999, 0, 500, 240, 0, 0, 1]\n", CF_ERR_FORMAT, "no finite number"},
    {"M1: hello\n", CF_ERR_FORMAT, "'M1' has something that is no finite number"},
    {"M1: {rows: 3, cols: 3, dt: d}\n", CF_ERR_FORMAT, "needs rows, cols and data"},
    {"M1: {rows: 3, cols: 3, dt: d, data: [1, 2]}\n", CF_ERR_FORMAT, "rows times cols"},
    {"M1: {rows: 99999999999, cols: 3, dt: d, data: [1]}\n", CF_ERR_FORMAT, "needs rows, cols"},
    {"M1: {rows: 10000, cols: 10000, dt: d, data: [1]}\n", CF_ERR_FORMAT, "rows times cols"},
    {"M1: {rows: -3, cols: 3, dt: d, data: [1]}\n", CF_ERR_FORMAT, "needs rows, cols"},
    {"M1: {rows: 3, cols: 3, dt: d, data: {a: 1}}\n", CF_ERR_FORMAT, "is no matrix"},
    {"D1: [0, 0, 0]\n", CF_ERR_UNSUPPORTED, "has 3 distortion coefficients"},
    {"D1: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.1, 0]\n", CF_ERR_UNSUPPORTED, "tilted sensor"},
    {"R: [1, 0, 0, 0, 1, 0, 0, 0, 1.1]\n", CF_ERR_FORMAT, "'R' is no rotation matrix"},
    {"R: [1, 0, 0, 0, 1, 0, 0, 0, -1]\n", CF_ERR_FORMAT, "'R' is no rotation matrix"},
    {"R: [1e6, 0, 0]\n", CF_ERR_FORMAT, "'R' is no rotation vector"},
    {"T: [0, 0, 0]\n", CF_ERR_FORMAT, "'T' is zero"},
    {"T: [1, 0]\n", CF_ERR_FORMAT, "'T' has 2 numbers, needs 3"},
    {"image_width: 640.5\n", CF_ERR_FORMAT, "640.5 is no number of pixels"},
    {"imageSize: [0, 480]\n", CF_ERR_FORMAT, "0 is no number of pixels"},
    {"imageSize: [640, 480]\nimage_width: 641\n", CF_ERR_FORMAT, "'image_width' tells again"},
    {"fisheye_model: 1\n", CF_ERR_UNSUPPORTED, "fisheye"},
    {"distortion_model: equidistant\n", CF_ERR_UNSUPPORTED, "fisheye"},
    {"fisheye_model: 0\ndistortion_model: plumb_bob\n", CF_OK, ""},
    {"<?xml version=\"1.0\"?>\n", CF_ERR_FORMAT, "is XML"},
    {"- 1\n- 2\n", CF_ERR_FORMAT, "holds no 'key: value'"},
    {"M1: [500, 0,\n", CF_ERR_FORMAT, "line 2"},
    {"M1: &a [1]\nM2: *a\n", CF_ERR_UNSUPPORTED, "anchors"},
};

START_TEST(mistakes_are_named) {
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        cf_opencv_stereo in = {0};
        ck_assert_msg(parse(mistakes[i].text, &in) == mistakes[i].status, "%s: %s",
                      mistakes[i].text, last_line);
        ck_assert_msg(strstr(last_line, mistakes[i].line) != NULL, "%s: %s", mistakes[i].text,
                      last_line);
        ck_assert(mistakes[i].status == CF_OK || strstr(last_line, "rig.yml: "));
    }
    cf_opencv_stereo in = {0};
    ck_assert_int_eq(cf_opencv_stereo_parse("nul.yml", "M1: 1\0 2", 8, &in), CF_ERR_FORMAT);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

START_TEST(units_sizes_and_gaps_are_told) {
    cf_opencv_stereo in = {0};
    cf_opencv_params params = {.unit_m = 1, .mono_size = {640, 480}, .color_size = {640, 480}};
    cf_camera_model *mono, *color;
    ck_assert_int_eq(parse(GOOD, &in), CF_OK);
    ck_assert_int_eq(models(&in, &params, &mono, &color), CF_ERR_FORMAT);
    ck_assert(strstr(last_line, "has no translation"));
    ck_assert_int_eq(parse("T: [-60, 0, 0]\n", &in), CF_OK);
    ck_assert_int_eq(models(&in, &params, &mono, &color), CF_OK);
    ck_assert(strstr(last_line, "60 m apart") && strstr(last_line, "--unit 0.001"));
    ck_assert(cf_camera_model_is_pinhole(mono, (double[4]){0}));
    cf_camera_model_destroy(&mono);
    cf_camera_model_destroy(&color);
    params.unit_m = 0.001;
    params.swap = 1;
    ck_assert_int_eq(models(&in, &params, &mono, &color), CF_OK);
    ck_assert_str_eq(last_line, "");
    double r[9], t[3];
    cf_camera_model_pose(color, r, t);
    ck_assert_double_eq_tol(t[0], 0.06, 1e-12); /* the colour camera is now on the left */
    cf_camera_model_destroy(&mono);
    cf_camera_model_destroy(&color);
    params.color_size[0] = 1600;
    ck_assert_int_eq(models(&in, &params, &mono, &color), CF_OK);
    ck_assert(strstr(last_line, "is that their size?"));
    cf_camera_model_destroy(&mono);
    cf_camera_model_destroy(&color);
    in.camera[0].width = 640; /* swapped: the colour camera's */
    ck_assert_int_eq(models(&in, &params, &mono, &color), CF_ERR_INVALID);
    ck_assert(strstr(last_line, "1600x480 was said"));
    ck_assert_ptr_null(mono);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

START_TEST(lenses_that_opencv_lacks_are_refused) {
    const double v[4] = {300, 300, 160, 120};
    cf_camera_model *fish, *plain;
    cf_opencv_stereo out;
    ck_assert_int_eq(cf_camera_model_create("LENSMODEL_STEREOGRAPHIC", 320, 240, v, 4, NULL, &fish),
                     CF_OK);
    ck_assert_int_eq(cf_camera_model_pinhole(320, 240, v, NULL, &plain), CF_OK);
    cf_log_set(keep_line, NULL, CF_LOG_WARNING);
    ck_assert_int_eq(cf_opencv_stereo_from_models(plain, fish, 0, &out), CF_ERR_UNSUPPORTED);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    ck_assert(strstr(last_line, "colour camera's LENSMODEL_STEREOGRAPHIC"));
    cf_camera_model_destroy(&fish);
    cf_camera_model_destroy(&plain);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, models_project_as_opencv_does);
    tcase_add_test(tc, two_files_make_one_rig);
    tcase_add_test(tc, rectifies_as_stereorectify_does);
    tcase_add_test(tc, what_is_written_is_read_back);
    tcase_add_test(tc, other_names_and_shapes_are_understood);
    tcase_add_test(tc, mistakes_are_named);
    tcase_add_test(tc, units_sizes_and_gaps_are_told);
    tcase_add_test(tc, lenses_that_opencv_lacks_are_refused);
}

int main(void) {
    return test_run("calib/opencv_stereo", add);
}
