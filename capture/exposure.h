/* SPDX-License-Identifier: Apache-2.0 */
/* One brain for both cameras' exposure and the colour camera's white balance. */
#ifndef CHROMAFUSE_CAPTURE_EXPOSURE_H
#define CHROMAFUSE_CAPTURE_EXPOSURE_H

#include "capture/source.h"

#define CF_EXPOSURE_LOW 4

/* What a frame's brightness looks like, from a grid of 2x2 cells of it; 0 black .. 1 white. */
typedef struct {
    double mean[3]; /* of unclipped cells: camera R, G, B; mono: all equal. 0 where all clip */
    double bright;  /* 99th percentile of the cells' brightest channel; 1 where it clips */
    double low[CF_EXPOSURE_LOW]; /* 90th, 50th, 10th and 1st percentile of the same */
    double clipped;              /* share of cells with a pixel at white */
    double neutral[3];           /* estimate of what the camera sees of a neutral, green 1 */
    double neutral_weight;       /* 0..1: how much the scene says about it; 0 for mono */
} cf_exposure_statistics;

/*
 * Measures a frame, packed or not; under a millisecond at 1920x1080. White balance: the mean of the
 * brightest tenth of the cells whose colour could be a neutral's under daylight or a lamp of
 * 2000..12000 K (capture/white_balance.h). CF_ERR_INVALID for a frame without levels or smaller
 * than 2x2.
 */
cf_status cf_exposure_measure(const cf_frame *frame, cf_exposure_statistics *out);

typedef struct {
    cf_control_range exposure_ns[2], gain[2]; /* of the cameras: 0 mono, 1 colour; all 0: none */
    double sensitivity;  /* mono signal over colour (green) signal at equal exposure and gain,
                            0.1..100; 0: learned from the frames, 4 to begin with */
    double target;       /* where `bright` is to lie, 0.05..0.95 */
    double flicker_hz;   /* mains: 50, 60; 0: no care. Exposures are multiples of half a cycle
                            wherever one fits */
    int64_t longest_ns;  /* against motion blur; 0: the frame duration */
    int64_t frame_ns[2]; /* frame durations: exposures stay below; 0: no such limit */
    int manual_white;    /* 1: leave white balance alone */
} cf_exposure_params;
#define CF_EXPOSURE_DEFAULTS                                                                       \
    { .target = 0.7 }

typedef struct cf_exposure cf_exposure;
/* CF_ERR_INVALID for a parameter out of range, CF_ERR_MEMORY. */
cf_status cf_exposure_create(const cf_exposure_params *params, cf_exposure **out);
void cf_exposure_destroy(cf_exposure **exposure);

/* What to set now, and what the colour camera's frames are to say of neutral. */
typedef struct {
    int changed[2]; /* 1: controls[i] is new */
    cf_source_controls controls[2];
    float neutral[3];
    double sensitivity; /* as given or learned */
    double mono_gain;   /* what scales this mono frame to this colour frame's exposure: neutrals are
                           then equally bright in the mono picture and the green pixels */
    int is_settled;     /* nothing had to be set for some frames */
    int is_limited;     /* too dark or too bright for what the cameras can do */
} cf_exposure_decision;

/*
 * Looks at one pair and decides. Each frame tells the exposure and gain it was taken with, and what
 * is learned from it is the light, which does not depend on them: how late settings show does not
 * matter. A camera that does not tell is believed eight frames after a setting. A control that
 * stays elsewhere than it was set is taken as fixed, until it moves.
 *
 * docs/capture.md, "Exposure and white balance", has the rules. Constant time and memory.
 */
cf_status cf_exposure_update(cf_exposure *exposure, cf_frame *const pair[2],
                             cf_exposure_decision *out);

#endif
