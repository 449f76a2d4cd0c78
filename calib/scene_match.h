/* SPDX-License-Identifier: Apache-2.0 */
/* Points of the mono picture found again in the colour picture, on the grid that the present
 * knowledge of the lenses rectifies both to. */
#ifndef CHROMAFUSE_CALIB_SCENE_MATCH_H
#define CHROMAFUSE_CALIB_SCENE_MATCH_H

#include "calib/scene_geometry.h"
#include "calib/scene_picture.h"

#define CF_SCENE_POINTS 1280 /* of one pair, at most */

/* Levels where matches are searched and where they are refined last, and half sides of the
 * surroundings that are compared there. */
typedef struct {
    int first, last, search, refine;
    int points; /* 1..CF_SCENE_POINTS looked for in a pair */
    int both;   /* 1: looked for from the colour picture, too; what comes back elsewhere is left
                   out */
} cf_scene_effort;

/* Where to look, pixels of the grid: disparities d0..d1, heights -v..v. */
typedef struct {
    double d0, d1, v;
} cf_scene_reach;

/* Points of all pairs. */
typedef struct {
    int count, room;
    cf_gray_match *at;   /* pixels of the rectified grid */
    cf_scene_rays *rays; /* the same points, in whatever the fit needs; filled by the caller */
    unsigned char *inlier;
    int *pair;
} cf_scene_matches;

/* Room for `pairs` pairs. CF_ERR_MEMORY. */
cf_status cf_scene_matches_alloc(int pairs, cf_scene_matches *out);
void cf_scene_matches_free(cf_scene_matches *m);

/* Appends what is found in pair number `pair`. */
void cf_scene_match_pair(const cf_scene_pyramid *p, int pair, cf_scene_effort effort,
                         cf_scene_reach reach, cf_scene_matches *m);

#endif
