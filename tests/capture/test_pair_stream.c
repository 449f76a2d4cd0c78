/* SPDX-License-Identifier: Apache-2.0 */
/* Two cameras as one, on simulated ones. What real devices do to it is tried in tests/vm; how well
 * frames are paired, steered and exposed, in the tests of those parts. */
#include "capture/pair_stream.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"

#define SMALL "size=64x48&electrons=1000"
#define MONO "sim:mono?" SMALL
#define COLOR "sim:color?" SMALL

static char last_line[1024];
static cf_source *keeper; /* holds the scene, which takes long to render, from test to test */
static size_t kept;       /* blocks of memory that it holds */

static void listen(void *user, cf_log_level level, const char *line) {
    (void)user;
    if (level <= CF_LOG_WARNING)
        snprintf(last_line, sizeof last_line, "%s", line);
}

static cf_pair_stream_params request(const char *mono, const char *color, int as_fast) {
    cf_pair_stream_params p = CF_PAIR_STREAM_DEFAULTS;
    p.uri[0] = mono;
    p.uri[1] = color;
    p.source[0].as_fast = p.source[1].as_fast = as_fast;
    return p;
}

static cf_pair_stream *start(const cf_pair_stream_params *p) {
    cf_pair_stream *s;
    ck_assert_int_eq(cf_pair_stream_open(p, &s), CF_OK);
    ck_assert_int_eq(cf_pair_stream_start(s), CF_OK);
    return s;
}

/* Takes pairs until the stream ends or `most` have come; checks what must hold of every pair. */
static int take(cf_pair_stream *s, int most, cf_status *how) {
    cf_frame *pair[2];
    uint64_t last = 0;
    int count = 0;
    double until = cf_clock_seconds() + 60;
    *how = CF_OK;
    while (count < most && cf_clock_seconds() < until) {
        *how = cf_pair_stream_next(s, 200, pair);
        if (*how == CF_ERR_TIMEOUT)
            continue;
        if (*how != CF_OK)
            break;
        ck_assert(!pair[0]->profile.is_color && pair[1]->profile.is_color);
        ck_assert_uint_eq(pair[0]->sequence, pair[1]->sequence);
        ck_assert(!count || pair[0]->sequence > last);
        last = pair[0]->sequence;
        for (int i = 0; i < 2; i++)
            cf_frame_unref(&pair[i]);
        count++;
    }
    return count;
}

static void finish(cf_pair_stream *s) {
    cf_pair_stream_close(&s);
    ck_assert_uint_eq(cf_alloc_live(), kept);
}

START_TEST(every_pair_of_a_recording_comes_out) {
    cf_status how;
    cf_pair_stream_stats stats;
    const cf_pair_stream_params p =
        request("sim:mono?frames=100&" SMALL, "sim:color?frames=100&" SMALL, 1);
    cf_pair_stream *s = start(&p);
    ck_assert_int_eq(take(s, 1000, &how), 100);
    ck_assert_int_eq(how, CF_ERR_END);
    cf_pair_stream_statistics(s, &stats);
    ck_assert_uint_eq(stats.pairing.pairs, 100);
    ck_assert_uint_eq(stats.camera[0].frames, 100);
    ck_assert_uint_eq(stats.camera[1].frames, 100);
    ck_assert_uint_eq(stats.dropped, 0);
    finish(s);
}
END_TEST

START_TEST(lost_frames_leave_the_others_paired) {
    cf_status how;
    cf_pair_stream_stats stats;
    const cf_pair_stream_params p =
        request("sim:mono?frames=300&drop=0.1&" SMALL, "sim:color?frames=300&drop=0.1&" SMALL, 1);
    cf_pair_stream *s = start(&p);
    int count = take(s, 1000, &how);
    ck_assert_int_eq(how, CF_ERR_END);
    cf_pair_stream_statistics(s, &stats);
    ck_assert_int_gt(count, 200);
    ck_assert_int_lt(count, 280);
    for (int i = 0; i < 2; i++) {
        ck_assert_uint_eq(stats.camera[i].frames, (uint64_t)count + stats.pairing.alone[i]);
        ck_assert_uint_gt(stats.camera[i].lost, 5);
    }
    finish(s);
}
END_TEST

