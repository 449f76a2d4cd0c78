/* SPDX-License-Identifier: Apache-2.0 */
/* Phase lock where frames are missing, time stamps wrong, ranges and steps not as told, or the
 * control does nothing. Does not prove how exact it is otherwise (capture/phase_lock). */
#include "tests/capture/steered_camera.h"

/* Runs of up to 30 frames that do not come, in which nothing can be steered; stamps are wild. */
START_TEST(bears_missed_frames_and_wild_stamps) {
    int turns = is_short() ? 3 : 200;
    for (int delay = 1; delay <= 6; delay++) {
        steered c = typical((delay - 3.7) / 6 * PERIOD, DRIFTS[delay % 3], delay, 20000);
        c.wild_in = 100;
        cf_phase_lock *lock = lock_of(20000);
        ck_assert_int_lt(follow(&c, lock, 2 * IN_STEP).frames, IN_STEP);
        for (int turn = 0; turn < turns; turn++) {
            for (int k = 0; k < 1 + turn * 7 % 30; k++) {
                set(&c, 0);
                pass(&c);
            }
            for (int k = 0; k <= delay; k++) /* what is set now shows */
                step(&c, lock);
            ck_assert_int_eq(follow(&c, lock, 50).frames, 0);
            ck_assert_int_eq(cf_phase_lock_status(lock).mode, CF_PHASE_LOCK_STEERING);
        }
        cf_phase_lock_destroy(&lock);
    }
}
END_TEST

/* Settings in force at the start, and a grid of settings, that nobody told. */
START_TEST(bears_a_camera_that_rounds_and_starts_otherwise) {
    course worst = {0};
    for (int run = 0; run < 12; run++) {
        steered c = typical((run - 5.5) / 12 * PERIOD, DRIFTS[run % 3], 1 + run % 6, 0);
        for (int k = 0; k < SETTINGS; k++)
            c.settings[k] = PERIOD + (run - 5) * 200e3;
        c.step_ns = 29700; /* of whole lines, which are no multiple of what it is asked for */
        cf_phase_lock *lock = lock_of(20000);
        course one = follow(&c, lock, IN_STEP + 300);
        note_worst(&worst, one);
        ck_assert_int_lt(one.frames, IN_STEP);
        ck_assert_double_lt(one.largest_ns, IN_STEP_NS);
        cf_phase_lock_destroy(&lock);
    }
    report("other steps and another duration than told", worst);
}
END_TEST

/* Whose range is narrower than it says, and whose delay is another one with every frame. */
START_TEST(bears_a_camera_that_is_not_as_it_says) {
    course worst[2] = {0};
    for (int run = 0; run < (is_short() ? 8 : 200); run++)
        for (int is_restless = 0; is_restless < 2; is_restless++) {
            steered c = typical((run - 99.7) / 200 * PERIOD, DRIFTS[run % 3], 1 + run % 6, 20000);
            cf_random_seed(&c.random, (uint64_t)run);
            c.is_restless = is_restless;
            c.least_ns = is_restless ? c.least_ns : 33000000;
            c.most_ns = is_restless ? c.most_ns : 33700000;
            cf_phase_lock *lock = lock_of(20000);
            course one = follow(&c, lock, 400);
            ck_assert_int_lt(one.frames, 350);
            ck_assert_int_eq(cf_phase_lock_status(lock).is_locked, 1);
            one.largest_ns = follow(&c, lock, 500).largest_ns;
            ck_assert_double_lt(one.largest_ns, is_restless ? 2 * IN_STEP_NS : IN_STEP_NS);
            note_worst(&worst[is_restless], one);
            cf_phase_lock_destroy(&lock);
        }
    report("a tenth of the range it says", worst[0]);
    report("restless delay", worst[1]);
}
END_TEST

START_TEST(gives_up_on_a_camera_that_does_not_follow) {
    int latest = 0;
    for (int run = 0; run < 18; run++) {
        steered c = typical((run / 3 - 2.5) / 6 * PERIOD, DRIFTS[run % 3], 3, 20000);
        c.is_deaf = 1;
        cf_phase_lock *lock = lock_of(20000);
        int frames = 0;
        while (cf_phase_lock_status(lock).mode != CF_PHASE_LOCK_IGNORED && frames++ < 1000)
            step(&c, lock);
        latest = frames > latest ? frames : latest;
        ck_assert_int_lt(frames, 2 * IN_STEP);
        step(&c, lock); /* nominal once, then silence */
        for (int k = 0; k < 100; k++, pass(&c))
            ck_assert_int_eq(cf_phase_lock_update(lock, c.frame, (int64_t)seen(&c)), 0);
        ck_assert_int_eq(cf_phase_lock_status(lock).is_locked, 0);
        ck_assert_double_eq_tol(cf_phase_lock_status(lock).phase_us, true_phase(&c) * 1e-3, 40);
        ck_assert_double_eq_tol(cf_phase_lock_status(lock).drift_ppm, c.drift_ppm, 40);
        c.is_deaf = 0; /* started anew it may do better */
        cf_phase_lock_reset(lock);
        ck_assert_int_lt(follow(&c, lock, 200).frames, IN_STEP);
        cf_phase_lock_destroy(&lock);
    }
    if (getenv("VERBOSE"))
        printf("a camera that does not follow: noticed after %d frames\n", latest);
}
END_TEST

