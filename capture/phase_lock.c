/* SPDX-License-Identifier: Apache-2.0 */
/* Steers a camera's frame duration by a model for every delay its control may have. */
#include "capture/phase_lock.h"

#include <math.h>

#include "base/alloc.h"
#include "base/log.h"

enum {
    MAX_DELAY = 16,
    DEAF = MAX_DELAY + 1, /* the model of a camera that does not do what it is told */
    MODELS,
    HISTORY = 64, /* frames of settings kept */
    MAX_GAP = HISTORY - MAX_DELAY - 1,
    SURE = 6,    /* frames until a model's drift is worth steering by */
    START = 8,   /* frames to look at before anything is steered */
    MEMORY = 30, /* frames that the drift is estimated from, and the phase: */
    PHASE_MEMORY = 16,
    REJECTS = 3,   /* phases in a row that a model finds impossible: it starts anew */
    STEADY = 10,   /* frames within LOCKED_NS: in step */
    PROVEN = 1000, /* likewise: it does follow */
    PATIENCE = 30  /* frames out of range, or that the long way round must save */
};
static const double LOCKED_NS = 100e3, LEAST_NOISE_NS = 2e3, FIRST_NOISE_NS = 15e3;
/* Evidence is squared deviations in units of the noise, up to WORST each; it fades. */
static const double WORST = 25, FADING = 0.98, BETTER = 8, FAR_BETTER = 60;

/* Phase and drift as they would be if settings showed after a number of frames. */
typedef struct {
    double phase, drift; /* ns; ns per frame at the nominal duration */
    double evidence;     /* against it */
    int frames;          /* since it started, up to MEMORY; 0: not yet */
    int rejects;
} model;

struct cf_phase_lock {
    cf_phase_lock_params params;
    double step, least, most; /* of what can be set, beyond nominal; multiples of step as a whole */
    model models[MODELS];
    int best;
    int is_started;
    uint64_t sequence;        /* of the latest frame */
    double settings[HISTORY]; /* by sequence: in force after that frame's update, minus nominal */
    double noise;
    int tries, looked, steady, out_of_range;
    cf_phase_lock_mode mode;
};

static double wrap(const cf_phase_lock *lock, double phase) {
    return remainder(phase, (double)lock->params.nominal_ns);
}

static double *setting(cf_phase_lock *lock, uint64_t sequence) {
    return &lock->settings[sequence % HISTORY];
}

/* How much of the range is tried, below and above nominal, before a camera is given up: what it
 * says it can do may not be so. */
static const double TRIES[][2] = {{1, 1}, {0.1, 0.1}, {0, 1}};
enum { TRY_COUNT = sizeof TRIES / sizeof *TRIES };

static void start_try(cf_phase_lock *lock) {
    double nominal = (double)lock->params.nominal_ns;
    double below = (nominal - (double)lock->params.min_ns) * TRIES[lock->tries][0];
    double above = ((double)lock->params.max_ns - nominal) * TRIES[lock->tries][1];
    lock->least = ceil((nominal - below) / lock->step) * lock->step - nominal;
    lock->most = floor((nominal + above) / lock->step) * lock->step - nominal;
    if (lock->most < lock->least) /* no step that small */
        lock->least = lock->most = round(nominal / lock->step) * lock->step - nominal;
    for (int d = 0; d < MODELS; d++)
        lock->models[d] = (model){0};
    lock->best = lock->params.delay;
    lock->looked = lock->tries > 0 ? -MAX_DELAY : 0; /* first let show what was set before */
    lock->steady = lock->out_of_range = 0;
}

void cf_phase_lock_reset(cf_phase_lock *lock) {
    cf_phase_lock_params params = lock->params;
    *lock = (cf_phase_lock){.params = params,
                            .step = (double)(params.step_ns > 0 ? params.step_ns : 1),
                            .noise = FIRST_NOISE_NS};
    start_try(lock);
}

cf_status cf_phase_lock_create(const cf_phase_lock_params *params, cf_phase_lock **out) {
    *out = NULL;
    if (params->nominal_ns < 1000 || params->nominal_ns > INT64_C(100000000000))
        return cf_fail(CF_ERR_INVALID, "phase lock: a frame duration of %lld ns",
                       (long long)params->nominal_ns);
    if (params->min_ns < 1 || params->min_ns > params->nominal_ns ||
        params->max_ns < params->nominal_ns)
        return cf_fail(CF_ERR_INVALID, "phase lock: %lld ns is not within %lld..%lld ns",
                       (long long)params->nominal_ns, (long long)params->min_ns,
                       (long long)params->max_ns);
    if (params->step_ns < 0 || params->step_ns > params->nominal_ns)
        return cf_fail(CF_ERR_INVALID, "phase lock: steps of %lld ns", (long long)params->step_ns);
    if (params->step_ns > 0 && params->min_ns % params->step_ns &&
        params->min_ns / params->step_ns == params->max_ns / params->step_ns)
        return cf_fail(CF_ERR_INVALID, "phase lock: no multiple of %lld ns within %lld..%lld ns",
                       (long long)params->step_ns, (long long)params->min_ns,
                       (long long)params->max_ns);
    if (params->delay < 0 || params->delay > MAX_DELAY)
        return cf_fail(CF_ERR_INVALID, "phase lock: a delay of %d frames, not 0..%d", params->delay,
                       MAX_DELAY);
    cf_phase_lock *lock = cf_alloc(1, sizeof *lock);
    if (!lock)
        return CF_ERR_MEMORY;
    lock->params = *params;
    cf_phase_lock_reset(lock);
    *out = lock;
    return CF_OK;
}

