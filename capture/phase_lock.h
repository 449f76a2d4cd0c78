/* SPDX-License-Identifier: Apache-2.0 */
/* Brings two free-running cameras into step by steering the frame duration of one. */
#ifndef CHROMAFUSE_CAPTURE_PHASE_LOCK_H
#define CHROMAFUSE_CAPTURE_PHASE_LOCK_H

#include <stdint.h>

#include "base/status.h"

typedef struct {
    int64_t nominal_ns;     /* frame duration at which both run, > 0 */
    int64_t min_ns, max_ns; /* what the steered camera can do, around nominal_ns */
    int64_t step_ns;        /* to which its control is rounded; 0: 1 */
    int delay;              /* frames until a setting shows, 0..16; default 3 */
} cf_phase_lock_params;
#define CF_PHASE_LOCK_DEFAULTS                                                                     \
    { .delay = 3 }

typedef struct {
    int is_locked;    /* 1: |phase| has stayed below 100 us */
    double phase_us;  /* estimated, steered minus leading camera, +-half a period */
    double drift_ppm; /* estimated difference of the clocks */
} cf_phase_lock_state;

typedef struct cf_phase_lock cf_phase_lock;
cf_status cf_phase_lock_create(const cf_phase_lock_params *params, cf_phase_lock **out);
void cf_phase_lock_destroy(cf_phase_lock **lock);

/*
 * One frame of the steered camera and its phase: its time minus that of the leading camera's
 * nearest frame (and minus the rig's offset), any multiple of the period may be in it. sequence:
 * the steered camera's count. Returns the frame duration to set now, rounded; 0: leave it.
 */
int64_t cf_phase_lock_update(cf_phase_lock *lock, uint64_t sequence, int64_t phase_ns);

/* The camera was started anew: forget what was set and measured. */
void cf_phase_lock_reset(cf_phase_lock *lock);

cf_phase_lock_state cf_phase_lock_status(const cf_phase_lock *lock);

#endif
