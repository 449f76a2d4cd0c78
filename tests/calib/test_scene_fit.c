/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fit of two lenses to matched points: made-up points of known geometry with noise and wrong
 * matches; distortion beside OpenCV's numbers. Does not prove that points can be matched:
 * test_scene_calibrate does on rendered pictures, tests/tools/compare_scene.py on photographs.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/random.h"
#include "calib/scene_fit.h"
#include "tests/test_main.h"

#define FOCAL 1000.0
#define GRID 5
#define PROBES (3 * GRID * GRID)

/* cv2.projectPoints (OpenCV 5) of (x, y, 1) through an identity camera. */
START_TEST(distorts_as_opencv_does) {
    static const double k[CF_LENS_TERMS] = {-0.25, 0.1, 0.001, -0.002, 0.05};
    static const double cases[][4] = {{0.2, -0.1, 0.197251250000, -0.098625625000},
                                      {-0.31, 0.24, -0.299717464288, 0.231955040094},
                                      {0.05, 0.4, 0.047816508789, 0.385294570312}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double out[2];
        cf_lens_distort(k, cases[i], out);
        ck_assert_double_eq_tol(out[0], cases[i][2], 1e-11);
        ck_assert_double_eq_tol(out[1], cases[i][3], 1e-11);
        ck_assert(cf_lens_undistort(k, cases[i] + 2, out));
        ck_assert_double_eq_tol(out[0], cases[i][0], 1e-8);
        ck_assert_double_eq_tol(out[1], cases[i][1], 1e-8);
    }
    const double barrel[CF_LENS_TERMS] = {-0.25}, beyond[2] = {0.9, 0}; /* it folds at 0.77 */
    double out[2] = {7, 7};
    ck_assert(!cf_lens_undistort(barrel, beyond, out) && out[0] == 7 && out[1] == 7);
}
END_TEST

/* By hand: a colour camera rolled by w sees a point at radius (x, 0) lower by x sin w; a lens that
 * is displaced along y moves points along y by their disparity. */
START_TEST(offsets_by_hand) {
    cf_scene_geometry start, g;
    double p[CF_SCENE_PARAMS] = {0};
    const cf_scene_rays rolled = {{0.3, 0}, {0.2, 0}, 1};
    const cf_scene_rays lowered = {{0.1, 0.05}, {0.06, 0.05 - 0.04 * 0.1}, 1};
    cf_scene_geometry_init(&start, FOCAL);
    ck_assert_double_eq_tol(cf_scene_offset(&start, &rolled), 0, 1e-12);
    ck_assert_double_eq_tol(cf_scene_disparity(&start, &rolled), 100, 1e-9);
    p[CF_SCENE_TURN_Z] = 0.01;
    cf_scene_geometry_change(&start, p, &g);
    ck_assert_double_eq_tol(cf_scene_offset(&g, &rolled), FOCAL * 0.2 * sin(0.01), 1e-9);
    memset(p, 0, sizeof p);
    p[CF_SCENE_LEAN_Y] = 0.1;
    cf_scene_geometry_change(&start, p, &g);
    ck_assert_double_eq_tol(cf_scene_offset(&g, &lowered), 0, 1e-9);
    p[CF_SCENE_LEAN_Y] = 0;
    p[CF_SCENE_ZOOM] = log(1.1);
    cf_scene_geometry_change(&start, p, &g);
    const cf_scene_rays larger = {{0.1, 0.2}, {0, 0.22}, 1};
    ck_assert_double_eq_tol(cf_scene_offset(&g, &larger), 0, 1e-9);
}
END_TEST

typedef struct {
    cf_scene_geometry start, truth;
    double value[CF_SCENE_PARAMS];
    cf_scene_rays *rays;
    unsigned char *inlier;
    int count;
    cf_scene_probe probes[PROBES];
    cf_scene_fit_options options;
} world;

/* count points at depths of 20 to 80 pixels of disparity, between x0 and x1, sigma pixels of noise
 * in each picture, a share of wrong matches. */
