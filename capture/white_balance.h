/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the exposure brain: what a camera sees of a neutral, from the colours of a scene. */
#ifndef CHROMAFUSE_CAPTURE_WHITE_BALANCE_H
#define CHROMAFUSE_CAPTURE_WHITE_BALANCE_H

#include "calib/profile.h"

#define CF_WHITE_POINTS 32

/* Where neutrals of a camera can lie: ln(R/G) and ln(B/G) along the lights of 12000 to 2000 K. */
typedef struct {
    double u[CF_WHITE_POINTS], v[CF_WHITE_POINTS]; /* u rises, v falls */
    int is_known; /* 0: the profile says nothing of daylight; a typical sensor's was taken */
} cf_white_locus;

/*
 * From the profile's neutral, which is taken to be daylight of 6500 K, and its colour matrix:
 * neutral(T) = neutral(D65) * ccm^-1 light(T). A profile whose neutral is (1,1,1) knows none.
 */
void cf_white_locus_of(const cf_camera_profile *profile, cf_white_locus *out);

/*
 * The estimate from cells of camera RGB (black 0, unclipped), which are put in another order. The
 * bright pixels of a scene are mostly neutral (Joze et al., "The role of bright pixels in
 * illumination estimation", CIC 20, 2012); of those only the ones near the locus are asked, and
 * bright is a cell whose weakest channel is, once it is balanced. The mean of the brightest tenth
 * decides on the balance, again and again until it stays, and is moved most of the way to the
 * locus. neutral: green 1. Returns how much the scene said, 0..1 (0: neutral is a typical one).
 */
double cf_white_estimate(const cf_white_locus *locus, float (*cells)[3], int count,
                         double neutral[3]);

#endif
