/* SPDX-License-Identifier: Apache-2.0 */
/* Phase lock against simulated cameras. Does not prove that a real camera follows its control, nor
 * that the frames it is given belong together (capture/pairing does); cameras that are not as they
 * should be are in capture/phase_lock_faults. */
#include "tests/capture/steered_camera.h"

START_TEST(comes_into_step_from_any_phase) {
    int phases = is_short() ? 3 : 24;
    for (int s = 0; s < 3; s++)
        for (int delay = 1; delay <= 6; delay++) { /* 3 is what the lock is told */
            course worst = {0};
            for (int run = 0; run < phases * 3; run++) {
                double phase = PERIOD * ((run / 3) / (double)phases - 0.5);
                steered c = typical(phase, DRIFTS[run % 3], delay, STEPS[s]);
                cf_phase_lock *lock = lock_of(STEPS[s]);
                course one = follow(&c, lock, IN_STEP + (is_short() ? 20 : 200));
                note_worst(&worst, one);
                ck_assert_int_lt(one.frames, IN_STEP);
                cf_phase_lock_state state = cf_phase_lock_status(lock);
                ck_assert_int_eq(state.mode, CF_PHASE_LOCK_STEERING);
                ck_assert_int_eq(state.is_locked, 1);
                ck_assert_double_eq_tol(state.phase_us, true_phase(&c) * 1e-3, 50);
                cf_phase_lock_destroy(&lock);
            }
            char what[80];
            snprintf(what, sizeof what, "any phase and drift, delay %d, steps of %d us", delay,
                     (int)(STEPS[s] / 1000));
            report(what, worst);
        }
}
END_TEST

START_TEST(stays_in_step_for_an_hour) {
    int frames = is_short() ? 400 : 30 * 3600;
    course worst = {0};
    for (int s = 0; s < 3; s++)
        for (int d = 0; d < 3; d++) {
            int delay = 1 + 2 * d + (s == 1); /* every delay from 1 to 6 with some drift */
            steered c = typical(0.3 * PERIOD, DRIFTS[d], delay, STEPS[s]);
            cf_phase_lock *lock = lock_of(STEPS[s]);
            course one = follow(&c, lock, frames);
            note_worst(&worst, one);
            ck_assert_int_lt(one.frames, IN_STEP);
            ck_assert_double_lt(one.largest_ns, IN_STEP_NS);
            cf_phase_lock_state state = cf_phase_lock_status(lock);
            ck_assert_double_eq_tol(state.drift_ppm, DRIFTS[d], 30);
            ck_assert_double_eq_tol(state.noise_us, 10, 8);
            cf_phase_lock_destroy(&lock);
        }
    report("an hour", worst);
}
END_TEST

/* From 1 % either way, where half a period takes 50 frames, to twice the frame duration; frames
 * missing and wild stamps on the way too. */
START_TEST(comes_into_step_by_any_range) {
    static const int64_t RANGE[][2] = {
        {33000000, 33670000}, {33000000, 66700000}, {16000000, 66700000}};
    for (int r = 0; r < 3; r++) {
        course worst = {0};
        for (int run = 0; run < (is_short() ? 6 : 300); run++) {
            steered c = typical((run - 150) / 300.0 * PERIOD, DRIFTS[run % 3], 1 + run % 6, 20000);
            cf_random_seed(&c.random, (uint64_t)run);
            cf_phase_lock_params params = {.nominal_ns = (int64_t)PERIOD,
                                           .min_ns = RANGE[r][0],
                                           .max_ns = RANGE[r][1],
                                           .step_ns = 20000,
                                           .delay = 3};
            c.least_ns = params.min_ns;
            c.most_ns = params.max_ns;
            cf_phase_lock *lock;
            ck_assert_int_eq(cf_phase_lock_create(&params, &lock), CF_OK);
            c.missing_in = 50;
            c.wild_in = 100;
            course one = follow(&c, lock, 300);
            note_worst(&worst, one);
            ck_assert_int_lt(one.frames, IN_STEP);
            cf_phase_lock_destroy(&lock);
        }
        char what[80];
        snprintf(what, sizeof what, "2 %% missed, 1 %% wild, %.1f..%.1f ms",
                 (double)RANGE[r][0] * 1e-6, (double)RANGE[r][1] * 1e-6);
        report(what, worst);
    }
}
END_TEST

/* Clocks that warm up: from -200 to 200 ppm in ten minutes; and another exposure of the leader. */
START_TEST(follows_a_drift_that_changes) {
    int frames = is_short() ? 300 : 18000;
    steered c = typical(5e6, -200, 4, 20000);
    cf_phase_lock *lock = lock_of(20000);
    course result = {.frames = 0};
    for (int k = 0; k < frames; k++) {
        c.drift_ppm = -200 + 400.0 * k / 18000;
        step(&c, lock);
        if (k >= IN_STEP)
            result.largest_ns = fmax(result.largest_ns, fabs(true_phase(&c)));
    }
    if (getenv("VERBOSE"))
        printf("drift from -200 to 200 ppm in ten minutes: within %.0f us\n",
               result.largest_ns * 1e-3);
    ck_assert_double_lt(result.largest_ns, IN_STEP_NS);
    c.phase += 11e6;
    c.drift_ppm += 150;
    course one = follow(&c, lock, IN_STEP + 100);
    report("a jump of phase and drift", one);
    ck_assert_int_lt(one.frames, IN_STEP);
    cf_phase_lock_destroy(&lock);
}
END_TEST