static void make_world(world *w, int count, double x0, double x1, double sigma, double wrong,
                       uint64_t seed) {
    cf_random r;
    cf_random_seed(&r, seed);
    memset(w, 0, sizeof *w);
    cf_scene_geometry_init(&w->start, FOCAL);
    static const double spread[CF_SCENE_PARAMS] = {
        [CF_SCENE_TURN_X] = 0.01, [CF_SCENE_TURN_Y] = 0.005, [CF_SCENE_TURN_Z] = 0.01,
        [CF_SCENE_ZOOM] = 0.02,   [CF_SCENE_K1] = 0.1,       [CF_SCENE_LEAN_Y] = 0.01,
        [CF_SCENE_LEAN_Z] = 0.01, [CF_SCENE_P1] = 0.001};
    for (int i = 0; i < CF_SCENE_PARAMS; i++)
        w->value[i] = spread[i] * cf_random_normal(&r);
    memcpy(w->options.prior, spread, sizeof spread);
    w->options.tolerance = 1.5;
    cf_scene_geometry_change(&w->start, w->value, &w->truth);
    w->count = count;
    w->rays = cf_alloc((size_t)count, sizeof *w->rays);
    w->inlier = cf_alloc((size_t)count, 1);
    for (int i = 0; i < count; i++) {
        const cf_scene_place at = {x0 + (x1 - x0) * cf_random_uniform(&r),
                                   0.5 * cf_random_uniform(&r) - 0.25,
                                   0.02 + 0.06 * cf_random_uniform(&r)};
        cf_scene_project(&w->truth, &at, &w->rays[i]);
        w->rays[i].sigma = 1;
        int bad = cf_random_uniform(&r) < wrong;
        for (int k = 0; k < 2; k++) {
            w->rays[i].mono[k] += sigma / FOCAL * cf_random_normal(&r);
            w->rays[i].color[k] +=
                bad ? 0.04 * (cf_random_uniform(&r) - 0.5) : sigma / FOCAL * cf_random_normal(&r);
        }
    }
    for (int i = 0; i < PROBES; i++)
        w->probes[i] = (cf_scene_probe){
            {(i % GRID + 0.5) / GRID * 0.6 - 0.3, (i / GRID % GRID + 0.5) / GRID * 0.5 - 0.25},
            20 + 30.0 * (i / (GRID * GRID))};
    w->options.probes = w->probes;
    w->options.probe_count = PROBES;
}

static void free_world(world *w) {
    cf_free(w->rays);
    cf_free(w->inlier);
}

/* What the fitted lenses get wrong, root mean square over the probes, pixels. */
static double actual_error(const world *w, const cf_scene_fit *fit) {
    cf_scene_geometry g;
    double sum = 0;
    cf_scene_geometry_change(&w->start, fit->value, &g);
    for (int i = 0; i < PROBES; i++) {
        cf_scene_rays rays;
        ck_assert(cf_scene_probe_rays(&w->truth, &w->probes[i], &rays));
        double v = cf_scene_offset(&g, &rays);
        sum += v * v;
    }
    return sqrt(sum / PROBES);
}

static int seeds(void) {
    return getenv("CHROMAFUSE_VALGRIND") ? 2 : 30;
}

