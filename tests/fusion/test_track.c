/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `track` by hand: where points go, what they lose, when they are forgotten; the same through
 * the kernel, with bad values. Does not prove that motion of real frames is right (fusion/motion),
 * nor that colours hold in videos (fusion/colorize; docs/benchmarks.md, "Colour that flickers"). */
#include "fusion/track.h"

#include <math.h>
#include <string.h>

#include "fusion/motion_shared.h"
#include "tests/fusion/run_stage.h"

enum { PITCH = 16, COLUMNS = 9, ROWS = 6, TABLE = CF_POINTS_ROWS * PITCH, NODES = ROWS * PITCH };

static const cf_track_params defaults = CF_TRACK_DEFAULTS;

static float points[TABLE], last[TABLE], out[TABLE], motion[4 * NODES];
static cf_cl *cl; /* NULL: the reference */

static void run(const cf_track_params *params) {
    float *data[4] = {points, last, motion, out};
    cf_stage_io io = {0};
    for (int i = 0; i < 4; i++) {
        cf_plane_set *set = i < 3 ? &io.in[i] : &io.out[0];
        *set = (cf_plane_set){.width = i == 2 ? COLUMNS : CF_POINTS_COLUMNS,
                              .height = i == 2 ? ROWS : CF_POINTS_ROWS,
                              .planes = i == 2 ? 4 : 1,
                              .pitch = PITCH,
                              .elem = 4,
                              .data = data[i]};
    }
    run_stage(&cf_stage_track, cl, &io, 3, params);
}

static void put(float *table, int index, float x0, float x1, float y0, float y1, float weight) {
    const float row[CF_POINTS_COLUMNS] = {x0, x1, y0, y1, 0.25F, -0.5F, weight};
    memcpy(table + (size_t)index * PITCH, row, sizeof row);
}

static int count(void) {
    int n = 0;
    while (n < CF_POINTS_ROWS && out[n * PITCH + CF_POINTS_WEIGHT] > 0)
        n++;
    return n;
}

/* No points; a standstill that is sure. */
static void start(void) {
    memset(points, 0, sizeof points);
    memset(last, 0, sizeof last);
    memset(motion, 0, sizeof motion);
    for (int i = 0; i < NODES; i++)
        motion[3 * NODES + i] = 1;
}

static void expect(int index, float x0, float x1, float y0, float y1, float weight) {
    const float *row = out + (size_t)index * PITCH;
    const float want[CF_POINTS_COLUMNS] = {x0, x1, y0, y1, 0.25F, -0.5F, weight};
    for (int i = 0; i < CF_POINTS_COLUMNS; i++)
        ck_assert_float_eq_tol(row[i], want[i], 1e-3);
}

START_TEST(stay_where_nothing_moves) {
    const float left = 1 - defaults.fade;
    start();
    put(points, 0, 50, 52, 9, 9, 1);
    put(last, 0, 3, 9, 4, 10, 1);
    put(last, 1, 30, 30, 20, 20, 0.5F);
    run(NULL);
    ck_assert_int_eq(count(), 3);
    expect(0, 50, 52, 9, 9, 1);
    expect(1, 3, 9, 4, 10, left);
    expect(2, 30, 30, 20, 20, 0.5F * left);
    ck_assert_float_eq(out[PITCH], 3); /* to the bit */
}
END_TEST

/* What was at q is now at q - motion: 5 pixels to the right and 2.5 up, everywhere. */
START_TEST(go_along) {
    start();
    for (int i = 0; i < NODES; i++) {
        motion[i] = -5;
        motion[NODES + i] = 2.5F;
    }
    put(last, 0, 3, 9, 4, 10, 1);
    run(NULL);
    ck_assert_int_eq(count(), 1);
    expect(0, 8, 14, 1.5F, 7.5F, 1 - defaults.fade);
}
END_TEST