/* Phase and drift of the first frames beside numpy.polyfit(range(8), phases, 1). */
START_TEST(estimates_are_the_least_squares_line) {
    static const int64_t PHASES[] = {4000000, 4019000, 4007000, 4031000,
                                     4029500, 4052000, 4044000, 4061000};
    cf_phase_lock_params params = CF_PHASE_LOCK_DEFAULTS;
    params.nominal_ns = params.min_ns = params.max_ns = (int64_t)PERIOD;
    cf_phase_lock *lock;
    ck_assert_int_eq(cf_phase_lock_create(&params, &lock), CF_OK);
    for (int k = 0; k < 8; k++)
        cf_phase_lock_update(lock, (uint64_t)k, PHASES[k]);
    cf_phase_lock_update(lock, 7, 0); /* passed over */
    cf_phase_lock_update(lock, 5, 0);
    cf_phase_lock_state state = cf_phase_lock_status(lock);
    ck_assert_double_eq_tol(state.phase_us, 4059.0, 1e-6);
    ck_assert_double_eq_tol(state.drift_ppm, 244.82143101965036, 1e-6);
    cf_phase_lock_destroy(&lock);
}
END_TEST

START_TEST(anything_may_come_in_and_only_what_can_be_set_goes_out) {
    int frames = is_short() ? 2000 : 50000;
    cf_random random;
    cf_random_seed(&random, 11);
    cf_phase_lock *lock = lock_of(20000);
    uint64_t sequence = 0;
    for (int k = 0; k < frames; k++) {
        uint64_t bits = cf_random_bits(&random), shift = bits >> 8 & 63;
        sequence += bits % 64 ? 1 : cf_random_bits(&random) >> shift;
        int64_t set_ns =
            cf_phase_lock_update(lock, sequence, (int64_t)cf_random_bits(&random) >> shift);
        if (set_ns && (set_ns < 30000000 || set_ns > 36700000 || set_ns % 20000))
            ck_abort_msg("%lld ns cannot be set", (long long)set_ns);
        if (!isfinite(cf_phase_lock_status(lock).phase_us + cf_phase_lock_status(lock).drift_ppm))
            ck_abort_msg("not finite");
    }
    steered c = typical(12e6, 200, 3, 20000); /* and nothing of that is left behind */
    c.frame = sequence + 1;
    cf_phase_lock_reset(lock);
    ck_assert_int_lt(follow(&c, lock, 200).frames, IN_STEP);
    cf_phase_lock_destroy(&lock);
}
END_TEST

START_TEST(wrong_parameters_are_refused) {
    static const cf_phase_lock_params WRONG[] = {
        {.nominal_ns = 0, .min_ns = 0, .max_ns = 0},
        {.nominal_ns = INT64_MAX, .min_ns = 1, .max_ns = INT64_MAX},
        {.nominal_ns = 1000000, .min_ns = 1000001, .max_ns = 2000000},
        {.nominal_ns = 1000000, .min_ns = 900000, .max_ns = 999999},
        {.nominal_ns = 1000000, .min_ns = 1000000, .max_ns = 1000000, .delay = 17},
        {.nominal_ns = 1000000, .min_ns = 1000000, .max_ns = 1000000, .delay = -1},
        {.nominal_ns = 1000000, .min_ns = 1000000, .max_ns = 1000000, .step_ns = -1},
        {.nominal_ns = 1000000, .min_ns = 999999, .max_ns = 1000001, .step_ns = 300000},
    };
    cf_log_set(NULL, NULL, CF_LOG_ERROR);
    cf_phase_lock *lock;
    for (size_t k = 0; k < sizeof WRONG / sizeof *WRONG; k++) {
        ck_assert_int_eq(cf_phase_lock_create(&WRONG[k], &lock), CF_ERR_INVALID);
        ck_assert_ptr_null(lock);
    }
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    cf_phase_lock_destroy(&lock);
    cf_phase_lock_destroy(NULL);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, comes_into_step_from_any_phase);
    tcase_add_test(tc, stays_in_step_for_an_hour);
    tcase_add_test(tc, comes_into_step_by_any_range);
    tcase_add_test(tc, follows_a_drift_that_changes);
    tcase_add_test(tc, estimates_are_the_least_squares_line);
    tcase_add_test(tc, anything_may_come_in_and_only_what_can_be_set_goes_out);
    tcase_add_test(tc, wrong_parameters_are_refused);
}

int main(void) {
    return test_run("capture/phase_lock", add);
}
