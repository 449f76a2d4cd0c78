/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Geometry from ordinary pictures, on rendered pairs of a textured wall with a block before it,
 * seen through lenses of known geometry. Does not prove anything about photographs:
 * tests/tools/compare_scene.py does.
 */
#include "base/alloc.h"
#include "calib/scene.h"
#include "tests/calib/textured_wall.h"

#define PAIRS 2

static const double tilt[3] = {0.6, -0.4, 0.8}, right[3] = {0.1, 0, 0}, left[3] = {-0.1, 0, 0},
                    still[3];
static const double none[3] = {0.2126, 0.7152, 0.0722};

/* A pair of raws as registration wants it. */
static cf_scene_pair view(const pair *p, int columns) {
    cf_scene_pair out;
    const float spectral[3] = {(float)none[0], (float)none[1], (float)none[2]};
    ck_assert_int_eq(
        cf_scene_picture_from_raw(&p->mono_raw, &p->mono_profile, spectral, columns, &out.mono),
        CF_OK);
    ck_assert_int_eq(
        cf_scene_picture_from_raw(&p->color_raw, &p->color_profile, spectral, columns, &out.color),
        CF_OK);
    return out;
}

/*
 * Root mean square vertical offset, in the rectification that models m and c make, of points of
 * space seen through the true cameras: depths of 1.5 to 4 metres over the mono picture.
 */
static double true_error(const pair *p, const cf_camera_model *m, const cf_camera_model *c) {
    double r[9], t[3], rc[9], tc[3], sum = 0, x[3], y[3], z[3] = {0, 0, 1};
    int n = 0;
    cf_camera_model_pose(p->color, r, t);
    cf_camera_model_pose(c, rc, tc);
    for (int i = 0; i < 3; i++)
        x[i] = -(rc[i] * tc[0] + rc[3 + i] * tc[1] + rc[6 + i] * tc[2]);
    double length = sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
    for (int i = 0; i < 3; i++)
        x[i] /= length;
    for (int i = 0; i < 3; i++)
        z[i] -= x[i] * x[2];
    for (int i = 0; i < 3; i++) /* z across x; lengths cancel in y / z */
        y[i] = z[(i + 1) % 3] * x[(i + 2) % 3] - z[(i + 2) % 3] * x[(i + 1) % 3];
    for (int k = 0; k < 9 * 7 * 3; k++) {
        const double q[2] = {20 + (W - 41) * (k % 9) / 8.0, 20 + (H - 41) * (k / 9 % 7) / 6.0};
        double ray[3], at[3], seen[2], a[3], b[3], turned[3], depth = 1.5 + 1.25 * (k / 63);
        ck_assert(cf_camera_model_unproject(p->mono, q, ray));
        for (int i = 0; i < 3; i++)
            at[i] = depth / ray[2] *
                        (r[3 * i] * ray[0] + r[3 * i + 1] * ray[1] + r[3 * i + 2] * ray[2]) +
                    t[i];
        if (!cf_camera_model_project(p->color, at, seen) || seen[0] < 0 || seen[1] < 0 ||
            seen[0] > p->color_raw.width - 1 || seen[1] > p->color_raw.height - 1)
            continue;
        ck_assert(cf_camera_model_unproject(m, q, a) && cf_camera_model_unproject(c, seen, b));
        for (int i = 0; i < 3; i++)
            turned[i] = rc[i] * b[0] + rc[3 + i] * b[1] + rc[6 + i] * b[2];
        double f[2], ay = 0, az = 0, by = 0, bz = 0;
        cf_camera_model_focal(m, f);
        for (int i = 0; i < 3; i++) {
            ay += y[i] * a[i];
            az += z[i] * a[i];
            by += y[i] * turned[i];
            bz += z[i] * turned[i];
        }
        double v = f[1] * (by / bz - ay / az);
        sum += v * v;
        n++;
    }
    ck_assert_int_gt(n, 60);
    return sqrt(sum / n);
}

static void free_result(pair *p, cf_scene_pair *v, int count, cf_scene_result *r) {
    cf_scene_result_clear(r);
    for (int i = 0; i < count; i++) {
        cf_scene_pair_free(&v[i]);
        free_pair(&p[i]);
    }
    ck_assert_uint_eq(cf_alloc_live(), 0);
}

