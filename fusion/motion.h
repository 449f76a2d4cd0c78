/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `motion`: where every part of the mono picture was in the frame before, and how sure that
 * is. */
#ifndef CHROMAFUSE_FUSION_MOTION_H
#define CHROMAFUSE_FUSION_MOTION_H

#include "fusion/motion_shared.h"
#include "isp/stage.h"

/*
 * in  guide  1 plane, sqrt of linear mono, usually 0..1 (stage guide); taken as 0..4
 *     sigma  1 plane, its noise
 *     last   1 plane, half size: output `small` of the frame before; zeros: there was none
 * out motion 4 planes at nodes CF_MOTION_STEP pixels apart, the first at pixel 0, the last at or
 *            beyond the last pixel, to be interpolated linearly (fusion/lookup.h):
 *            x, y   what is at p now was at p + (x, y) in the frame before; pixels
 *            shift  guide now minus guide then, as the light changed
 *            share  confidence 0..1 that this is the same surface
 *     small  1 plane, half size, 16-bit codes: 4092 (sum of 4 pixels, CF_MOTION_WHITE each) for
 *            guide 1
 *
 * Patches of 8 x 8 half-size pixels around every node are compared by the sum of absolute
 * differences without their mean, so that a change of light does not matter: coarse to fine over
 * pictures of half the size until one side would fall below 16. The coarsest tries a whole window;
 * finer ones try the vectors of the coarse nodes around, none at all, and what is one pixel from
 * the best. Then every level tries what its neighbours found. A vector pays `smooth` for each pixel
 * that it differs from the middle of the nodes around, and eight times as much for starting from a
 * standstill, more where there is noise: flat walls follow what is around them, and what stands
 * still has exactly no motion. At last two Gauss-Newton steps, as far as they gain more than noise.
 *
 * share falls with what is left of the difference, measured by noise, `slack` and the patch's own
 * contrast; where neighbouring vectors part, for between them lies neither; with a change of light
 * unlike that of the whole picture; and with the mean share of the picture once it is below `cut`:
 * after a scene cut what fits by chance counts no longer.
 *
 * Pictures with a side below 31 pixels: no motion, share 0. What is not a number counts as guide 0,
 * sigma 0.
 */
typedef struct {
    float slack;    /* difference of guides without noise that means nothing, > 0 */
    float contrast; /* the same as a share of a patch's mean difference from its mean */
    float light; /* change of a patch's mean that means little beyond the picture's, share of it */
    float
        smooth; /* mean difference that a vector must win over a pixel nearer to its neighbours' */
    float cut;  /* mean share of a picture that shows the same scene, 0..1 */
} cf_motion_params;
#define CF_MOTION_DEFAULTS                                                                         \
    { .slack = 0.006F, .contrast = 0.35F, .light = 0.06F, .smooth = 0.001F, .cut = 0.6F }

cf_status cf_motion_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_motion;

#endif
