/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `match_search`: semi-global matching over the whole disparity range, both views. */
#ifndef CHROMAFUSE_FUSION_MATCH_SEARCH_H
#define CHROMAFUSE_FUSION_MATCH_SEARCH_H

#include "isp/stage.h"

/*
 * in  left, right    8 bit, one rectified grid: left x matches right x - d (from match_prepare)
 * out disparity        of every left pixel, in pixels of this grid, sub-pixel
 *     right_disparity  of every right pixel (left x = right x + d), by a search of its own: what
 *                      both find is worth more than what one volume gives in two directions
 *
 * Cost of a pair of pixels: the intensity difference, clipped at `truncate`, outside of the span
 * of the other view's pixel and its half-way neighbours (Birchfield, Tomasi 1998), plus 5/4 of the
 * Hamming distance of two 16-neighbour census words. Equal exposure and known spectral weights make
 * intensities comparable, so they carry the decision; census helps where they are slightly off.
 * Averaged over (2 radius + 1)^2 pixels, 0..140. Positions outside the other picture cost
 * `outside`.
 * Semi-global aggregation (Hirschmueller 2008) along 4 directions with p1 for steps of 1 and, for
 * larger ones, p2 * 20 / (20 + intensity step), not below p2_min. Winner takes all, larger
 * disparity on a tie (right view: smaller); the two-line fit around it gives the fraction. Integers
 * throughout, so the result is the same on every device.
 */
typedef struct {
    int d_min;          /* smallest disparity, pixels of this grid; -64..512 */
    int count;          /* disparities d_min, d_min + 1, ...; 1..256 */
    int radius;         /* of the averaging window; 1 or 2 */
    int p1, p2, p2_min; /* in units of cost; 0..1000 */
    int truncate;       /* of the intensity difference, 8-bit roots; 0..120 */
    int outside;        /* cost of a position outside the other picture; 0..140 */
} cf_match_search_params;
#define CF_MATCH_SEARCH_DEFAULTS                                                                   \
    {                                                                                              \
        .d_min = 0, .count = 64, .radius = 1, .p1 = 15, .p2 = 90, .p2_min = 30, .truncate = 120,   \
        .outside = 35                                                                              \
    }

/* The definition of correct; cf_stage_match_search holds both. */
cf_status cf_match_search_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_match_search;

#endif
