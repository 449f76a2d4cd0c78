/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Self-registration on rendered pairs of a textured, slanted wall, whose geometry is known by
 * construction. Does not prove anything about real pictures: the scores of `fuse` on drifted rigs
 * and without a rig do.
 */
#include "base/alloc.h"
#include "tests/calib/textured_wall.h"

/* The largest distance, in colour pixels, between where the true colour camera sees the wall and
 * the nearest place that the rectification offers for the mono pixel at any disparity in its range.
 */
static double epipolar_error(const pair *p, const cf_camera_model *m, const cf_camera_model *c,
                             const cf_rectify_params *params) {
    cf_rectification g;
    double worst = 0, r[9], t[3];
    ck_assert_int_eq(cf_rectify(m, c, params, &g), CF_OK);
    cf_camera_model_pose(p->color, r, t);
    for (int i = 0; i < 63; i++) {
        double q[2] = {20 + (W - 41) * (i % 9) / 8.0, 20 + (H - 41) * (i / 9) / 6.0};
        double ray[3], at[3], seen[2], back[2], here[2], best = HUGE_VAL;
        ck_assert(cf_camera_model_unproject(p->mono, q, ray));
        double s = 3 / (ray[2] - ray[0] / 4);
        for (int k = 0; k < 3; k++)
            at[k] = s * (r[3 * k] * ray[0] + r[3 * k + 1] * ray[1] + r[3 * k + 2] * ray[2]) + t[k];
        if (!cf_camera_model_project(p->color, at, seen) || seen[0] < 0 || seen[1] < 0 ||
            seen[0] > p->color_raw.width - 1 || seen[1] > p->color_raw.height - 1)
            continue;
        ck_assert(cf_map_at(&g.back, q[0], q[1], back));
        for (double d = (double)g.disparity_min; d <= (double)g.disparity_max; d += 0.05)
            if (cf_map_at(&g.color, back[0] - d, back[1], here))
                best = fmin(best, hypot(here[0] - seen[0], here[1] - seen[1]));
        worst = fmax(worst, best);
    }
    cf_rectification_clear(&g);
    return worst;
}

static const double still[3], right[3] = {0.1, 0, 0}, left[3] = {-0.1, 0, 0},
                              below[3] = {0, 0.1, 0};

START_TEST(leaves_good_rigs_alone) {
    pair p;
    cf_camera_model *mended;
    cf_self_registration r;
    cf_rectify_params params = {.depth_min_m = 2};
    make_pair(&p, (const double[]){0.6, -0.4, 0.8}, right, 1, 0.8);
    ck_assert_int_eq(
        cf_self_register_rig(&p.mono_view, &p.color_view, p.mono, p.color, &params, &mended, &r),
        CF_OK);
    ck_assert(!r.applied && !mended);
    ck_assert_msg(r.confidence > 0.9 && r.vertical_px < 0.2, "confidence %g, vertical %g",
                  r.confidence, r.vertical_px);
    ck_assert_float_eq(params.disparity_slack, 0);
    free_pair(&p);
}
END_TEST

START_TEST(mends_a_drifted_rig) {
    for (int ratio = 1; ratio <= 2; ratio++) {
        pair p;
        cf_camera_model *drifted, *mended;
        cf_self_registration r;
        cf_rectify_params params = {.depth_min_m = 2};
        make_pair(&p, (const double[]){0.6, -0.4, 0.8}, right, ratio, 0.8);
        const double off[3] = {0.15 * DEGREE, 0.05 * DEGREE, -0.15 * DEGREE};
        ck_assert_int_eq(cf_camera_model_turned(p.color, off, &drifted), CF_OK);
        double before = epipolar_error(&p, p.mono, drifted, &params);
        ck_assert_int_eq(cf_self_register_rig(&p.mono_view, &p.color_view, p.mono, drifted, &params,
                                              &mended, &r),
                         CF_OK);
        ck_assert_msg(r.applied && mended, "ratio %d: inliers %d of %d, residual %g", ratio,
                      r.inliers, r.candidates, r.residual_px);
        double after = epipolar_error(&p, p.mono, mended, &params);
        ck_assert_msg(after < 0.3 && before > 1.5 / ratio, "ratio %d: %g before, %g after", ratio,
                      before, after);
        cf_camera_model_destroy(&drifted);
        cf_camera_model_destroy(&mended);
        free_pair(&p);
    }
}
END_TEST

