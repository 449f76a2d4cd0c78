/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the simulated cameras: settings that show some frames after they were made. */
#ifndef CHROMAFUSE_CAPTURE_SIM_CONTROLS_H
#define CHROMAFUSE_CAPTURE_SIM_CONTROLS_H

#include <pthread.h>

#include "capture/source.h"

#define CF_SIM_PENDING 16

typedef struct {
    pthread_mutex_t lock;
    cf_control_range exposure_ns, gain, frame_ns; /* of the camera */
    int delay;
    cf_source_controls now; /* as the frame that is being taken has them */
    long next;              /* number of the next frame */
    struct {
        long frame; /* from which on it holds */
        cf_source_controls set;
    } pending[CF_SIM_PENDING]; /* oldest first */
    int count;
} cf_sim_controls;

/* Starts at `now`. Ranges and delay are filled in by the caller. */
void cf_sim_controls_init(cf_sim_controls *controls, const cf_source_controls *now);
void cf_sim_controls_clear(cf_sim_controls *controls);

/* Made after frame n was given out: shows in frame n + delay; before the first frame at once. From
 * any thread. */
void cf_sim_controls_set(cf_sim_controls *controls, const cf_source_controls *set);

/* What the next frame is taken with; the one after it is then the next. */
cf_source_controls cf_sim_controls_advance(cf_sim_controls *controls);

#endif
