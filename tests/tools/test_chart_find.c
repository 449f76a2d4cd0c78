/* SPDX-License-Identifier: Apache-2.0 */
/* The chart's finder on rendered charts: any turn, perspective, size, noise, clutter. Does not
 * prove it on photographs, whose charts shine and bend; tools/calibrate_color goes through raw
 * pictures. */
#include "tools/chart_find.h"

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "tests/test_main.h"

/* How a chart lies in the picture. */
typedef struct {
    double angle, width;   /* degrees; of the chart, pixels */
    double tilt_x, tilt_y; /* perspective */
    double x, y;           /* centre */
    double noise;          /* electrons at white; 0: none */
    double slope;          /* of the light over the picture */
    int mono, clutter, mirrored;
} pose;

enum { W = 640, H = 480 };

static cf_homography homography_of(const pose *k) {
    static const double corner[4][2] = {{-3, -2}, {3, -2}, {3, 2}, {-3, 2}};
    double a = k->angle / 57.29578, step = k->width / 6.6;
    cf_point_pair pairs[4];
    cf_homography h;
    for (int i = 0; i < 4; i++) {
        double x = corner[i][0] * (k->mirrored ? -1 : 1), y = corner[i][1];
        double u = (cos(a) * x - sin(a) * y) * step, v = (sin(a) * x + cos(a) * y) * step;
        double depth = 1 + (k->tilt_x * u + k->tilt_y * v) / k->width;
        pairs[i] = (cf_point_pair){
            {corner[i][0] + 2.5, corner[i][1] + 1.5}, {k->x + u / depth, k->y + v / depth}, 1};
    }
    ck_assert(cf_homography_fit(pairs, 4, &h));
    return h;
}

/* Linear colour at a point of the chart's plane: patches, dark frame, board; 0 outside. */
static int color_at(const cf_chart_reference *ref, double c, double r, double rgb[3]) {
    int column = (int)floor(c + 0.5), row = (int)floor(r + 0.5), patch = row * 6 + column;
    if (c < -0.8 || r < -0.8 || c > 5.8 || r > 3.8)
        return 0;
    for (int i = 0; i < 3; i++)
        rgb[i] = 0.035;
    if (column >= 0 && row >= 0 && column < 6 && row < 4 && fabs(c - column) < 0.45 &&
        fabs(r - row) < 0.45)
        memcpy(rgb, ref->rgb[patch], 3 * sizeof *rgb);
    return 1;
}

static void render(const pose *k, uint64_t seed, cf_image *out) {
    static const double camera[9] = {0.7, 0.25, 0.05, 0.12, 0.78, 0.1, 0.02, 0.28, 0.7};
    cf_chart_reference ref;
    cf_homography h = homography_of(k), inverse;
    cf_random random;
    cf_chart_reference_of(CF_CHART_AFTER_2014, &ref);
    cf_random_seed(&random, seed);
    ck_assert(cf_homography_invert(&h, &inverse));
    ck_assert_int_eq(cf_image_alloc(W, H, k->mono ? 1 : 3, CF_PIXEL_F32, out), CF_OK);
    for (int i = 0; i < W * H; i++) {
        double sum[3] = {0}, v[3];
        for (int s = 0; s < 4; s++) {
            const double p[2] = {i % W - 0.25 + 0.5 * (s & 1),
                                 (double)(i / W) - 0.25 + 0.5 * (s >> 1)};
            double at[2], rgb[3] = {0.25, 0.22, 0.18};
            if (k->clutter) { /* tiles of other colours, in a grid too */
                int tile = (int)(p[0] / 37) * 7 + (int)(p[1] / 37) * 13;
                int gap = fmod(p[0], 37) < 4 || fmod(p[1], 37) < 4;
                for (int c = 0; c < 3; c++)
                    rgb[c] = gap ? 0.05 : 0.1 + 0.15 * ((tile * (c + 3) + c) % 5);
            }
            if (cf_homography_apply(&inverse, p, at))
                color_at(&ref, at[0], at[1], rgb);
            for (int c = 0; c < 3; c++)
                sum[c] += rgb[c] / 4 * (1 + k->slope * (p[0] / W - 0.5));
        }
        for (int c = 0; c < 3; c++)
            v[c] = 0.8 * (camera[3 * c] * sum[0] + camera[3 * c + 1] * sum[1] +
                          camera[3 * c + 2] * sum[2]);
        if (k->mono)
            v[0] = 0.3 * v[0] + 0.5 * v[1] + 0.2 * v[2];
        for (int c = 0; c < out->planes; c++) {
            double noise = k->noise > 0 ? sqrt((v[c] + 0.002) / k->noise) : 0;
            ((float *)cf_image_row(out, c, i / W))[i % W] =
                (float)(v[c] + noise * cf_random_normal(&random));
        }
    }
}

