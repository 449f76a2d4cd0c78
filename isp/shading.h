/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `shading`: evens out what lens and sensor lose towards the corners. */
#ifndef CHROMAFUSE_ISP_SHADING_H
#define CHROMAFUSE_ISP_SHADING_H

#include "isp/stage.h"

/*
 * in  raw    1 plane, linear with black at 0
 * in  gains  4 planes of any size, one per site (y & 1) * 2 + (x & 1), from cf_shading_gains; the
 *            grid's corner points lie on the centres of the picture's corner pixels
 * out flat   1 plane: raw * gain, gain interpolated bilinearly in the grid
 * Point-wise: margin 0. Noise grows with the gain: its variance with the gain's square.
 */

/*
 * The grid for input port 1 from the camera's shading: a host plane set whose data the caller frees
 * with cf_free. One plane serves all four sites; no shading gives a single 1.
 */
cf_status cf_shading_gains(const cf_camera_profile *camera, cf_plane_set *gains);

/* The definition of correct; cf_stage_shading holds both. No parameters. */
cf_status cf_shading_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_shading;

#endif
