/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Board calibrations of simulated rigs whose truth is known: how near the solution comes, what is
 * left out, what is refused. Does not prove that boards are found in pictures, or anything about
 * real lenses: tools/calibrate_board and tools/compare_geometry do.
 */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/random.h"
#include "calib/board_cover.h"
#include "calib/board_internal.h"
#include "calib/board_quality.h"
#include "tests/test_main.h"

#define POSES 20
#define NOISE 0.2 /* pixels */

static const cf_board board = {9, 6, 0.025};

/* A mono camera of 1280x960 and a colour camera of half that resolution, both distorted. */
typedef struct {
    cf_camera_model *mono, *color;
} rig;

static void make_rig(double roll, rig *r) {
    static const double mono[9] = {1300, 1302, 645, 472, -0.21, 0.09, 0.0006, -0.0004, -0.01};
    static const double color[9] = {640, 641, 322, 237, -0.25, 0.1, -0.0008, 0.0005, -0.02};
    const double rt[6] = {0.012, -0.008, roll, -0.06, 0.0007, -0.0012};
    ck_assert_int_eq(
        cf_camera_model_create("LENSMODEL_OPENCV5", 1280, 960, mono, 9, NULL, &r->mono), CF_OK);
    ck_assert_int_eq(cf_camera_model_create("LENSMODEL_OPENCV5", 640, 480, color, 9, rt, &r->color),
                     CF_OK);
}

static void free_rig(rig *r) {
    cf_camera_model_destroy(&r->mono);
    cf_camera_model_destroy(&r->color);
}

/* The board about `distance` away, its middle towards (x, y) of the view, tilted. */
static cf_board_pose pose_at(double x, double y, double distance, double tilt_x, double tilt_y,
                             double roll) {
    const double turn_x[6] = {tilt_x, 0, 0, 0, 0, 0}, turn_y[6] = {0, tilt_y, 0, 0, 0, 0},
                 turn_z[6] = {0, 0, roll, 0, 0, 0},
                 middle[6] = {0,
                              0,
                              0,
                              -(board.columns - 1) / 2.0 * board.square_m,
                              -(board.rows - 1) / 2.0 * board.square_m,
                              0},
                 place[6] = {0, 0, 0, x * distance, y * distance, distance};
    cf_board_pose p;
    double a[6], b[6];
    cf_rt_compose(turn_z, middle, a);
    cf_rt_compose(turn_y, a, b);
    cf_rt_compose(turn_x, b, a);
    cf_rt_compose(place, a, p.rt);
    return p;
}

/* Poses as a person who read the guide would take them: all over the view, tilted to all sides. */
static cf_board_pose good_pose(int i, cf_random *random) {
    static const double places[9][2] = {{0, 0},       {-0.1, -0.08}, {0.1, -0.08},
                                        {-0.1, 0.08}, {0.1, 0.08},   {0, -0.1},
                                        {0, 0.1},     {-0.13, 0},    {0.13, 0}};
    double side = i % 4 < 2 ? 1 : -1, other = i % 2 ? 1 : -1;
    double jitter[4];
    for (int k = 0; k < 4; k++)
        jitter[k] = cf_random_uniform(random) - 0.5;
    double distance = 0.3 + 0.15 * (i % 3) / 2.0;
    return pose_at(0.03 / distance + places[i % 9][0] + 0.04 * jitter[0],
                   places[i % 9][1] + 0.04 * jitter[1], distance, side * (0.6 + 0.3 * jitter[2]),
                   other * (0.6 + 0.3 * jitter[3]), 0.5 * jitter[0]);
}

/* Corners of a pose in one camera with noise; 0 when some are outside the picture. */
static int see(const cf_board_pose *pose, const cf_camera_model *model, double noise,
               cf_random *random, double *xy) {
    static const double flat[2];
    int width, height, inside = 1;
    cf_camera_model_size(model, &width, &height);
    cf_board_project(&board, pose, model, flat, xy);
    for (int i = 0; i < 2 * board.columns * board.rows; i++) {
        inside &= xy[i] > 0 && xy[i] < (i % 2 ? height : width) - 1;
        xy[i] += noise * cf_random_normal(random);
    }
    return inside;
}