/* Largest distance of a found patch centre from the truth, in pitches; -1: not found. */
static double error_of(const pose *k, uint64_t seed) {
    cf_chart_reference ref;
    cf_chart_place place;
    cf_image picture;
    cf_homography h = homography_of(k);
    double worst = 0;
    cf_chart_reference_of(CF_CHART_BEFORE_2014, &ref);
    render(k, seed, &picture);
    cf_status status = cf_chart_find("chart", &picture, &ref, &place);
    cf_image_free(&picture);
    if (status != CF_OK) {
        ck_assert_int_eq(status, CF_ERR_FORMAT);
        return -1;
    }
    for (int p = 0; p < CF_CHART_PATCHES; p++) {
        const double at[2] = {p % 6, (double)(p / 6)};
        double a[2], b[2];
        ck_assert(cf_homography_apply(&h, at, a) && cf_homography_apply(&place.to_picture, at, b));
        worst = fmax(worst, hypot(a[0] - b[0], a[1] - b[1]) / place.pitch);
    }
    return worst;
}

static const pose plain = {.angle = 3, .width = 300, .x = 310, .y = 250, .noise = 2000};

static void finds(const char *what, pose k) {
    for (k.mono = 0; k.mono < 2; k.mono++) {
        double e = error_of(&k, 1);
        cf_log(CF_LOG_DEBUG, "%s, %s: off by %.3f", what, k.mono ? "mono" : "colour", e);
        ck_assert_msg(e >= 0, "%s, %s: not found", what, k.mono ? "mono" : "colour");
        ck_assert_msg(e < 0.12, "%s, %s: off by %.3f of the pitch", what,
                      k.mono ? "mono" : "colour", e);
    }
}

START_TEST(finds_charts_at_every_turn) {
    pose k = plain;
    for (k.angle = 0; k.angle < 360; k.angle += 72)
        finds("turned", k);
}
END_TEST

START_TEST(finds_tilted_small_large_noisy_and_cluttered_charts) {
    pose k = plain;
    k.tilt_x = 0.35;
    k.tilt_y = -0.25;
    finds("tilted", k);
    k = plain;
    k.width = 0.15 * W;
    finds("small", k);
    k.width = 0.97 * H * 1.2;
    k.y = H / 2.0;
    finds("large", k);
    k = plain;
    k.noise = 150;
    finds("noisy", k);
    k.noise = 2000;
    k.slope = 0.8;
    finds("unevenly lit", k);
    k = plain;
    k.clutter = 1;
    k.angle = 95;
    finds("among tiles", k);
}
END_TEST

START_TEST(what_is_no_whole_chart_is_not_found) {
    pose k = plain;
    k.x = -400; /* only tiles */
    k.clutter = 1;
    ck_assert_double_lt(error_of(&k, 1), 0);
    k.mono = 1;
    ck_assert_double_lt(error_of(&k, 1), 0);
    k = plain;
    k.mirrored = 1;
    ck_assert_double_lt(error_of(&k, 1), 0);
    k = plain;
    k.x = 60; /* cut off */
    ck_assert_double_lt(error_of(&k, 1), 0);
    k.x = 310;
    k.width = 40; /* patches of 5 pixels */
    ck_assert_double_lt(error_of(&k, 1), 0);
}
END_TEST

START_TEST(corners_go_round_either_way) {
    cf_chart_reference ref;
    cf_image picture;
    cf_homography h = homography_of(&plain);
    static const double at[4][2] = {{0, 0}, {5, 0}, {5, 3}, {0, 3}};
    cf_chart_reference_of(CF_CHART_AFTER_2014, &ref);
    render(&plain, 1, &picture);
    for (int k = 0; k < 8; k++) {
        double corners[4][2], white[2];
        const double at_white[2] = {0, 3};
        cf_chart_place place;
        for (int i = 0; i < 4; i++)
            cf_homography_apply(&h, at[k < 4 ? (k + i) % 4 : (k + 4 - i) % 4], corners[i]);
        ck_assert_int_eq(cf_chart_place_corners("chart", &picture, &ref, corners, &place), CF_OK);
        cf_homography_apply(&place.to_picture, at_white, white);
        double truth[2];
        cf_homography_apply(&h, at_white, truth);
        ck_assert_double_lt(hypot(white[0] - truth[0], white[1] - truth[1]), 1e-6);
    }
    static const double wrong[4][2] = {{10, 10}, {90, 20}, {80, 90}, {20, 70}};
    static const double line[4][2] = {{10, 10}, {20, 20}, {30, 30}, {40, 40}};
    cf_chart_place place;
    ck_assert_int_eq(cf_chart_place_corners("wrong", &picture, &ref, wrong, &place),
                     CF_ERR_INVALID);
    ck_assert_int_eq(cf_chart_place_corners("line", &picture, &ref, line, &place), CF_ERR_INVALID);
    cf_image_free(&picture);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, finds_charts_at_every_turn);
    tcase_add_test(tc, finds_tilted_small_large_noisy_and_cluttered_charts);
    tcase_add_test(tc, what_is_no_whole_chart_is_not_found);
    tcase_add_test(tc, corners_go_round_either_way);
}

int main(void) {
    return test_run("chart find", add);
}