START_TEST(finds_a_turned_and_distorted_lens) {
    pair p[PAIRS];
    cf_scene_pair v[PAIRS];
    double told[PAIRS], error[PAIRS];
    for (int i = 0; i < PAIRS; i++) {
        const wall what = {0.8, 1.6 + 0.5 * i, -0.2, 0, (unsigned)i};
        make_wall_pair(&p[i], tilt, right, 1, &what);
        v[i] = view(&p[i], CF_SCENE_FINE_COLUMNS);
    }
    for (int count = 1; count <= PAIRS; count++) {
        const cf_scene_options options = {.focal_px = 600};
        cf_scene_result r;
        ck_assert_int_eq(cf_scene_calibrate(v, count, &options, &r), CF_OK);
        ck_assert(r.mono && r.color && r.found.confidence > 0.8);
        told[count - 1] = r.found.error_px;
        error[count - 1] = true_error(&p[0], r.mono, r.color);
        ck_assert_msg(error[count - 1] < 0.3 && error[count - 1] < 2.5 * told[count - 1],
                      "%d pairs: %g pixels, told %g", count, error[count - 1], told[count - 1]);
        ck_assert_msg(r.heldout > 100 && r.heldout_px < 0.5, "held out %g", r.heldout_px);
        ck_assert_int_eq(r.pictures[count - 1].candidates > 100, 1);
        if (count < PAIRS)
            cf_scene_result_clear(&r);
        else
            free_result(p, v, PAIRS, &r);
    }
    ck_assert_msg(told[1] < told[0], "told %g, then %g", told[0], told[1]);
}
END_TEST

START_TEST(finds_a_lens_on_the_left_and_a_turned_picture) {
    const wall what = {.contrast = 0.8, .block = 1.6};
    for (int turned = 0; turned < 2; turned++) {
        pair p;
        cf_scene_result r;
        const double degrees[3] = {0.3, 0, turned ? 90.5 : 0.5};
        const cf_scene_options options = {.focal_px = 600};
        make_wall_pair(&p, degrees, turned ? right : left, 1, &what);
        cf_scene_pair v = view(&p, CF_SCENE_FINE_COLUMNS);
        ck_assert_int_eq(cf_scene_calibrate(&v, 1, &options, &r), CF_OK);
        ck_assert(r.mono && r.color);
        double error = true_error(&p, r.mono, r.color);
        ck_assert_msg(error < 0.4, "%g pixels", error);
        ck_assert_int_eq(r.quarter_turns, turned ? 1 : 0);
        free_result(&p, &v, 1, &r);
    }
}
END_TEST

START_TEST(refines_models) {
    pair p;
    cf_scene_result r;
    cf_camera_model *off;
    const wall what = {.contrast = 0.8, .block = 1.6};
    const double more[3] = {0.2 * DEGREE, 0, -0.15 * DEGREE};
    make_wall_pair(&p, tilt, right, 2, &what);
    cf_scene_pair v = view(&p, CF_SCENE_FINE_COLUMNS);
    ck_assert_int_eq(cf_camera_model_turned(p.color, more, &off), CF_OK);
    const cf_scene_options options = {.mono = p.mono, .color = off};
    ck_assert_int_eq(cf_scene_calibrate(&v, 1, &options, &r), CF_OK);
    double error = true_error(&p, r.mono, r.color);
    ck_assert_msg(error < 0.3, "%g pixels", error);
    ck_assert_double_eq_tol(r.baseline_m, 0.1, 1e-9);
    cf_camera_model_destroy(&off);
    free_result(&p, &v, 1, &r);
}
END_TEST

START_TEST(says_when_pictures_do_not_match) {
    static const wall nothing[] = {{.contrast = 0}, {.contrast = 0.8, .elsewhere = 40}};
    for (int i = 0; i < 2; i++) {
        pair p;
        cf_scene_result r;
        const cf_scene_options options = {.quick = i};
        make_wall_pair(&p, still, right, 1, &nothing[i]);
        cf_scene_pair v = view(&p, CF_SCENE_COLUMNS);
        ck_assert_int_eq(cf_scene_calibrate(&v, 1, &options, &r), CF_OK);
        ck_assert_msg(!r.mono && !r.color && r.found.confidence < 0.15, "confidence %g, %d of %d",
                      r.found.confidence, r.found.inliers, r.found.candidates);
        free_result(&p, &v, 1, &r);
    }
}
END_TEST

static cf_scene_pair even_pair(int width, int height) {
    cf_scene_pair out;
    cf_image gray;
    ck_assert_int_eq(cf_image_alloc(width, height, 1, CF_PIXEL_F32, &gray), CF_OK);
    ck_assert_int_eq(cf_scene_picture_from_gray(&gray, 50, &out.mono), CF_OK);
    ck_assert_int_eq(cf_scene_picture_from_gray(&gray, 50, &out.color), CF_OK);
    ck_assert_int_eq(out.mono.bin, width / 50);
    cf_image_free(&gray);
    return out;
}