/* One that follows in the end is not given up for not following now and then. */
START_TEST(forgives_what_was_long_ago) {
    steered c = typical(10e6, 200, 3, 20000);
    cf_phase_lock *lock = lock_of(20000);
    for (int time = 0; time < 4; time++) {
        c.is_deaf = 0;
        ck_assert_int_lt(follow(&c, lock, 1300).frames, IN_STEP);
        ck_assert_int_eq(cf_phase_lock_status(lock).is_locked, 1);
        c.is_deaf = 1;
        c.phase += 10e6;
        for (int k = 0; k < 55; k++)
            step(&c, lock);
    }
    cf_phase_lock_destroy(&lock);
}
END_TEST

/* In step already, so that no move shows whether it follows. */
START_TEST(notices_one_that_does_not_follow_in_step_too) {
    int latest = 0;
    for (int run = 0; run < (is_short() ? 3 : 100); run++) {
        steered c = typical((run - 50) * 1e3, run % 2 ? 200 : -200, 3, STEPS[run % 3]);
        c.is_deaf = 1;
        cf_phase_lock *lock = lock_of(STEPS[run % 3]);
        int frames = 0;
        while (cf_phase_lock_status(lock).mode != CF_PHASE_LOCK_IGNORED && frames++ < 1000)
            step(&c, lock);
        latest = frames > latest ? frames : latest;
        cf_phase_lock_destroy(&lock);
    }
    if (getenv("VERBOSE"))
        printf("one that does not follow, in step: noticed after %d frames\n", latest);
    ck_assert_int_lt(latest, 300);
}
END_TEST

/* A camera that is at its fastest: it can only wait for its next turn, and only be slowed. */
START_TEST(uses_the_range_there_is) {
    course worst = {0};
    for (int run = 0; run < 16; run++) {
        cf_phase_lock_params params = {.nominal_ns = (int64_t)PERIOD,
                                       .min_ns = (int64_t)PERIOD,
                                       .max_ns = 36700000,
                                       .step_ns = run % 2 ? 20000 : 0,
                                       .delay = 3};
        steered c = typical((run - 8) / 16.0 * PERIOD, -400, 3, run % 2 ? 20000 : 0);
        c.least_ns = params.min_ns;
        cf_phase_lock *lock;
        ck_assert_int_eq(cf_phase_lock_create(&params, &lock), CF_OK);
        course one = follow(&c, lock, 400);
        note_worst(&worst, one);
        ck_assert_int_lt(one.frames, IN_STEP);
        ck_assert_double_lt(one.largest_ns, IN_STEP_NS);
        c.drift_ppm = 200;
        for (int k = 0; k < 300; k++)
            step(&c, lock);
        cf_phase_lock_state state = cf_phase_lock_status(lock);
        ck_assert_int_eq(state.mode, CF_PHASE_LOCK_OUT_OF_RANGE);
        ck_assert_int_eq(state.is_locked, 0);
        c.drift_ppm = -400;
        ck_assert_int_lt(follow(&c, lock, 400).frames, 2 * IN_STEP);
        cf_phase_lock_destroy(&lock);
    }
    report("slower only", worst);
}
END_TEST

/* 2 ms: nothing can be brought within 100 us, but nothing must be torn away either. */
START_TEST(is_calm_where_stamps_are_bad) {
    steered c = typical(12e6, 200, 3, 20000);
    c.noise_ns = 2e6;
    cf_phase_lock *lock = lock_of(20000);
    for (int k = 0; k < 1000; k++)
        step(&c, lock);
    double sum = 0;
    int frames = is_short() ? 300 : 5000;
    for (int k = 0; k < frames; k++, step(&c, lock))
        sum += true_phase(&c) * true_phase(&c);
    if (getenv("VERBOSE"))
        printf("stamps 2 ms off: phase %.0f us rms, noise said to be %.0f us\n",
               sqrt(sum / frames) * 1e-3, cf_phase_lock_status(lock).noise_us);
    ck_assert_double_lt(sqrt(sum / frames), 3e6);
    ck_assert_double_eq_tol(cf_phase_lock_status(lock).noise_us, 2000, 800);
    cf_phase_lock_destroy(&lock);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, bears_missed_frames_and_wild_stamps);
    tcase_add_test(tc, bears_a_camera_that_rounds_and_starts_otherwise);
    tcase_add_test(tc, bears_a_camera_that_is_not_as_it_says);
    tcase_add_test(tc, gives_up_on_a_camera_that_does_not_follow);
    tcase_add_test(tc, forgives_what_was_long_ago);
    tcase_add_test(tc, notices_one_that_does_not_follow_in_step_too);
    tcase_add_test(tc, uses_the_range_there_is);
    tcase_add_test(tc, is_calm_where_stamps_are_bad);
}

int main(void) {
    return test_run("capture/phase_lock_faults", add);
}
