/* SPDX-License-Identifier: Apache-2.0 */
/* The plots of a calibration: what lies where. Does not prove that a person understands them, nor
 * that a calibration calls them (test_calibrate_geometry.py). */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "tests/test_main.h"
#include "tools/calibrate_pictures.h"
#include "tools/plot_frame.h"

static const unsigned char *pixel(const cf_image *in, int x, int y) {
    return (const unsigned char *)cf_image_row(in, 0, y) + 3 * x;
}

static long sum(const cf_image *in) {
    long total = 0;
    for (int y = 0; y < in->height; y++)
        for (int x = 0; x < 3 * in->width; x++)
            total += pixel(in, 0, y)[x];
    return total;
}

static const cf_ink white = {255, 255, 255, 1};

START_TEST(lines_cover_what_they_pass) {
    cf_image on;
    ck_assert_int_eq(cf_image_alloc(40, 30, 1, CF_PIXEL_RGB8, &on), CF_OK);
    cf_canvas_line(&on, 5, 10, 30, 10, 1, white);
    ck_assert_int_eq(pixel(&on, 20, 10)[0], 255);
    ck_assert_int_eq(pixel(&on, 20, 9)[0] + pixel(&on, 20, 11)[0] + pixel(&on, 34, 10)[0], 0);
    cf_canvas_line(&on, 5, 20.5, 30, 20.5, 1, white); /* half on either row */
    ck_assert_int_eq(pixel(&on, 20, 20)[1], 128);
    ck_assert_int_eq(pixel(&on, 20, 21)[1], 128);
    memset(on.data, 0, on.stride * 30);
    cf_canvas_circle(&on, 15, 15, 6, 0, white); /* a disc of area pi r^2 */
    ck_assert_double_eq_tol((double)sum(&on) / 3 / 255, 3.14159265 * 36, 1);
    cf_image_free(&on);
}
END_TEST

START_TEST(nothing_is_drawn_outside) {
    cf_image on;
    ck_assert_int_eq(cf_image_alloc(8, 6, 1, CF_PIXEL_RGB8, &on), CF_OK);
    const double far[] = {NAN, INFINITY, -1e300, 1e300, -50};
    for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
        cf_canvas_line(&on, far[i], 2, far[i], 4, 2, white);
        cf_canvas_circle(&on, 2, far[i], 3, 1, white);
        cf_canvas_arrow(&on, far[i], far[i], far[i] + 3, 2, 1, white);
        cf_canvas_text(&on, "text", far[i], 1, 1, CF_TEXT_LEFT, white);
        cf_canvas_fill(&on, far[i], 0, 4, 4, white);
    }
    for (int y = 0; y < 6; y++)
        for (int x = 0; x < 8; x++)
            ck_assert_int_le(pixel(&on, x, y)[0], 255); /* reads what was written, under ASan */
    cf_image_free(&on);
}
END_TEST

/* Pixels of that colour, and their mean place, in part of a picture. */
static int find(const cf_image *in, const int box[4], const unsigned char rgb[3], double at[2]) {
    int count = 0;
    at[0] = at[1] = 0;
    for (int y = box[1]; y < box[3]; y++) {
        for (int x = box[0]; x < box[2]; x++) {
            const unsigned char *p = pixel(in, x, y);
            if (abs(p[0] - rgb[0]) > 8 || abs(p[1] - rgb[1]) > 8 || abs(p[2] - rgb[2]) > 8)
                continue;
            count++;
            at[0] += x;
            at[1] += y;
        }
    }
    at[0] /= count ? count : 1;
    at[1] /= count ? count : 1;
    return count;
}

static cf_camera_model *camera(const double rt[6]) {
    cf_camera_model *model;
    const double intrinsics[4] = {300, 300, 159.5, 119.5};
    ck_assert_int_eq(cf_camera_model_pinhole(320, 240, intrinsics, rt, &model), CF_OK);
    return model;
}