START_TEST(refuses_what_is_not_one_rig) {
    cf_scene_pair v[2] = {even_pair(100, 80), even_pair(150, 80)};
    cf_scene_result r;
    cf_camera_model *fits, *other;
    const double k[4] = {100, 100, 50, 40};
    ck_assert_int_eq(cf_camera_model_pinhole(100, 80, k, NULL, &fits), CF_OK);
    ck_assert_int_eq(cf_camera_model_pinhole(90, 80, k, NULL, &other), CF_OK);
    cf_log_set(NULL, NULL, CF_LOG_ERROR);
    const cf_scene_options options = {.quick = 1}, half = {.mono = fits},
                           sizes = {.mono = fits, .color = other},
                           place = {.mono = fits, .color = fits};
    ck_assert_int_eq(cf_scene_calibrate(v, 2, &options, &r), CF_ERR_INVALID);
    ck_assert_int_eq(cf_scene_calibrate(v, 0, &options, &r), CF_ERR_INVALID);
    ck_assert_int_eq(cf_scene_calibrate(v, 1, &half, &r), CF_ERR_INVALID);
    ck_assert_int_eq(cf_scene_calibrate(v, 1, &sizes, &r), CF_ERR_INVALID);
    ck_assert_int_eq(cf_scene_calibrate(v, 1, &place, &r), CF_ERR_UNSUPPORTED);
    ck_assert_int_eq(cf_scene_calibrate(v, 1, &options, &r), CF_OK);
    ck_assert(!r.mono && !r.color && r.found.inliers == 0 && r.found.confidence == 0);
    cf_scene_result_clear(&r);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    cf_camera_model_destroy(&fits);
    cf_camera_model_destroy(&other);
    for (int i = 0; i < 2; i++)
        cf_scene_pair_free(&v[i]);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

/* What one noisy pair may leave in doubt several show. */
START_TEST(checks_a_rig_on_several_pairs) {
    pair p[PAIRS];
    cf_scene_pair v[PAIRS];
    cf_camera_model *off, *mended;
    cf_self_registration r;
    const double more[3] = {0.15 * DEGREE, 0, -0.1 * DEGREE};
    for (int i = 0; i < PAIRS; i++) {
        const wall what = {0.8, 1.6 + 0.5 * i, 0, 0, (unsigned)i};
        make_wall_pair(&p[i], tilt, right, 1, &what);
        v[i] = view(&p[i], CF_SCENE_COLUMNS);
    }
    ck_assert_int_eq(cf_camera_model_turned(p[0].color, more, &off), CF_OK);
    for (int knocked = 0; knocked < 2; knocked++) {
        cf_rectify_params params = {.depth_min_m = 1};
        ck_assert_int_eq(
            cf_scene_check(v, PAIRS, p[0].mono, knocked ? off : p[0].color, &params, &mended, &r),
            CF_OK);
        ck_assert_int_eq(mended != NULL, knocked);
        ck_assert_msg(r.vertical_px < 0.2 && r.confidence > 0.9, "%g pixels", r.vertical_px);
        ck_assert(knocked ? r.before_px > 1 : r.before_px < 0.2);
        if (knocked)
            ck_assert_double_lt(true_error(&p[0], p[0].mono, mended), 0.3);
        cf_camera_model_destroy(&mended);
    }
    cf_camera_model_destroy(&off);
    for (int i = 0; i < PAIRS; i++) {
        cf_scene_pair_free(&v[i]);
        free_pair(&p[i]);
    }
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

START_TEST(survives_failing_memory) {
    pair p;
    const wall what = {.contrast = 0.8};
    const cf_scene_options options = {.quick = 1};
    make_wall_pair(&p, still, right, 2, &what);
    cf_scene_pair v = view(&p, 150);
    cf_log_set(NULL, NULL, CF_LOG_ERROR);
    size_t live = cf_alloc_live();
    for (long after = 0; after < 300; after += 1 + after / 3) {
        cf_scene_result r;
        cf_alloc_fail_after(after);
        cf_status status = cf_scene_calibrate(&v, 1, &options, &r);
        cf_alloc_fail_after(-1);
        ck_assert(status == CF_OK || status == CF_ERR_MEMORY);
        cf_scene_result_clear(&r);
        ck_assert_uint_eq(cf_alloc_live(), live);
    }
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    cf_scene_pair_free(&v);
    free_pair(&p);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, refuses_what_is_not_one_rig);
    if (getenv("CHROMAFUSE_VALGRIND"))
        return; /* test_scene_fit and test_self_register run the rest there */
    tcase_add_test(tc, finds_a_turned_and_distorted_lens);
    tcase_add_test(tc, finds_a_lens_on_the_left_and_a_turned_picture);
    tcase_add_test(tc, refines_models);
    tcase_add_test(tc, says_when_pictures_do_not_match);
    tcase_add_test(tc, checks_a_rig_on_several_pairs);
    tcase_add_test(tc, survives_failing_memory);
}

int main(void) {
    return test_run("scene_calibrate", add);
}