static void simulate(const rig *r, int poses, double noise, uint64_t seed, cf_board_set *set) {
    double xy[2 * 54];
    cf_random random;
    cf_random_seed(&random, seed);
    ck_assert_int_eq(cf_board_set_create(&board, poses, set), CF_OK);
    for (int c = 0; c < 2; c++)
        cf_camera_model_size(c ? r->color : r->mono, &set->size[c][0], &set->size[c][1]);
    for (int i = 0; i < poses; i++) {
        cf_board_pose pose = good_pose(i, &random);
        for (int c = 0; c < 2; c++)
            if (see(&pose, c ? r->color : r->mono, noise, &random, xy))
                ck_assert_int_eq(cf_board_set_add(set, i, c, xy), CF_OK);
    }
}

static double baseline_of(const cf_camera_model *color) {
    double r[9], t[3];
    cf_camera_model_pose(color, r, t);
    return sqrt(t[0] * t[0] + t[1] * t[1] + t[2] * t[2]);
}

static double turn_between(const cf_camera_model *a, const cf_camera_model *b) {
    double ra[9], rb[9], t[3], trace = 0;
    cf_camera_model_pose(a, ra, t);
    cf_camera_model_pose(b, rb, t);
    for (int i = 0; i < 9; i++)
        trace += ra[i] * rb[i];
    return 57.2957795 * acos(fmin(1, (trace - 1) / 2));
}

/* The part of it about the view, degrees. */
static double roll_between(const cf_camera_model *a, const cf_camera_model *b) {
    double ra[9], rb[9], t[3], r[9], w[3];
    cf_camera_model_pose(a, ra, t);
    cf_camera_model_pose(b, rb, t);
    for (int i = 0; i < 9; i++)
        r[i] = ra[i / 3 * 3] * rb[i % 3 * 3] + ra[i / 3 * 3 + 1] * rb[i % 3 * 3 + 1] +
               ra[i / 3 * 3 + 2] * rb[i % 3 * 3 + 2];
    cf_rotation_to_vector(r, w);
    return 57.2957795 * fabs(w[2]);
}

static double focal_of(const cf_camera_model *m) {
    char lens[CF_LENS_NAME_MAX];
    double k[2];
    cf_camera_model_lens(m, lens, k, 2);
    return k[0];
}

/* Where the colour of mono pixels is looked for, at 0.5 to 5 m, against where it is: pixels of the
 * colour picture, root mean square. What calibration is for: errors that cancel do no harm here. */
static double registration_error(const cf_camera_model *mono, const cf_camera_model *color,
                                 const rig *truth) {
    double sum = 0;
    int n = 0;
    for (int i = 0; i < 600; i++) {
        const double at[2] = {60 + i % 20 * 61.0, 60 + i / 20 % 10 * 93.0};
        double ray[3], true_ray[3], p[3], q[2], true_q[2], r[9], t[3];
        double depth = i < 200 ? 0.5 : i < 400 ? 1.5 : 5;
        if (!cf_camera_model_unproject(mono, at, ray) ||
            !cf_camera_model_unproject(truth->mono, at, true_ray))
            continue;
        for (int k = 2; k >= 0; k--) {
            ray[k] *= depth / ray[2];
            true_ray[k] *= depth / true_ray[2];
        }
        for (int which = 0; which < 2; which++) {
            const double *v = which ? true_ray : ray;
            cf_camera_model_pose(which ? truth->color : color, r, t);
            for (int k = 0; k < 3; k++)
                p[k] = r[3 * k] * v[0] + r[3 * k + 1] * v[1] + r[3 * k + 2] * v[2] + t[k];
            if (!cf_camera_model_project(which ? truth->color : color, p, which ? true_q : q))
                q[0] = NAN;
        }
        if (isnan(q[0]) || true_q[0] < 0 || true_q[1] < 0 || true_q[0] > 639 || true_q[1] > 479)
            continue;
        sum += (q[0] - true_q[0]) * (q[0] - true_q[0]) + (q[1] - true_q[1]) * (q[1] - true_q[1]);
        n++;
    }
    return sqrt(sum / n);
}

/*
 * Baseline within 0.3 %, focal lengths within 0.1 %. Turns about x and y go with the principal
 * points and the tangential distortion, so that 54 corners with 0.2 pixels of noise tell them to
 * 0.08 degrees only (OpenCV's stereoCalibrate does no better on such data); the errors cancel where
 * it matters, so colour is found within half a pixel all over the view. The turn about z is within
 * 0.02.
 */