START_TEST(coverage_shows_each_point_where_it_lies) {
    cf_camera_model *model = camera(NULL);
    const cf_plot_point points[] = {{50, 100, 0.5, 0, 0}, {250, 30, 0, 2, 0}, {160, 200, 9, 9, 1}};
    const cf_plot_camera c = {"mono camera", "board corners", model, points, 3, 2};
    cf_image sheet, empty;
    const cf_plot_camera none = {"mono camera", "board corners", model, NULL, 0, 0};
    ck_assert_int_eq(cf_plot_coverage(&c, &sheet), CF_OK);
    ck_assert_int_eq(cf_plot_coverage(&none, &empty), CF_OK);
    for (int i = 0; i < 2; i++) { /* 320 pixels are 960 of the sheet */
        int x = 74 + (int)(3 * points[i].x) + 1, y = 78 + (int)(3 * points[i].y) + 1;
        cf_ink ink = cf_canvas_ramp(hypot(points[i].dx, points[i].dy) / CF_PLOT_FULL_PX);
        ck_assert_int_eq(pixel(&sheet, x, y)[0], ink.r);
        ck_assert_int_eq(pixel(&sheet, x, y)[2], ink.b);
    }
    /* only the two cells with used points are without stripes */
    double at[2];
    const unsigned char stripe[3] = {117, 40, 40};
    const int area[4] = {74, 78, 74 + 960, 78 + 720};
    int all = find(&empty, area, stripe, at), rest = find(&sheet, area, stripe, at);
    ck_assert_double_eq_tol((double)rest / all, 46.0 / 48, 0.01);
    cf_image_free(&sheet);
    cf_image_free(&empty);
    cf_camera_model_destroy(&model);
}
END_TEST

START_TEST(residuals_and_uncertainty_can_be_drawn_from_anything) {
    cf_camera_model *model = camera(NULL);
    const cf_plot_point points[] = {{50, 100, 0, 0, 0}, {-1e5, 30, NAN, 2, 0}, {1, 2, 1e9, 0, 0}};
    const cf_plot_camera c = {"mono camera", "matches", model, points, 3, 1};
    float px[4] = {0, 1, NAN, 1e30F};
    const cf_plot_grid grid = {2, 2, px}, thin = {1, 2, px};
    cf_image sheet;
    ck_assert_int_eq(cf_plot_residuals(&c, &sheet), CF_OK);
    cf_image_free(&sheet);
    ck_assert_int_eq(cf_plot_uncertainty(&c, &grid, NULL, &sheet), CF_OK);
    ck_assert_int_eq(pixel(&sheet, 74 + 2, 78 + 2)[2], 128); /* unknown: grey */
    cf_image_free(&sheet);
    ck_assert_int_eq(cf_plot_uncertainty(&c, &thin, NULL, &sheet), CF_ERR_INVALID);
    cf_camera_model_destroy(&model);
}
END_TEST

/* A magenta disc where the camera sees the point, on grey. */
static cf_image view(const cf_camera_model *model, const double point[3]) {
    cf_image picture;
    double rotation[9], t[3], at[2];
    ck_assert_int_eq(cf_image_alloc(320, 240, 1, CF_PIXEL_RGB8, &picture), CF_OK);
    cf_camera_model_pose(model, rotation, t);
    for (int r = 0; r < 3; r++)
        for (int k = 0; k < 3; k++)
            t[r] += rotation[3 * r + k] * point[k];
    ck_assert(cf_camera_model_project(model, t, at));
    memset(picture.data, 100, picture.stride * 240);
    cf_canvas_circle(&picture, at[0], at[1], 8, 0, (cf_ink){255, 0, 255, 1});
    return picture;
}

/* Wherever the colour camera stands, the two pictures are upright and the point lies on one line.
 */
static void meets(const double rt[6], int stacked) {
    const double point[3] = {0.12, -0.05, 1.5}, xy[2] = {0, 0};
    cf_camera_model *mono = camera(NULL), *color = camera(rt);
    cf_image m = view(mono, point), c = view(color, point), sheet;
    const unsigned char magenta[3] = {217, 0, 217};
    const cf_plot_pair pair = {"a + b", NULL, &m, &c, mono, color, xy, xy, 0, 0};
    double a[2], b[2];
    ck_assert_int_eq(cf_plot_rectified(&pair, &sheet), CF_OK);
    int middle[2] = {74 + (sheet.width - 74 - 236) / 2, 78 + (sheet.height - 78 - 80) / 2};
    const int first[4] = {0, 0, stacked ? sheet.width : middle[0],
                          stacked ? middle[1] : sheet.height};
    const int second[4] = {stacked ? 0 : middle[0], stacked ? middle[1] : 0, sheet.width,
                           sheet.height};
    ck_assert_int_gt(find(&sheet, first, magenta, a), 100);
    ck_assert_int_gt(find(&sheet, second, magenta, b), 100);
    ck_assert_double_eq_tol(a[!stacked], b[!stacked], 1);
    /* upright: right of the middle and above it, as the camera saw it */
    ck_assert_double_gt(a[0], 74 + 0.5 * (stacked ? sheet.width - 310 : middle[0] - 74));
    ck_assert_double_lt(a[1], 78 + 0.5 * (stacked ? middle[1] - 78 : sheet.height - 158));
    cf_image_free(&sheet);
    cf_image_free(&m);
    cf_image_free(&c);
    cf_camera_model_destroy(&mono);
    cf_camera_model_destroy(&color);
}

