/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the simulated cameras: what outlives the closing of one that went wrong, so that it is
 * away for its time and does not fail the same way again. */
#ifndef CHROMAFUSE_CAPTURE_SIM_FAULT_H
#define CHROMAFUSE_CAPTURE_SIM_FAULT_H

#include "base/status.h"

typedef struct {
    long number; /* frames taken before the camera was opened again */
    int was_unplugged, was_stalled;
    int is_gone, is_stalled; /* 1: now */
} cf_sim_fault;

/* What the process remembers of the camera; zeros for a new one. CF_ERR_DEVICE: still away. */
cf_status cf_sim_fault_open(const char *camera, cf_sim_fault *out);

/* The camera fails after `number` frames and is away for a time; away_s < 0: it only stalls. */
void cf_sim_fault_begin(const char *camera, long number, double away_s, cf_sim_fault *fault);

/* Forgets the camera, unless it is closed because it failed. */
void cf_sim_fault_close(const char *camera, const cf_sim_fault *fault);

#endif
