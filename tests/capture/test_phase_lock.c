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
    int delay, is_deaf;
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
    cf_random_seed(&c.random, 1);
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

/* To the next frame. */
static void pass(steered *c) {
    double lasts = c->is_deaf ? PERIOD : c->settings[(c->frame - (uint64_t)c->delay) % SETTINGS];
    c->phase += lasts * (1 + c->drift_ppm * 1e-6) - PERIOD;
    c->frame++;
}

static void step(steered *c, cf_phase_lock *lock) {
    set(c, cf_phase_lock_update(lock, c->frame, (int64_t)seen(c)));
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

START_TEST(comes_into_step_from_any_phase) {
    int frames = IN_STEP + (getenv("CHROMAFUSE_VALGRIND") ? 20 : 200);
    int phases = getenv("CHROMAFUSE_VALGRIND") ? 3 : 24;
    for (int s = 0; s < 3; s++)
        for (int delay = 1; delay <= 6; delay++) {
            course worst = {0};
            for (int run = 0; run < phases * 3; run++) {
                double phase = PERIOD * ((run / 3) / (double)phases - 0.5);
                steered c = typical(phase, DRIFTS[run % 3], delay, STEPS[s]);
                cf_phase_lock *lock = lock_of(STEPS[s]);
                course one = follow(&c, lock, frames);
                worst.frames = one.frames > worst.frames ? one.frames : worst.frames;
                worst.largest_ns = fmax(worst.largest_ns, one.largest_ns);
                cf_phase_lock_state state = cf_phase_lock_status(lock);
                ck_assert_int_lt(one.frames, IN_STEP);
                ck_assert_int_eq(state.is_locked, 1);
                cf_phase_lock_destroy(&lock);
            }
            if (getenv("VERBOSE"))
                printf("delay %d, steps of %d us: in step after %d frames at most, then within "
                       "%.0f us\n",
                       delay, (int)(STEPS[s] / 1000), worst.frames, worst.largest_ns * 1e-3);
        }
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, comes_into_step_from_any_phase);
}

int main(void) {
    return test_run("capture/phase_lock", add);
}