START_TEST(rectified_pairs_meet_on_lines) {
    meets((double[6]){0, 0, 0, -0.1, 0, 0}, 0);
    meets((double[6]){0.01, -0.02, 0.03, -0.1, 0.01, 0}, 0);
    meets((double[6]){0, 0, 0, 0.1, 0, 0}, 0);
    meets((double[6]){0, 0, 0, 0, -0.1, 0}, 1);
    meets((double[6]){0, 0, 0, 0, 0.1, 0}, 1);
}
END_TEST

START_TEST(pictures_of_another_size_are_refused) {
    const double xy[2] = {0, 0};
    cf_camera_model *mono = camera(NULL), *color = camera((double[6]){0, 0, 0, -0.1, 0, 0});
    cf_image small, sheet;
    ck_assert_int_eq(cf_image_alloc(100, 80, 1, CF_PIXEL_RGB8, &small), CF_OK);
    const cf_plot_pair pair = {"a + b", NULL, &small, &small, mono, color, xy, xy, 0, 0};
    ck_assert_int_eq(cf_plot_rectified(&pair, &sheet), CF_ERR_INVALID);
    cf_image_free(&small);
    cf_camera_model_destroy(&mono);
    cf_camera_model_destroy(&color);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

START_TEST(all_files_appear_with_the_folder) {
    static const char *const names[] = {
        "mono.coverage.png",  "mono.residuals.png",  "mono.uncertainty.png",
        "color.coverage.png", "color.residuals.png", "color.uncertainty.png",
        "pair-01.png",        "pair-02.png",         "overview.png",
    };
    const double point[3] = {0.12, -0.05, 1.5}, xy[2] = {100, 80};
    cf_camera_model *mono = camera(NULL), *color = camera((double[6]){0, 0, 0, -0.1, 0, 0});
    cf_image m = view(mono, point), c = view(color, point);
    const cf_plot_pair pairs[2] = {{"a + b", "best", &m, &c, mono, color, xy, xy, 1, 0},
                                   {"c + d", "worst", &m, &c, mono, color, xy, xy, 1, 1}};
    float px[4] = {0, 1, 0.5F, 0.2F};
    const cf_plot_grid grid = {2, 2, px};
    const cf_plot_about about = {"how sure the rows are", NULL};
    cf_plot_set set = {.mono = {"mono camera", "board corners", mono, NULL, 0, 0},
                       .color = {"colour camera", "board corners", color, NULL, 0, 0},
                       .mono_motion = &grid,
                       .color_motion = &grid,
                       .motion_about = &about,
                       .pairs = pairs,
                       .pair_count = 2};
    char at[64] = "/tmp/chromafuse-plots-XXXXXX", path[128];
    cf_rig_folder *folder;
    ck_assert_ptr_nonnull(mkdtemp(at));
    ck_assert_int_eq(cf_rig_folder_open(at, &folder), CF_OK);
    ck_assert_int_eq(cf_plot_write(&set, folder), CF_OK);
    snprintf(path, sizeof path, "%s/pair-03.png", at); /* of an earlier calibration */
    fclose(fopen(path, "w"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", at, names[i]);
        ck_assert_int_ne(access(path, F_OK), 0); /* not before the commit */
    }
    ck_assert_int_eq(cf_rig_folder_commit(&folder), CF_OK);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", at, names[i]);
        ck_assert_msg(!unlink(path), "%s", path);
    }
    ck_assert_int_eq(rmdir(at), 0); /* and nothing else */
    set.pair_count = CF_PLOT_PAIRS + 1;
    ck_assert_int_eq(cf_plot_write(&set, NULL), CF_ERR_INVALID);
    cf_image_free(&m);
    cf_image_free(&c);
    cf_camera_model_destroy(&mono);
    cf_camera_model_destroy(&color);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, lines_cover_what_they_pass);
    tcase_add_test(tc, nothing_is_drawn_outside);
    tcase_add_test(tc, coverage_shows_each_point_where_it_lies);
    tcase_add_test(tc, residuals_and_uncertainty_can_be_drawn_from_anything);
    tcase_add_test(tc, rectified_pairs_meet_on_lines);
    tcase_add_test(tc, pictures_of_another_size_are_refused);
    tcase_add_test(tc, all_files_appear_with_the_folder);
}

int main(void) {
    return test_run("tools/calibrate_pictures", add);
}
