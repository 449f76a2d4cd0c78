/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the exposure brain: how much of a wanted product is exposure, how much is gain. */
#ifndef CHROMAFUSE_CAPTURE_EXPOSURE_SPLIT_H
#define CHROMAFUSE_CAPTURE_EXPOSURE_SPLIT_H

/* A camera's room. A control that cannot be set has min equal to max. */
typedef struct {
    double exposure_min, exposure_max; /* ns, > 0 */
    double gain_min, gain_max;         /* factors, > 0 */
    double half_cycle;                 /* ns; 0: no flicker to care for */
} cf_exposure_room;

typedef struct {
    double exposure, gain;
} cf_exposure_split;

/*
 * Exposure first, gain only for what exposure cannot give. From half a cycle of the mains on,
 * exposures are the largest multiple of it that is not too long; shorter ones are as they come.
 * The product is nearest to the wanted one; where gain cannot be set and the exposure is to be a
 * multiple it may fall short by half.
 */
cf_exposure_split cf_exposure_divide(const cf_exposure_room *room, double product);

#endif