void cf_phase_lock_destroy(cf_phase_lock **lock) {
    if (!lock)
        return;
    cf_free(*lock);
    *lock = NULL;
}

/* What a model says frame `sequence` lasts beyond nominal. */
static double lasts(cf_phase_lock *lock, int delay, uint64_t sequence) {
    return delay == DEAF ? 0 : *setting(lock, sequence - (uint64_t)delay);
}

static void restart(model *m, double phase) {
    m->phase = phase;
    m->frames = 1;
    m->rejects = 0;
}

/*
 * Moves a model on to frame `sequence` and corrects it by the phase measured there, with the gains
 * of the least-squares line through all phases since it started (an expanding memory filter).
 * Returns the deviation in units of the noise.
 */
static double follow(cf_phase_lock *lock, int delay, uint64_t sequence, double phase) {
    model *m = &lock->models[delay];
    if (m->frames == 0) {
        restart(m, phase);
        return 0;
    }
    double gap = (double)(sequence - lock->sequence);
    for (uint64_t s = lock->sequence; s != sequence; s++)
        m->phase += lasts(lock, delay, s);
    m->phase += m->drift * gap;
    double deviation = wrap(lock, phase - m->phase);
    double relative = fabs(deviation) / (lock->noise * (1 + 4.0 / m->frames));
    if (m->frames > 1 && relative > 6) {
        if (++m->rejects >= REJECTS)
            restart(m, phase);
        return relative;
    }
    m->rejects = 0;
    m->frames += m->frames < MEMORY;
    double k = m->frames, p = fmin(k, PHASE_MEMORY);
    m->phase = wrap(lock, m->phase + deviation * 2 * (2 * p - 1) / (p * (p + 1)));
    m->drift += deviation / gap * 6 / (k * (k + 1));
    return relative;
}

static void try_otherwise(cf_phase_lock *lock) {
    if (++lock->tries < TRY_COUNT) {
        start_try(lock);
    } else {
        lock->best = DEAF;
        lock->mode = CF_PHASE_LOCK_IGNORED;
    }
}

/* Takes the model that what was seen speaks least against, if clearly. What stays in step needs no
 * other one: a delay that is not always the same makes steps of a setting look like any. */
static void choose(cf_phase_lock *lock) {
    const model *models = lock->models;
    int least = lock->best;
    double better = lock->steady >= STEADY ? FAR_BETTER : BETTER;
    for (int d = 0; d < DEAF; d++)
        if (models[d].evidence + better < models[lock->best].evidence &&
            models[d].evidence < models[least].evidence)
            least = d;
    lock->best = least;
    if (lock->steady < STEADY && models[DEAF].evidence + FAR_BETTER < models[least].evidence)
        try_otherwise(lock);
}

/* By the model that fits best, steered by or not: else what does not fit would pass for noise. */
static void learn_noise(cf_phase_lock *lock, const double relative[MODELS]) {
    int fit = 0;
    for (int d = 1; d < MODELS; d++)
        if (lock->models[d].evidence < lock->models[fit].evidence)
            fit = d;
    if (lock->models[fit].frames < 2)
        return;
    /* the mean of a normal variable's size is 0.8 deviations */
    double size = fmin(relative[fit] * (1 + 4.0 / lock->models[fit].frames), 4) * lock->noise;
    lock->noise = fmax(lock->noise + 0.05 * (1.25 * size - lock->noise), LEAST_NOISE_NS);
}

static void measure(cf_phase_lock *lock, uint64_t sequence, double phase) {
    double relative[MODELS];
    for (int d = 0; d < MODELS; d++) {
        model *m = &lock->models[d];
        relative[d] = follow(lock, d, sequence, phase);
        m->evidence = m->evidence * FADING + fmin(relative[d] * relative[d], WORST);
    }
    learn_noise(lock, relative);
    if (lock->looked >= START && lock->mode != CF_PHASE_LOCK_IGNORED)
        choose(lock);
    const model *m = &lock->models[lock->best];
    int is_steady = m->frames >= SURE && fabs(m->phase) < LOCKED_NS;
    lock->steady = is_steady ? lock->steady + (lock->steady < PROVEN) : 0;
    if (lock->steady == PROVEN)
        lock->tries = 0;
}

