/* SPDX-License-Identifier: Apache-2.0 */
/* The table of a user's points, for C and OpenCL C. */
#ifndef CHROMAFUSE_FUSION_POINTS_SHARED_H
#define CHROMAFUSE_FUSION_POINTS_SHARED_H

#define CF_POINTS_ROWS 64 /* at most so many points */
/* First and last x, first and last y of the pixels that it covers; red, blue (fusion/chroma.h); how
 * much it counts, above 0 and at most 1. The first row where that is not above 0 ends the list. */
#define CF_POINTS_COLUMNS 7
#define CF_POINTS_WEIGHT 6 /* the last of them */

/* Rows of a table of that size that can be points. */
inline static int cf_points_rows(int width, int height) {
    int rows = height < CF_POINTS_ROWS ? height : CF_POINTS_ROWS;
    return width < CF_POINTS_COLUMNS ? 0 : rows;
}

#endif
