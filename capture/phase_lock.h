/* SPDX-License-Identifier: Apache-2.0 */
/* Brings two free-running cameras into step by steering the frame duration of one. */
#ifndef CHROMAFUSE_CAPTURE_PHASE_LOCK_H
#define CHROMAFUSE_CAPTURE_PHASE_LOCK_H

#include <stdint.h>

#include "base/status.h"

typedef struct {
    int64_t nominal_ns;     /* frame duration at which both run, 1 us .. 100 s */
    int64_t min_ns, max_ns; /* what the steered camera can do; nominal_ns is within. Best on both
                               sides of it: a camera that cannot go faster can only wait for its
                               next turn, and not follow a faster one */
    int64_t step_ns;        /* its control takes multiples of this; 0: 1 */
    int delay;              /* frames until a setting shows, 0..16, as a guess: it is measured */
} cf_phase_lock_params;
#define CF_PHASE_LOCK_DEFAULTS                                                                     \
    { .delay = 3 }

typedef enum {
    CF_PHASE_LOCK_MEASURING, /* how far apart and how fast they drift; nothing is steered */
    CF_PHASE_LOCK_STEERING,
    CF_PHASE_LOCK_IGNORED,      /* the camera does not do what it is told, not even with a tenth of
                                   the range or by being slowed only: given up until a reset */
    CF_PHASE_LOCK_OUT_OF_RANGE, /* the needed frame duration is not within min_ns..max_ns: nominal,
                                   until it is */
} cf_phase_lock_mode;

typedef struct {
    cf_phase_lock_mode mode;
    int is_locked;    /* 1: |phase_us| has stayed below 100 us for 10 frames */
    int delay;        /* frames until a setting shows, as measured */
    double phase_us;  /* estimated, steered minus leading camera, +-half a period */
    double drift_ppm; /* estimated: how much longer the steered camera's frames are at nominal_ns */
    double noise_us;  /* estimated standard deviation of the phases given */
} cf_phase_lock_state;

typedef struct cf_phase_lock cf_phase_lock;
cf_status cf_phase_lock_create(const cf_phase_lock_params *params, cf_phase_lock **out);
void cf_phase_lock_destroy(cf_phase_lock **lock);

/*
 * One frame of the steered camera and its phase: its time minus that of the leading camera's
 * nearest frame (and minus the rig's offset), any multiple of the period may be in it. sequence:
 * the steered camera's count; missed frames are fine, one again or overtaken is passed over.
 * Returns the frame duration to set now, rounded; 0: leave it. Constant time, no allocation.
 */
int64_t cf_phase_lock_update(cf_phase_lock *lock, uint64_t sequence, int64_t phase_ns);

/* The camera was started anew: forget what was set and measured. */
void cf_phase_lock_reset(cf_phase_lock *lock);

cf_phase_lock_state cf_phase_lock_status(const cf_phase_lock *lock);

#endif
