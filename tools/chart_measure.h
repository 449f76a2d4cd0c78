/* SPDX-License-Identifier: Apache-2.0 */
/* A chart's patches in a raw picture. */
#ifndef CHROMAFUSE_TOOLS_CHART_MEASURE_H
#define CHROMAFUSE_TOOLS_CHART_MEASURE_H

#include "calib/color_fit.h"
#include "capture/frame.h"
#include "tools/chart_find.h"

typedef enum {
    CF_PATCH_FINE = 0,
    CF_PATCH_CLIPPED, /* more than 1 % of its samples reach the white level */
    CF_PATCH_UNEVEN,  /* it varies much more than noise explains: covered, shiny, written on */
    CF_PATCH_DARK,    /* no light beyond the noise, or more than 15 % of its samples at code 0 */
    CF_PATCH_SMALL,   /* less than 9 samples of a colour */
} cf_patch_state;

typedef struct {
    cf_chart_view view;
    cf_patch_state state[CF_CHART_PATCHES];
    double spread[CF_CHART_PATCHES]; /* relative standard deviation over the patch that noise does
                                        not explain */
} cf_chart_sample;

/* "clipped", "uneven", ... */
const char *cf_patch_state_name(cf_patch_state state);

/*
 * A picture to search: means of bin x bin pixels of a raw, bin as small as keeps the longer side
 * within `longest`, but at least the mosaic's 2 for colour; black at 0, white at 1, shading evened
 * out, colour roughly white-balanced by the raw's neutral. A point (x, y) of it is ((x + 0.5) * bin
 * - 0.5, ...) of the raw. Free *out with cf_image_free. CF_ERR_INVALID: smaller than 32 x 32 then.
 */
cf_status cf_chart_picture(const char *name, const cf_frame *frame, int longest, cf_image *out,
                           int *bin);

/*
 * Means over the middle of each patch (0.55 of the pitch wide), outliers and defects left out,
 * black subtracted and shading evened out. place: in the raw's pixels.
 */
void cf_chart_measure(const cf_frame *frame, const cf_chart_place *place, cf_chart_sample *out);

#endif
