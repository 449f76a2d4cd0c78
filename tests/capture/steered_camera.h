/* SPDX-License-Identifier: Apache-2.0 */
/* A simulated camera for tests of the phase lock: steered late, in steps, with drift and noise. */
#ifndef CHROMAFUSE_TESTS_STEERED_CAMERA_H
#define CHROMAFUSE_TESTS_STEERED_CAMERA_H

#include <math.h>

#include "base/random.h"
#include "capture/phase_lock.h"
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

static inline steered typical(double phase, double drift_ppm, int delay, int64_t step_ns) {
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

static inline cf_phase_lock *lock_of(int64_t step_ns) {
    cf_phase_lock_params params = CF_PHASE_LOCK_DEFAULTS;
    params.nominal_ns = (int64_t)PERIOD;
    params.min_ns = 30000000;
    params.max_ns = 36700000;
    params.step_ns = step_ns;
    cf_phase_lock *lock;
    ck_assert_int_eq(cf_phase_lock_create(&params, &lock), CF_OK);
    return lock;
}

static inline double true_phase(const steered *c) {
    return remainder(c->phase, PERIOD);
}

static inline double seen(steered *c) {
    return c->phase + c->noise_ns * cf_random_normal(&c->random);
}

static inline void set(steered *c, int64_t duration_ns) {
    double *settings = c->settings, before = settings[(c->frame + SETTINGS - 1) % SETTINGS];
    double now = (double)duration_ns;
    if (c->step_ns)
        now = round(now / (double)c->step_ns) * (double)c->step_ns;
    now = fmax(fmin(now, (double)c->most_ns), (double)c->least_ns);
    settings[c->frame % SETTINGS] = duration_ns ? now : before;
}

static inline int one_in(steered *c, unsigned frames) {
    return frames && cf_random_bits(&c->random) % frames == 0;
}

/* To the next frame. */
static inline void pass(steered *c) {
    uint64_t delay = (uint64_t)c->delay + (c->is_restless && one_in(c, 2));
    double lasts = c->is_deaf ? PERIOD : c->settings[(c->frame - delay) % SETTINGS];
    c->phase += lasts * (1 + c->drift_ppm * 1e-6) - PERIOD;
    c->frame++;
}

static inline void step(steered *c, cf_phase_lock *lock) {
    double phase = seen(c) + (one_in(c, c->wild_in) ? 1e7 * cf_random_uniform(&c->random) : 0);
    set(c, one_in(c, c->missing_in) ? 0 : cf_phase_lock_update(lock, c->frame, (int64_t)phase));
    pass(c);
}

typedef struct {
    int frames;        /* until it stayed within IN_STEP_NS */
    double largest_ns; /* after IN_STEP frames */
} course;

static inline course follow(steered *c, cf_phase_lock *lock, int frames) {
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

static inline int is_short(void) {
    return getenv("CHROMAFUSE_VALGRIND") != NULL;
}

static inline void note_worst(course *worst, course one) {
    worst->frames = one.frames > worst->frames ? one.frames : worst->frames;
    worst->largest_ns = fmax(worst->largest_ns, one.largest_ns);
}

/* Worst cases, for docs/benchmarks.md. */
static inline void report(const char *what, course worst) {
    if (getenv("VERBOSE"))
        printf("%s: in step after %d frames, then within %.0f us\n", what, worst.frames,
               worst.largest_ns * 1e-3);
}

#endif
