/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `defects`: replaces samples of broken pixels, known ones and ones far outside the noise. */
#ifndef CHROMAFUSE_ISP_DEFECTS_H
#define CHROMAFUSE_ISP_DEFECTS_H

#include "isp/stage.h"

/*
 * in  raw   1 plane, 0 black .. 1 white
 * in  list  3 planes of one row, from cf_defects_list: x, y (-1: no entry), and the neighbours that
 *           are not broken themselves as bits
 * out fixed 1 plane
 *
 * Neighbours are the eight of the same colour, `step` pixels away; borders are mirrored without
 * repeating the edge, which keeps the mosaic's phase. A replaced sample is the mean of the two
 * opposite neighbours that differ least.
 *
 * A sample that no list names is replaced only when all of this holds:
 *  - it lies beyond all eight neighbours by more than threshold * sigma of the nearest of them
 *    + 5 * (their range beyond 3 sigma) + 0.05 of white: texture has range, a broken pixel's
 *    surroundings know nothing of it;
 *  - the pixels beside it, of whatever colour, do not rise (or fall) with it by 7 %: light is
 *    spread by the lens, so a star does not fit into one pixel.
 * Without a noise model (scale and offset 0) only listed pixels are replaced.
 */
typedef struct {
    int step;        /* pixels between samples of one colour: 1 mono, 2 Bayer */
    float threshold; /* standard deviations; 0: only listed pixels */
    float scale;     /* noise variance = scale * x + offset */
    float offset;
} cf_defects_params;
#define CF_DEFECTS_DEFAULTS                                                                        \
    { .step = 2, .threshold = 8, .scale = 1e-4F, .offset = 1e-6F }

/*
 * The list for input port 1 from the camera's defects: a host plane set whose data the caller frees
 * with cf_free. Entries outside the picture are dropped. No defects: one empty entry.
 */
cf_status cf_defects_list(const cf_camera_profile *camera, cf_plane_set *list);

/* The definition of correct; cf_stage_defects holds both. */
cf_status cf_defects_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_defects;

#endif
