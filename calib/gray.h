/* SPDX-License-Identifier: Apache-2.0 */
/* Small grey pictures for registration: made from raws, halved, searched for corners, matched. */
#ifndef CHROMAFUSE_CALIB_GRAY_H
#define CHROMAFUSE_CALIB_GRAY_H

#include "base/image.h"
#include "calib/profile.h"

/* A tight float picture; NaN marks what is unknown. */
typedef struct {
    int width, height;
    float *v; /* owned */
} cf_gray;

/* CF_ERR_MEMORY, with *out cleared, when memory is out. */
cf_status cf_gray_alloc(int width, int height, cf_gray *out);
void cf_gray_free(cf_gray *g);

/*
 * Means of bin x bin pixels of a raw picture (1 plane U16), as square roots, so that noise is about
 * even. A colour raw is weighted by the mono camera's spectral response; its bin is a multiple of
 * 2, or 1: interpolated linearly between its sites. Pixel (i, j) has its centre at (i * bin + (bin
 * - 1) / 2, ...) of the raw. What is left over at the right and lower border is dropped;
 * CF_ERR_INVALID when nothing is left.
 */
cf_status cf_gray_from_raw(const cf_image *raw, const cf_camera_profile *profile,
                           const float spectral[3], int bin, cf_gray *out);

/* Means of 2 x 2. */
cf_status cf_gray_half(const cf_gray *in, cf_gray *out);

/* A point of the left picture and what was found for it in the right one, at (x - d, y + v). */
typedef struct {
    float x, y, d, v;
    float score; /* normalised correlation -1..1; -2: nothing found */
    float sigma; /* expected error of v by how sharp the correlation's peak is against its noise */
} cf_gray_match;

/*
 * Up to max corners (points whose surroundings change in both directions), spread over the picture,
 * at whole pixels at least margin from the border. Returns how many.
 */
int cf_gray_corners(const cf_gray *g, int margin, int max, cf_gray_match *out);

/* Whole-pixel search ranges, inclusive. */
typedef struct {
    int d0, d1, v0, v1;
} cf_gray_range;

/*
 * Searches the right picture for the (2 radius + 1)^2 surroundings of m (x, y) by normalised
 * correlation; whole disparities and rows of `range`, then parabolas for fractions. A match that is
 * not clearly better than a second one elsewhere (by `margin`), or at the range's end, has score
 * -2.
 */
void cf_gray_search(const cf_gray *left, const cf_gray *right, int radius, cf_gray_range range,
                    float margin, cf_gray_match *m);

#endif
