/* SPDX-License-Identifier: Apache-2.0 */
/* Broken pixels of a sensor, from dark and flat frames. */
#ifndef CHROMAFUSE_CALIB_DEFECT_FIND_H
#define CHROMAFUSE_CALIB_DEFECT_FIND_H

#include <stddef.h>

#include "base/image.h"
#include "calib/profile.h"

/*
 * Frames of one kind are averaged, and a pixel is compared with the median of the some 1000 pixels
 * of its mosaic site around it, their gradient taken off:
 *   hot   its dark code is higher by more than 6 robust standard deviations of the averaged dark
 *         pixels, and by more than 4 of a single frame's read noise;
 *   dead  its response to light (flat minus dark) is less than half of theirs: also stuck pixels;
 *   weak  its response differs by more than 6 robust standard deviations and by more than 20 %.
 * Normal noise alone brings one good pixel in a billion onto the list.
 */
typedef struct cf_defect_finder cf_defect_finder;

typedef enum { CF_DEFECT_HOT = 0, CF_DEFECT_DEAD, CF_DEFECT_WEAK } cf_defect_kind;

typedef struct {
    int x, y;
    cf_defect_kind kind;
    float value; /* hot: codes above black; dead and weak: response, 1 is normal */
} cf_found_defect;

typedef struct {
    cf_found_defect *list; /* owned: cf_defects_free; by row, then column */
    int count, kinds[3];
    int dropped; /* more than 1 % of the pixels, which a defect file may not hold: the mildest */
} cf_defects;

/* CF_ERR_INVALID for a size out of range. black: of each site, taken off flats where there are no
 * dark frames. */
cf_status cf_defect_finder_create(int width, int height, int is_color, const double black[4],
                                  cf_defect_finder **out);
void cf_defect_finder_destroy(cf_defect_finder **finder);

/* Each one plane of CF_PIXEL_U16; flats must not clip: CF_ERR_INVALID for another format or size,
 * or for more than 65535 frames of a kind. */
cf_status cf_defect_finder_add(cf_defect_finder *finder, const cf_image *frame, int is_dark);

/* read_codes: read noise of a single frame. Without dark frames nothing is hot, without flats
 * nothing dead or weak. CF_ERR_MEMORY. */
cf_status cf_defect_finder_find(const cf_defect_finder *finder, double read_codes, cf_defects *out);
void cf_defects_free(cf_defects *defects);

#endif