START_TEST(a_camera_that_went_away_is_waited_for) {
    cf_status how;
    cf_pair_stream_stats stats;
    cf_pair_stream_params p =
        request("sim:mono?fps=60&" SMALL, "sim:color?fps=60&unplug_at=20&unplug_s=0.2&" SMALL, 0);
    p.reconnect = 1;
    cf_pair_stream *s = start(&p);
    ck_assert_int_eq(take(s, 60, &how), 60);
    cf_pair_stream_statistics(s, &stats);
    ck_assert_uint_ge(stats.reconnects[1], 1);
    ck_assert_uint_eq(stats.reconnects[0], 0);
    finish(s);
    p.reconnect = 0;
    s = start(&p);
    ck_assert_int_lt(take(s, 60, &how), 21);
    ck_assert_int_eq(how, CF_ERR_DEVICE);
    finish(s);
}
END_TEST

START_TEST(a_driver_that_stops_delivering_is_noticed) {
    cf_status how;
    cf_pair_stream_params p =
        request("sim:mono?fps=60&" SMALL, "sim:color?fps=60&stall_at=20&" SMALL, 0);
    p.stall_ms = 300;
    cf_pair_stream *s = start(&p);
    ck_assert_int_lt(take(s, 60, &how), 21);
    ck_assert_int_eq(how, CF_ERR_DEVICE);
    ck_assert_ptr_nonnull(strstr(last_line, "no frame for"));
    finish(s);
}
END_TEST

START_TEST(cameras_out_of_step_are_told) {
    cf_status how;
    cf_pair_stream_params p =
        request("sim:mono?fps=30&" SMALL, "sim:color?fps=30&skew_us=15000&" SMALL, 1);
    p.limit_ns = 1000000;
    cf_pair_stream *s = start(&p);
    ck_assert_int_eq(take(s, 10, &how), 0);
    ck_assert_int_eq(how, CF_ERR_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(last_line, "not in step"));
    finish(s);
    p.offset_ns = 15000000; /* the rig knows */
    s = start(&p);
    ck_assert_int_eq(take(s, 10, &how), 10);
    finish(s);
}
END_TEST

START_TEST(free_running_cameras_are_brought_into_step) {
    cf_status how;
    cf_pair_stream_stats stats = {0};
    cf_pair_stream_params p =
        request("sim:mono?fps=60&" SMALL, "sim:color?fps=60&skew_us=7000&drift_ppm=50&" SMALL, 0);
    p.latest = 1;
    p.limit_ns = 1000000;
    cf_pair_stream *s = start(&p);
    double until = cf_clock_seconds() + 60;
    cf_frame *pair[2];
    while (!stats.phase.is_locked && cf_clock_seconds() < until) {
        how = cf_pair_stream_next(s, 100, pair);
        for (int i = 0; i < 2; i++)
            cf_frame_unref(&pair[i]);
        ck_assert(how == CF_OK || how == CF_ERR_TIMEOUT);
        cf_pair_stream_statistics(s, &stats);
    }
    ck_assert_int_eq(stats.phase.is_locked, 1);
    ck_assert_double_lt(stats.phase.phase_us, 150);
    ck_assert_double_gt(stats.phase.phase_us, -150);
    finish(s);
}
END_TEST

START_TEST(the_brain_sets_both_cameras) {
    cf_pair_stream_stats stats = {0};
    cf_pair_stream_params p = request("sim:mono?light=0.1&" SMALL, "sim:color?light=0.1&" SMALL, 1);
    cf_frame *pair[2];
    int64_t first[2] = {0}, exposure[2] = {0};
    p.auto_exposure = 1;
    cf_pair_stream *s = start(&p);
    for (int n = 0; n < 60; n++) {
        ck_assert_int_eq(cf_pair_stream_next(s, 10000, pair), CF_OK);
        for (int i = 0; i < 2; i++) {
            exposure[i] = pair[i]->exposure_ns;
            if (!n)
                first[i] = exposure[i];
        }
        ck_assert_float_gt(pair[0]->profile.gain, 0);
        for (int i = 0; i < 2; i++)
            cf_frame_unref(&pair[i]);
    }
    cf_pair_stream_statistics(s, &stats);
    ck_assert_int_gt(exposure[1], first[1]); /* it is dark */
    ck_assert_double_gt(stats.exposure.sensitivity, 1);
    finish(s);
}
END_TEST

