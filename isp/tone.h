/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `tone`: exposure and contrast that a person wants to see; colours keep their hue. */
#ifndef CHROMAFUSE_ISP_TONE_H
#define CHROMAFUSE_ISP_TONE_H

#include "isp/stage.h"

/*
 * in  picture 1 plane (mono) or 3 planes (R, G, B), linear
 * in  values  of stage `statistics` for the same scene: CF_STATISTICS_VALUES planes of which only
 *             the first sample counts
 * out toned   as many planes, linear, 0..1
 *
 * One curve for the whole picture, so nothing halos. With L the geometric mean of luminance and Pn
 * its percentiles:
 *   gain  = (key / L)^strength, kept in 1/max_gain..max_gain
 *   black = the smaller of gain * P1 and toe
 *   x     = (gain * Y - black) / (1 - black)
 *   Y'    = x up to knee, then bent to reach 1 where gain * P99.5 comes to lie (with the slope
 *           unbroken at the knee); a scene without such highlights is not bent
 * Colours are scaled by Y' / Y; what leaves 0..1 is moved towards grey at constant Y'. A black
 * picture passes with gain 1. Point-wise given the table: margin 0.
 */
typedef struct {
    float key;        /* linear value that the geometric mean is pulled to */
    float strength;   /* 0: exposure stays, 1: it always reaches key */
    float max_gain;   /* limit of brightening and of darkening */
    float toe;        /* largest black level that is taken off, linear, after gain */
    float knee;       /* where highlights begin to bend, 0..1 */
    float weights[3]; /* luminance of R, G, B */
} cf_tone_params;
#define CF_TONE_DEFAULTS                                                                           \
    {                                                                                              \
        .key = 0.14F, .strength = 0.6F, .max_gain = 8, .toe = 0.006F, .knee = 0.5F, .weights = {   \
            0.2126F,                                                                               \
            0.7152F,                                                                               \
            0.0722F                                                                                \
        }                                                                                          \
    }

/* The definition of correct; cf_stage_tone holds both. */
cf_status cf_tone_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_tone;

#endif