/* A setting beyond nominal that the camera can take. */
static double rounded(const cf_phase_lock *lock, double beyond) {
    double nominal = (double)lock->params.nominal_ns;
    double setting_ns = round((nominal + beyond) / lock->step) * lock->step - nominal;
    return fmax(fmin(setting_ns, lock->most), lock->least);
}

/* The way to go from `phase`, ahead or back to the next turn, whichever takes fewer frames. */
static double shorter_way(const cf_phase_lock *lock, double phase, double steady) {
    double period = (double)lock->params.nominal_ns;
    double around = phase > 0 ? phase - period : phase + period;
    double faster = fmax(steady - lock->least, 1), slower = fmax(lock->most - steady, 1);
    double frames = fabs(phase) / (phase > 0 ? faster : slower);
    double frames_around = fabs(around) / (phase > 0 ? slower : faster);
    return frames_around + PATIENCE < frames ? around : phase;
}

/* The setting, beyond nominal and rounded, that would bring the phase of the frame after the one on
 * which it shows to zero. */
static double aim(cf_phase_lock *lock) {
    const model *m = &lock->models[lock->best];
    double phase = m->phase;
    for (int k = 0; k < lock->best; k++)
        phase += m->drift + lasts(lock, lock->best, lock->sequence + (uint64_t)k);
    phase = shorter_way(lock, wrap(lock, phase), -m->drift);
    return rounded(lock, -m->drift - phase);
}

/* What to set now, beyond nominal. */
static double steer(cf_phase_lock *lock) {
    const model *m = &lock->models[lock->best];
    if (lock->mode == CF_PHASE_LOCK_IGNORED)
        return rounded(lock, 0);
    if (lock->looked < START || m->frames < SURE) {
        lock->mode = CF_PHASE_LOCK_MEASURING;
        return rounded(lock, 0);
    }
    int is_possible = -m->drift >= lock->least && -m->drift <= lock->most;
    lock->out_of_range = is_possible ? 0 : lock->out_of_range + (lock->out_of_range < PATIENCE);
    if (lock->out_of_range == PATIENCE) {
        double wanted = (double)lock->params.nominal_ns - m->drift;
        if (lock->tries > 0 && wanted >= (double)lock->params.min_ns &&
            wanted <= (double)lock->params.max_ns)
            try_otherwise(lock);
        else
            lock->mode = CF_PHASE_LOCK_OUT_OF_RANGE;
        return rounded(lock, 0);
    }
    lock->mode = CF_PHASE_LOCK_STEERING;
    return aim(lock);
}

/* Brings history and models to frame `sequence`; what was set stays in force. */
static void advance(cf_phase_lock *lock, uint64_t sequence) {
    double last = *setting(lock, lock->sequence);
    if (sequence - lock->sequence > MAX_GAP) {
        for (int k = 0; k < HISTORY; k++)
            lock->settings[k] = last;
        for (int d = 0; d < MODELS; d++)
            lock->models[d].frames = 0;
        lock->sequence = sequence;
    }
    for (uint64_t s = lock->sequence; s != sequence; s++)
        *setting(lock, s + 1) = last;
}

int64_t cf_phase_lock_update(cf_phase_lock *lock, uint64_t sequence, int64_t phase_ns) {
    uint64_t late = lock->sequence - sequence; /* a frame again, or one that was overtaken */
    if (lock->is_started && late < HISTORY)
        return 0;
    int is_first = !lock->is_started;
    lock->is_started = 1;
    if (is_first)
        lock->sequence = sequence;
    advance(lock, sequence);
    if (lock->looked >= 0)
        measure(lock, sequence, wrap(lock, (double)phase_ns));
    lock->sequence = sequence;
    lock->looked += lock->looked < START;
    double before = *setting(lock, sequence), now = steer(lock);
    *setting(lock, sequence) = now;
    return now != before || is_first ? (int64_t)round((double)lock->params.nominal_ns + now) : 0;
}

cf_phase_lock_state cf_phase_lock_status(const cf_phase_lock *lock) {
    const model *m = &lock->models[lock->best];
    return (cf_phase_lock_state){.mode = lock->mode,
                                 .is_locked =
                                     lock->mode == CF_PHASE_LOCK_STEERING && lock->steady >= STEADY,
                                 .delay = lock->best < DEAF ? lock->best : lock->params.delay,
                                 .phase_us = m->phase * 1e-3,
                                 .drift_ppm = m->drift / (double)lock->params.nominal_ns * 1e6,
                                 .noise_us = lock->noise * 1e-3};
}
