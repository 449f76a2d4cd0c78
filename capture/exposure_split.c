/* SPDX-License-Identifier: Apache-2.0 */
/* Divides a product of exposure and gain. */
#include "capture/exposure_split.h"

#include <math.h>

static double within(double value, double min, double max) {
    return fmin(fmax(value, min), max);
}

cf_exposure_split cf_exposure_divide(const cf_exposure_room *r, double product) {
    double exposure = within(product / r->gain_min, r->exposure_min, r->exposure_max);
    double cycles = r->half_cycle > 0 ? floor(exposure / r->half_cycle * (1 + 1e-9)) : 0;
    if (cycles >= 1 && r->exposure_max > r->exposure_min)
        exposure = fmax(cycles * r->half_cycle, r->exposure_min);
    return (cf_exposure_split){exposure, within(product / exposure, r->gain_min, r->gain_max)};
}