/* 40 % of the matches wrong, 0.3 pixels of noise in each picture. */
START_TEST(finds_the_truth_and_how_sure_it_is) {
    int covered = 0, n = seeds();
    double told = 0, actual = 0;
    for (int seed = 0; seed < n; seed++) {
        world w;
        cf_scene_fit fit;
        make_world(&w, 500, -0.3, 0.3, 0.3, 0.4, (uint64_t)seed);
        ck_assert_int_eq(cf_scene_fit_run(&w.start, w.rays, w.count, &w.options, w.inlier, &fit),
                         CF_OK);
        double error = actual_error(&w, &fit);
        ck_assert_msg(error < 0.3, "seed %d: %g pixels", seed, error);
        ck_assert_int_gt(fit.inliers, 250);
        ck_assert_double_lt(fit.residual_px, 0.6);
        covered += error < 2 * fit.error_px;
        told += fit.error_px;
        actual += error;
        free_world(&w);
    }
    /* Honest, and not out of fear: real matches share errors, these do not (a factor of 2). */
    ck_assert_int_ge(covered, n - 1);
    ck_assert_msg(told < 4 * actual, "told %g, was %g", told / n, actual / n);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

START_TEST(knows_where_it_does_not_know) {
    world w;
    cf_scene_fit fit;
    const cf_scene_probe left = {{-0.25, 0.2}, 50}, right = {{0.25, 0.2}, 50};
    make_world(&w, 300, -0.3, -0.05, 0.3, 0.2, 5);
    ck_assert_int_eq(cf_scene_fit_run(&w.start, w.rays, w.count, &w.options, w.inlier, &fit),
                     CF_OK);
    double here = cf_scene_fit_error(&w.start, &fit, &left);
    double there = cf_scene_fit_error(&w.start, &fit, &right);
    ck_assert_msg(there > 3 * here && here > 0, "left %g, right %g", here, there);
    free_world(&w);
}
END_TEST

START_TEST(keeps_what_is_not_asked_for_and_drops_what_is_not_sure) {
    world w;
    cf_scene_fit fit;
    make_world(&w, 300, -0.3, 0.3, 0.3, 0, 6);
    w.options.prior[CF_SCENE_TURN_Y] = 0;
    ck_assert_int_eq(cf_scene_fit_run(&w.start, w.rays, w.count, &w.options, w.inlier, &fit),
                     CF_OK);
    ck_assert(fit.value[CF_SCENE_TURN_Y] == 0 && fit.covariance[CF_SCENE_TURN_Y][0] == 0);
    ck_assert(fit.value[CF_SCENE_K2] == 0);
    w.options.drop = 1e9;
    ck_assert_int_eq(cf_scene_fit_run(&w.start, w.rays, w.count, &w.options, w.inlier, &fit),
                     CF_OK);
    for (int i = 0; i < CF_SCENE_PARAMS; i++)
        ck_assert(fit.value[i] == 0);
    ck_assert(fit.effect_px == 0);
    free_world(&w);
}
END_TEST

START_TEST(survives_nothing_and_nonsense) {
    world w;
    cf_scene_fit fit;
    make_world(&w, 60, -0.3, 0.3, 0.3, 0.5, 7);
    ck_assert_int_eq(cf_scene_fit_run(&w.start, NULL, 0, &w.options, NULL, &fit), CF_OK);
    ck_assert_int_eq(cf_scene_fit_run(&w.start, w.rays, 3, &w.options, w.inlier, &fit), CF_OK);
    ck_assert_int_eq(fit.inliers, 0);
    for (int i = 0; i < w.count; i += 2)
        w.rays[i].color[i / 2 % 2] = i % 4 ? NAN : 50;
    ck_assert_int_eq(cf_scene_fit_run(&w.start, w.rays, w.count, &w.options, w.inlier, &fit),
                     CF_OK);
    for (int i = 0; i < CF_SCENE_PARAMS; i++)
        ck_assert(isfinite(fit.value[i]));
    for (int i = 0; i < w.count; i++)
        w.rays[i].mono[0] = NAN;
    ck_assert_int_eq(cf_scene_fit_run(&w.start, w.rays, w.count, &w.options, w.inlier, &fit),
                     CF_OK);
    ck_assert_int_eq(fit.inliers, 0);
    cf_log_set(NULL, NULL, CF_LOG_ERROR);
    cf_alloc_fail_after(0);
    ck_assert_int_eq(cf_scene_fit_run(&w.start, w.rays, w.count, &w.options, w.inlier, &fit),
                     CF_ERR_MEMORY);
    cf_alloc_fail_after(-1);
    free_world(&w);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, distorts_as_opencv_does);
    tcase_add_test(tc, offsets_by_hand);
    tcase_add_test(tc, finds_the_truth_and_how_sure_it_is);
    tcase_add_test(tc, knows_where_it_does_not_know);
    tcase_add_test(tc, keeps_what_is_not_asked_for_and_drops_what_is_not_sure);
    tcase_add_test(tc, survives_nothing_and_nonsense);
}

int main(void) {
    return test_run("scene_fit", add);
}