START_TEST(knows_nothing_about_a_grey_wall) {
    pair p;
    cf_camera_model *mended, *m, *c;
    cf_self_registration r;
    cf_rectify_params params = {.depth_min_m = 2};
    make_pair(&p, still, right, 1, 0);
    ck_assert_int_eq(
        cf_self_register_rig(&p.mono_view, &p.color_view, p.mono, p.color, &params, &mended, &r),
        CF_OK);
    ck_assert(!r.applied && !mended && r.confidence < 0.05);
    ck_assert_int_eq(cf_self_register_pictures(&p.mono_view, &p.color_view, 0, &m, &c, &params, &r),
                     CF_OK);
    ck_assert(!r.applied && r.confidence < 0.05);
    cf_camera_model_destroy(&m);
    cf_camera_model_destroy(&c);
    free_pair(&p);
}
END_TEST

START_TEST(makes_up_a_rig_from_pictures) {
    static const struct {
        const char *name;
        const double *place, degrees[3];
        int ratio;
    } rigs[] = {{"parallel", right, {0, 0, 0}, 1},
                {"turned, smaller", right, {0.8, 0.5, -1.2}, 2},
                {"colour left", left, {-0.5, 0, 0.7}, 1},
                {"colour below", below, {0, 0, 0.5}, 1}};
    for (size_t i = 0; i < sizeof rigs / sizeof *rigs; i++) {
        pair p;
        cf_camera_model *m, *c;
        cf_self_registration r;
        cf_rectify_params params = CF_RECTIFY_DEFAULTS;
        make_pair(&p, rigs[i].degrees, rigs[i].place, rigs[i].ratio, 0.8);
        ck_assert_int_eq(
            cf_self_register_pictures(&p.mono_view, &p.color_view, 0, &m, &c, &params, &r), CF_OK);
        double error = epipolar_error(&p, m, c, &params);
        ck_assert_msg(r.confidence > 0.8 && error < 2, "%s: confidence %g, error %g pixels",
                      rigs[i].name, r.confidence, error);
        cf_camera_model_destroy(&m);
        cf_camera_model_destroy(&c);
        free_pair(&p);
    }
}
END_TEST

START_TEST(survives_failing_memory_and_tiny_pictures) {
    pair p;
    cf_camera_model *mended, *m, *c;
    cf_self_registration r;
    cf_rectify_params params = {.depth_min_m = 2};
    make_pair(&p, still, right, 1, 0.8);
    cf_log_set(NULL, NULL, CF_LOG_ERROR);
    size_t live = cf_alloc_live();
    for (long after = 0; after < 40; after++) {
        cf_alloc_fail_after(after);
        cf_status status = cf_self_register_rig(&p.mono_view, &p.color_view, p.mono, p.color,
                                                &params, &mended, &r);
        cf_alloc_fail_after(-1);
        cf_camera_model_destroy(&mended);
        ck_assert(status == CF_OK || status == CF_ERR_MEMORY);
        ck_assert_uint_eq(cf_alloc_live(), live);
        if (status == CF_OK)
            break;
    }
    for (int side = 1; side < 40; side += 6) {
        p.mono_raw.width = p.mono_raw.height = side;
        p.color_raw.width = p.color_raw.height = side;
        if (cf_self_register_pictures(&p.mono_view, &p.color_view, 0, &m, &c, &params, &r) ==
            CF_OK) {
            ck_assert(r.confidence < 0.5);
            cf_camera_model_destroy(&m);
            cf_camera_model_destroy(&c);
        }
        ck_assert_uint_eq(cf_alloc_live(), live);
    }
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    free_pair(&p);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, leaves_good_rigs_alone);
    if (getenv("CHROMAFUSE_VALGRIND"))
        return; /* one look runs all the code; the others only take minutes there */
    tcase_add_test(tc, mends_a_drifted_rig);
    tcase_add_test(tc, knows_nothing_about_a_grey_wall);
    tcase_add_test(tc, makes_up_a_rig_from_pictures);
    tcase_add_test(tc, survives_failing_memory_and_tiny_pictures);
}

int main(void) {
    return test_run("self_register", add);
}
