/* SPDX-License-Identifier: Apache-2.0 */
/* Phase lock against simulated cameras. Does not prove that a real camera follows its control, nor
 * that the frames it is given belong together (capture/pairing does). */
#include "capture/phase_lock.h"

#include <math.h>

#include "base/alloc.h"
#include "base/random.h"
#include "tests/test_main.h"

#define PERIOD 33333333.0
enum { SETTINGS = 64, IN_STEP = 100 /* frames until it must be */ };
static const double IN_STEP_NS = 100e3;

/* A camera whose frame duration is set late and rounded, and the phase of its frames to another's:
 * the truth, of which the lock sees noisy whole nanoseconds. */
typedef struct {
    double drift_ppm, noise_ns, phase;
    int delay, is_deaf, is_restless; /* restless: one frame later now and then */
    unsigned missing_in, wild_in; /* one of so many frames does not come, is told wrong; 0 none */
    int64_t step_ns, least_ns, most_ns;
    double settings[SETTINGS];
    uint64_t frame;
    cf_random random;
} steered;

static steered typical(double phase, double drift_ppm, int delay, int64_t step_ns) {
    steered c = {.drift_ppm = drift_ppm,
                 .noise_ns = 10e3,
                 .phase = phase,
                 .delay = delay,
                 .step_ns = step_ns,
                 .least_ns = 30000000,
                 .most_ns = 36700000,
                 .frame = 1000};
    for (int k = 0; k < SETTINGS; k++)
        c.settings[k] = PERIOD;
    cf_random_seed(&c.random, (uint64_t)(phase + PERIOD) + (uint64_t)delay);
    return c;
}

static cf_phase_lock *lock_of(int64_t step_ns) {
    cf_phase_lock_params params = CF_PHASE_LOCK_DEFAULTS;
    params.nominal_ns = (int64_t)PERIOD;
    params.min_ns = 30000000;
    params.max_ns = 36700000;
    params.step_ns = step_ns;
    cf_phase_lock *lock;
    ck_assert_int_eq(cf_phase_lock_create(&params, &lock), CF_OK);
    return lock;
}

static double true_phase(const steered *c) {
    return remainder(c->phase, PERIOD);
}

static double seen(steered *c) {
    return c->phase + c->noise_ns * cf_random_normal(&c->random);
}

static void set(steered *c, int64_t duration_ns) {
    double *settings = c->settings, before = settings[(c->frame + SETTINGS - 1) % SETTINGS];
    double now = (double)duration_ns;
    if (c->step_ns)
        now = round(now / (double)c->step_ns) * (double)c->step_ns;
    now = fmax(fmin(now, (double)c->most_ns), (double)c->least_ns);
    settings[c->frame % SETTINGS] = duration_ns ? now : before;
}

static int one_in(steered *c, unsigned frames) {
    return frames && cf_random_bits(&c->random) % frames == 0;
}

/* To the next frame. */
static void pass(steered *c) {
    uint64_t delay = (uint64_t)c->delay + (c->is_restless && one_in(c, 2));
    double lasts = c->is_deaf ? PERIOD : c->settings[(c->frame - delay) % SETTINGS];
    c->phase += lasts * (1 + c->drift_ppm * 1e-6) - PERIOD;
    c->frame++;
}

static void step(steered *c, cf_phase_lock *lock) {
    double phase = seen(c) + (one_in(c, c->wild_in) ? 1e7 * cf_random_uniform(&c->random) : 0);
    set(c, one_in(c, c->missing_in) ? 0 : cf_phase_lock_update(lock, c->frame, (int64_t)phase));
    pass(c);
}

typedef struct {
    int frames;        /* until it stayed within IN_STEP_NS */
    double largest_ns; /* after IN_STEP frames */
} course;

static course follow(steered *c, cf_phase_lock *lock, int frames) {
    course result = {0};
    for (int k = 0; k < frames; k++) {
        double phase = fabs(true_phase(c));
        if (phase >= IN_STEP_NS)
            result.frames = k + 1;
        if (k >= IN_STEP)
            result.largest_ns = fmax(result.largest_ns, phase);
        step(c, lock);
    }
    return result;
}

static const int64_t STEPS[] = {0, 20000, 30000};
static const double DRIFTS[] = {-200, 0, 200};

static int is_short(void) {
    return getenv("CHROMAFUSE_VALGRIND") != NULL;
}

static void note_worst(course *worst, course one) {
    worst->frames = one.frames > worst->frames ? one.frames : worst->frames;
    worst->largest_ns = fmax(worst->largest_ns, one.largest_ns);
}

/* Worst cases, for docs/benchmarks.md. */
static void report(const char *what, course worst) {
    if (getenv("VERBOSE"))
        printf("%s: in step after %d frames, then within %.0f us\n", what, worst.frames,
               worst.largest_ns * 1e-3);
}

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

/* Runs of up to 30 frames that do not come, in which nothing can be steered; stamps are wild. */
START_TEST(bears_missed_frames_and_wild_stamps) {
    int turns = is_short() ? 3 : 200;
    course worst = {0};
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
            course one = follow(&c, lock, 50);
            note_worst(&worst, one);
            ck_assert_int_eq(one.frames, 0);
            ck_assert_int_eq(cf_phase_lock_status(lock).mode, CF_PHASE_LOCK_STEERING);
        }
        cf_phase_lock_destroy(&lock);
    }
    report("up to 30 missed at once", worst);
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
    tcase_add_test(tc, bears_missed_frames_and_wild_stamps);
    tcase_add_test(tc, bears_a_camera_that_rounds_and_starts_otherwise);
    tcase_add_test(tc, bears_a_camera_that_is_not_as_it_says);
    tcase_add_test(tc, follows_a_drift_that_changes);
    tcase_add_test(tc, gives_up_on_a_camera_that_does_not_follow);
    tcase_add_test(tc, forgives_what_was_long_ago);
    tcase_add_test(tc, notices_one_that_does_not_follow_in_step_too);
    tcase_add_test(tc, uses_the_range_there_is);
    tcase_add_test(tc, is_calm_where_stamps_are_bad);
    tcase_add_test(tc, estimates_are_the_least_squares_line);
    tcase_add_test(tc, anything_may_come_in_and_only_what_can_be_set_goes_out);
    tcase_add_test(tc, wrong_parameters_are_refused);
}

int main(void) {
    return test_run("capture/phase_lock", add);
}