START_TEST(a_slow_taker_loses_pairs_visibly) {
    cf_pair_stream_stats stats;
    cf_frame *pair[2];
    for (int latest = 0; latest < 2; latest++) {
        cf_pair_stream_params p = request("sim:mono?fps=100&" SMALL, "sim:color?fps=100&" SMALL, 0);
        p.room = 2;
        p.latest = latest;
        cf_pair_stream *s = start(&p);
        uint64_t gap = 0, last = 0, first = 0;
        for (int n = 0; n < 6; n++) {
            usleep(60000);
            if (cf_pair_stream_next(s, 2000, pair) != CF_OK)
                ck_abort();
            first = n ? first : pair[0]->sequence;
            gap += n && pair[0]->sequence > last + 1;
            last = pair[0]->sequence;
            for (int i = 0; i < 2; i++)
                cf_frame_unref(&pair[i]);
        }
        cf_pair_stream_statistics(s, &stats);
        ck_assert_uint_gt(gap, 2);
        ck_assert_uint_gt(stats.dropped, 5);
        finish(s);
    }
}
END_TEST

START_TEST(closes_at_any_moment) {
    for (int i = 0; i < 8; i++) {
        cf_status how;
        cf_pair_stream_params p =
            request("sim:mono?fps=200&" SMALL, "sim:color?fps=200&" SMALL, i & 1);
        p.room = 1;
        cf_pair_stream *s;
        ck_assert_int_eq(cf_pair_stream_open(&p, &s), CF_OK);
        if (i > 1)
            ck_assert_int_eq(cf_pair_stream_start(s), CF_OK);
        if (i > 3)
            take(s, i, &how);
        if (i > 5)
            usleep(30000); /* threads wait for room */
        finish(s);
    }
}
END_TEST

START_TEST(refuses_what_cannot_be) {
    cf_pair_stream *s;
    static const char *const wrong[][2] = {
        {MONO, MONO},        {MONO, NULL},         {"", COLOR},
        {COLOR, MONO},       {MONO, "sim:colour"}, {"/nonexistent", COLOR},
        {"kinect:0", COLOR},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cf_pair_stream_params p = request(wrong[i][0], wrong[i][1], 0);
        *last_line = '\0';
        ck_assert_int_ne(cf_pair_stream_open(&p, &s), CF_OK);
        ck_assert_ptr_null(s);
        ck_assert_int_gt((int)strlen(last_line), 10);
        ck_assert_uint_eq(cf_alloc_live(), kept);
    }
    for (long after = 0; after < 40; after++) {
        cf_pair_stream_params p = request(MONO, COLOR, 1);
        cf_alloc_fail_after(after);
        cf_status status = cf_pair_stream_open(&p, &s);
        cf_alloc_fail_after(-1);
        ck_assert(status == CF_OK || status == CF_ERR_MEMORY);
        cf_pair_stream_close(&s);
        ck_assert_uint_eq(cf_alloc_live(), kept);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pair_stream");
    TCase *tcase = tcase_create("pair_stream");
    tcase_set_timeout(tcase, 280);
    cf_log_set(listen, NULL, CF_LOG_WARNING);
    if (cf_source_open(MONO, NULL, &keeper) != CF_OK)
        return EXIT_FAILURE;
    kept = cf_alloc_live();
    tcase_add_test(tcase, every_pair_of_a_recording_comes_out);
    tcase_add_test(tcase, lost_frames_leave_the_others_paired);
    tcase_add_test(tcase, cameras_out_of_step_are_told);
    tcase_add_test(tcase, the_brain_sets_both_cameras);
    tcase_add_test(tcase, closes_at_any_moment);
    tcase_add_test(tcase, refuses_what_cannot_be);
    if (!getenv("CHROMAFUSE_VALGRIND")) { /* which cannot keep up with cameras in real time */
        tcase_add_test(tcase, a_camera_that_went_away_is_waited_for);
        tcase_add_test(tcase, a_driver_that_stops_delivering_is_noticed);
        tcase_add_test(tcase, free_running_cameras_are_brought_into_step);
        tcase_add_test(tcase, a_slow_taker_loses_pairs_visibly);
    }
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    cf_source_close(&keeper);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