START_TEST(finds_a_rig_from_20_poses) {
    const int seeds = 10;
    cf_board_params params = CF_BOARD_DEFAULTS;
    double sum[5] = {0};
    rig truth;
    make_rig(0.005, &truth);
    params.lens = "LENSMODEL_OPENCV5";
    for (int seed = 0; seed < seeds; seed++) {
        cf_board_set set;
        cf_board_solution s;
        simulate(&truth, POSES, NOISE, 100 + (uint64_t)seed, &set);
        ck_assert_int_ge(cf_board_seen(&set, -1), 12);
        ck_assert_int_eq(cf_board_solve(&set, &params, &s), CF_OK);
        const double e[5] = {fabs(baseline_of(s.color) / baseline_of(truth.color) - 1),
                             turn_between(s.color, truth.color),
                             fabs(focal_of(s.mono) / focal_of(truth.mono) - 1),
                             fabs(focal_of(s.color) / focal_of(truth.color) - 1),
                             registration_error(s.mono, s.color, &truth)};
        for (int i = 0; i < 5; i++)
            sum[i] += e[i] * e[i];
        ck_assert_double_le(e[0], 3e-3);
        ck_assert_double_le(e[1], 0.16); /* twice what is measured */
        ck_assert_double_le(roll_between(s.color, truth.color), 0.02);
        ck_assert_double_le(e[2], 1e-3);
        ck_assert_double_le(e[3], 1e-3);
        ck_assert_double_le(e[4], 0.6);
        /* noise of 0.2 in x and in y: 0.28 together, a little less for what the fit takes up */
        for (int c = 0; c < 2; c++)
            ck_assert_double_eq_tol(s.rms_px[c], NOISE * sqrt(2), 0.03);
        cf_board_solution_clear(&s);
        cf_board_set_clear(&set);
    }
    printf("RMS of %d seeds: baseline %.3f %%, rotation %.4f degrees, focal lengths %.3f and %.3f "
           "%%, registration %.3f pixels\n",
           seeds, 100 * sqrt(sum[0] / seeds), sqrt(sum[1] / seeds), 100 * sqrt(sum[2] / seeds),
           100 * sqrt(sum[3] / seeds), sqrt(sum[4] / seeds));
    free_rig(&truth);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

/* Without noise the truth comes back, whatever way the boards were counted and the camera hangs. */
START_TEST(is_exact_without_noise) {
    static const double rolls[] = {0.005, 1.5707963, 3.1};
    cf_board_params params = CF_BOARD_DEFAULTS;
    params.lens = "LENSMODEL_OPENCV5";
    params.no_warp = 1;
    for (int i = 0; i < 3; i++) {
        rig truth;
        cf_board_set set;
        cf_board_solution s;
        make_rig(rolls[i], &truth);
        simulate(&truth, POSES, 0, 7, &set);
        for (int v = 0; v < POSES; v += 3) /* counted from the other end */
            for (int k = 0; set.views[v].xy[1] && k < 54; k++) {
                double *a = set.views[v].xy[1] + k,
                       *b = set.views[v].xy[1] + (106 - k + 2 * (k % 2));
                double t = *a;
                if (a < b) {
                    *a = *b;
                    *b = t;
                }
            }
        ck_assert_int_ge(cf_board_seen(&set, -1), 8);
        ck_assert_int_eq(cf_board_solve(&set, &params, &s), CF_OK);
        ck_assert_double_lt(s.rms_px[0] + s.rms_px[1], 0.02);
        ck_assert_double_lt(registration_error(s.mono, s.color, &truth), 0.05);
        ck_assert_int_eq(s.outliers[0] + s.outliers[1], 0);
        cf_board_solution_clear(&s);
        cf_board_set_clear(&set);
        free_rig(&truth);
    }
}
END_TEST

START_TEST(leaves_out_what_is_wrong) {
    cf_board_params params = CF_BOARD_DEFAULTS;
    rig truth;
    cf_board_set set;
    cf_board_solution s;
    cf_random random;
    cf_random_seed(&random, 5);
    make_rig(0.005, &truth);
    simulate(&truth, POSES, NOISE, 3, &set);
    int bad = -1, hurt = -1;
    for (int i = 0; i < POSES; i++)
        if (set.views[i].xy[0] && set.views[i].xy[1]) {
            if (bad < 0)
                bad = i;
            else if (hurt < 0)
                hurt = i;
        }
    for (int k = 0; k < 108; k++) /* the board moved between the two pictures */
        set.views[bad].xy[1][k] += 6 + 2 * cf_random_normal(&random);
    set.views[hurt].xy[0][20] += 9;  /* one corner on a reflection */
    set.views[hurt].xy[0][80] = NAN; /* and one not found */
    ck_assert_int_eq(cf_board_solve(&set, &params, &s), CF_OK);
    ck_assert(set.views[bad].left_out[1]);
    ck_assert(!set.views[hurt].left_out[0] && !set.views[hurt].ok[0][10]);
    ck_assert_double_eq_tol(s.rms_px[0], NOISE * sqrt(2), 0.03);
    ck_assert_double_eq_tol(s.rms_px[1], NOISE * sqrt(2), 0.03);
    ck_assert_double_lt(registration_error(s.mono, s.color, &truth), 0.35);
    cf_board_solution_clear(&s);
    cf_board_set_clear(&set);
    free_rig(&truth);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

/* A lens that does not fit calls good corners wrong; the next fit must not believe it. */
START_TEST(forgets_what_another_lens_left_out) {
    cf_board_params params = CF_BOARD_DEFAULTS;
    rig truth;
    cf_board_set set;
    cf_board_solution s;
    make_rig(0.005, &truth);
    simulate(&truth, POSES, NOISE, 21, &set);
    params.lens = "LENSMODEL_PINHOLE";
    ck_assert_int_eq(cf_board_solve(&set, &params, &s), CF_OK);
    ck_assert_int_gt(s.outliers[0] + s.outliers[1], 20);
    cf_board_solution_clear(&s);
    ck_assert_int_eq(cf_board_choose_lens(&set, &params, &params.lens), CF_OK);
    ck_assert_str_ne(params.lens, "LENSMODEL_PINHOLE");
    ck_assert_int_eq(cf_board_solve(&set, &params, &s), CF_OK);
    ck_assert_int_le(s.outliers[0] + s.outliers[1], 2); /* 4.5 deviations: 4 in 100,000 */
    cf_board_solution_clear(&s);
    cf_board_set_clear(&set);
    free_rig(&truth);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

/* What the jackknife says of its own errors is about what they are, and the held-out rows are those
 * of the noise: 0.2 pixels in the mono picture, twice 0.2 in the colour picture of half its size.
 */
START_TEST(knows_how_good_it_is) {
    cf_board_params params = CF_BOARD_DEFAULTS;
    rig truth;
    cf_board_set set;
    cf_board_solution s;
    cf_board_quality q;
    cf_board_cover cover;
    cf_board_advice advice;
    make_rig(0.005, &truth);
    simulate(&truth, POSES, NOISE, 11, &set);
    ck_assert_int_eq(cf_board_choose_lens(&set, &params, &params.lens), CF_OK);
    ck_assert_int_eq(cf_board_solve(&set, &params, &s), CF_OK);
    ck_assert_int_eq(cf_board_judge(&set, &params, &s, NULL, NULL, &q), CF_OK);
    double rows = hypot(NOISE, NOISE * focal_of(truth.mono) / focal_of(truth.color));
    ck_assert_double_eq_tol(q.vertical_px, rows, 0.15 * rows);
    ck_assert_double_lt(fabs(baseline_of(s.color) - baseline_of(truth.color)), 4 * q.baseline_m);
    ck_assert_double_lt(q.baseline_m, 0.003 * baseline_of(truth.color));
    ck_assert_double_lt(fabs(focal_of(s.mono) - focal_of(truth.mono)), 4 * q.focal[0]);
    ck_assert_double_lt(turn_between(s.color, truth.color), 4 * 57.3 * q.rotation_rad);
    ck_assert_double_lt(q.motion_median[0], 1);
    cf_board_cover_measure(&set, &s, &cover);
    ck_assert_double_gt(cover.tilt_max, 25);
    ck_assert_int_ne(cf_board_advise(&set, &s, &q, &cover, &advice), CF_BOARD_BAD);
    cf_board_quality_clear(&q);
    cf_board_solution_clear(&s);
    cf_board_set_clear(&set);
    free_rig(&truth);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

static char last_line[1024];

static void keep_line(void *user, cf_log_level level, const char *line) {
    (void)user;
    (void)level;
    snprintf(last_line, sizeof last_line, "%s", line);
}

/* Poses that all views are made with; which views each camera keeps. */
static void refuse(double tilt, int mono_views, int color_views, int scramble, const char *words) {
    double xy[108];
    rig truth;
    cf_board_set set;
    cf_board_solution s;
    cf_random random;
    cf_random_seed(&random, 1);
    make_rig(0.005, &truth);
    ck_assert_int_eq(cf_board_set_create(&board, 12, &set), CF_OK);
    for (int c = 0; c < 2; c++)
        cf_camera_model_size(c ? truth.color : truth.mono, &set.size[c][0], &set.size[c][1]);
    for (int i = 0; i < 12; i++)
        for (int c = 0; c < 2; c++) {
            int shown = scramble && c ? (i * 5 + 3) % 12 : i;
            cf_random own;
            cf_random_seed(&own, 50 + (uint64_t)shown);
            cf_board_pose pose =
                tilt > 0 ? good_pose(shown, &own)
                         : pose_at(0.03 + 0.02 * (shown % 3), 0.02 * (shown % 4), 0.4, 0, 0, 0);
            (void)see(&pose, c ? truth.color : truth.mono, NOISE, &random, xy);
            if (i < (c ? color_views : mono_views))
                ck_assert_int_eq(cf_board_set_add(&set, i, c, xy), CF_OK);
        }
    cf_log_set(keep_line, NULL, CF_LOG_WARNING);
    cf_status status = cf_board_solve(&set, NULL, &s);
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    ck_assert_msg(status == CF_ERR_INVALID, "%s", words);
    ck_assert_msg(strstr(last_line, words) != NULL, "'%s' has no '%s'", last_line, words);
    cf_board_set_clear(&set);
    free_rig(&truth);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}

START_TEST(says_what_is_missing) {
    refuse(1, 2, 12, 0, "in 2 mono pictures");
    refuse(1, 12, 1, 0, "in 1 colour picture,");
    refuse(1, 12, 12, 1, "do not agree");
}
END_TEST

/* Boards that all face the camera do not tell the focal length: refused, or known to be vague. */
START_TEST(flat_on_boards_are_not_trusted) {
    double xy[108];
    rig truth;
    cf_board_set set;
    cf_board_solution s;
    cf_board_quality q;
    cf_board_cover cover;
    cf_board_advice advice;
    cf_random random;
    cf_board_params params = CF_BOARD_DEFAULTS;
    cf_random_seed(&random, 1);
    make_rig(0.005, &truth);
    ck_assert_int_eq(cf_board_set_create(&board, 10, &set), CF_OK);
    for (int c = 0; c < 2; c++)
        cf_camera_model_size(c ? truth.color : truth.mono, &set.size[c][0], &set.size[c][1]);
    for (int i = 0; i < 10; i++) {
        cf_board_pose pose = pose_at(0.05 + 0.03 * (i % 3), 0.02 * (i % 4) - 0.03, 0.4, 0, 0, 0);
        for (int c = 0; c < 2; c++) {
            (void)see(&pose, c ? truth.color : truth.mono, NOISE, &random, xy);
            ck_assert_int_eq(cf_board_set_add(&set, i, c, xy), CF_OK);
        }
    }
    cf_log_set(keep_line, NULL, CF_LOG_WARNING);
    cf_status status = cf_board_solve(&set, &params, &s);
    if (status == CF_OK) {
        status = cf_board_judge(&set, &params, &s, NULL, NULL, &q);
        if (status == CF_OK) {
            cf_board_cover_measure(&set, &s, &cover);
            ck_assert_int_eq(cf_board_advise(&set, &s, &q, &cover, &advice), CF_BOARD_BAD);
            ck_assert(strstr(advice.text[0], "parallel") || strstr(advice.text[1], "parallel") ||
                      strstr(advice.text[2], "parallel"));
            cf_board_quality_clear(&q);
        }
        cf_board_solution_clear(&s);
    }
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    if (status != CF_OK)
        ck_assert(strstr(last_line, "ilt") != NULL);
    cf_board_set_clear(&set);
    free_rig(&truth);
    ck_assert_uint_eq(cf_alloc_live(), 0);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, says_what_is_missing);
    if (getenv("CHROMAFUSE_VALGRIND")) /* the solver takes minutes there; it runs under ASan */
        return;
    tcase_add_test(tc, finds_a_rig_from_20_poses);
    tcase_add_test(tc, is_exact_without_noise);
    tcase_add_test(tc, leaves_out_what_is_wrong);
    tcase_add_test(tc, forgets_what_another_lens_left_out);
    tcase_add_test(tc, knows_how_good_it_is);
    tcase_add_test(tc, flat_on_boards_are_not_trusted);
}

int main(void) {
    return test_run("board", add);
}