/* A zoom: what is at p was at 0.9 p, so what was at (18, 27) is at (20, 30). */
START_TEST(find_the_way_there) {
    start();
    for (int y = 0; y < ROWS; y++)
        for (int x = 0; x < COLUMNS; x++) {
            motion[y * PITCH + x] = -0.1F * (float)(x * CF_MOTION_STEP);
            motion[NODES + y * PITCH + x] = -0.1F * (float)(y * CF_MOTION_STEP);
        }
    put(last, 0, 17, 19, 26, 28, 1);
    run(NULL);
    ck_assert_float_eq_tol(out[0], 19, 0.01);
    ck_assert_float_eq_tol(out[2], 29, 0.01);
    ck_assert_float_eq_tol(out[1] - out[0], 2, 1e-4);
}
END_TEST

START_TEST(lose_where_motion_is_not_sure) {
    start();
    for (int i = 0; i < NODES; i++)
        motion[3 * NODES + i] = i % PITCH < 4 ? 0.5F * defaults.sure : 0.01F * defaults.sure;
    put(last, 0, 8, 8, 8, 8, 1);
    put(last, 1, 56, 56, 8, 8, 1);
    run(NULL);
    ck_assert_int_eq(count(), 1); /* of the other a hundredth would be left */
    expect(0, 8, 8, 8, 8, 0.5F * (1 - defaults.fade));
}
END_TEST

/* Those that leave the picture, and those in whose place a new one is. */
START_TEST(are_forgotten) {
    start();
    for (int i = 0; i < NODES; i++)
        motion[i] = -6;
    put(points, 0, 30, 36, 10, 16, 1);
    put(last, 0, 60, 62, 10, 10, 1);
    put(last, 1, 30, 30, 16, 16, 1); /* to the new one's corner */
    put(last, 2, 31, 31, 16, 16, 1); /* beside it */
    run(NULL);
    ck_assert_int_eq(count(), 2);
    expect(1, 37, 37, 16, 16, 1 - defaults.fade);
}
END_TEST

START_TEST(the_earliest_go_first) {
    start();
    for (int i = 0; i < 10; i++)
        put(points, i, 2 * (float)i, 2 * (float)i, 0, 0, 1);
    for (int i = 0; i < CF_POINTS_ROWS; i++)
        put(last, i, (float)(i % 32), (float)(i % 32), 8 + (float)(i / 32), 8 + (float)(i / 32), 1);
    run(NULL);
    ck_assert_int_eq(count(), CF_POINTS_ROWS);
    expect(CF_POINTS_ROWS - 1, 21, 21, 9, 9, 1 - defaults.fade);
}
END_TEST

START_TEST(bad_values_are_no_points) {
    float kept[TABLE];
    start();
    put(last, 0, NAN, 9, 4, 10, 1);
    put(last, 1, INFINITY, INFINITY, 4, 10, 1);
    put(last, 2, -1e30F, 1e30F, 4, 10, 1); /* over all, and so over the new one */
    put(last, 3, 3, 9, 4, 10, 7);          /* counts once */
    put(last, 4, 3, 9, 14, 20, NAN);
    put(last, 5, 3, 9, 24, 30, 1); /* behind the end */
    motion[3 * NODES + 5] = NAN;
    put(points, 0, 40, 40, 4, 4, 1);
    put(points, 1, 41, 41, 4, 4, -1);
    run(NULL);
    ck_assert_int_eq(count(), 2);
    expect(1, 3, 9, 4, 10, 1);
    memcpy(kept, out, sizeof out);
    if (cf_cl_open(NULL, &cl) != CF_OK)
        return; /* conformance says so */
    run(NULL);
    cf_cl_close(&cl);
    for (int y = 0; y < CF_POINTS_ROWS; y++)
        ck_assert_mem_eq(out + y * PITCH, kept + y * PITCH, CF_POINTS_COLUMNS * sizeof(float));
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, stay_where_nothing_moves);
    tcase_add_test(tc, go_along);
    tcase_add_test(tc, find_the_way_there);
    tcase_add_test(tc, lose_where_motion_is_not_sure);
    tcase_add_test(tc, are_forgotten);
    tcase_add_test(tc, the_earliest_go_first);
    tcase_add_test(tc, bad_values_are_no_points);
}

int main(void) {
    return test_run("track", add);
}
