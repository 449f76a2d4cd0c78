/* SPDX-License-Identifier: Apache-2.0 */
/* Finds a 24-patch chart in a picture. */
#ifndef CHROMAFUSE_TOOLS_CHART_FIND_H
#define CHROMAFUSE_TOOLS_CHART_FIND_H

#include "base/image.h"
#include "calib/chart.h"
#include "tools/homography.h"

/* Where a chart lies. */
typedef struct {
    /* (column, row) of the chart, patch centres at integers from (0, 0) to (5, 3), to pixels whose
     * centres are integers */
    cf_homography to_picture;
    double pitch;     /* smallest distance of neighbouring patches' centres, pixels */
    double agreement; /* 0..1: how much of the patches' colour the reference explains */
    int found;        /* patches that were seen as such; 0 for corners given by hand */
    unsigned char outside[CF_CHART_PATCHES]; /* 1: out of the picture, in part or whole */
} cf_chart_place;

/*
 * Searches a linear picture (F32; 3 planes for colour, roughly white-balanced, or 1) for a chart at
 * any turn and perspective, seen from its front. Even regions (chart_blobs.h) that stand in a grid
 * are extended to the largest grid, at three scales if need be; where on it the chart lies, and
 * which way up, is what the patches' colours tell: the place where a linear mixture of the
 * reference explains them best. CF_ERR_FORMAT, with a line that names `name` and says what to do,
 * when there is none, or it is cut off by the picture's edge; CF_ERR_MEMORY.
 */
cf_status cf_chart_find(const char *name, const cf_image *picture,
                        const cf_chart_reference *reference, cf_chart_place *out);

/*
 * The same from the centres of the four corner patches (dark skin, bluish green, black, white) in
 * any order that goes round the chart. CF_ERR_INVALID: no quadrangle, outside the picture, or the
 * patches there do not look like the chart's.
 */
cf_status cf_chart_place_corners(const char *name, const cf_image *picture,
                                 const cf_chart_reference *reference, const double corners[4][2],
                                 cf_chart_place *out);

/* How much of a picture's colours at a place the reference explains, 0..1, and what lies outside;
 * fills the place's fields but found. */
void cf_chart_judge(const cf_image *picture, const cf_chart_reference *reference,
                    cf_chart_place *place);

/* A place on a picture of means of bin x bin pixels becomes one on the picture that it was made of.
 */
void cf_chart_place_scale(cf_chart_place *place, double bin);

#endif
