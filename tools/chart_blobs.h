/* SPDX-License-Identifier: Apache-2.0 */
/* Patches of even colour in a picture: the first step of finding a chart. */
#ifndef CHROMAFUSE_TOOLS_CHART_BLOBS_H
#define CHROMAFUSE_TOOLS_CHART_BLOBS_H

#include "base/image.h"

#define CF_BLOBS_MAX 600

typedef struct {
    double x, y;  /* centre, pixels */
    double area;  /* pixels */
    double shape; /* 1: a parallelogram; 1.05: an ellipse; less: ragged */
} cf_blob;

/*
 * Finds regions of even colour about as long as wide (4 to 1 at most) that look like parallelograms
 * and touch no border, in a linear picture (1 or 3 planes of F32). Regions are where the gradient
 * of the square root of the light stays below a threshold; several thresholds are tried, for
 * contrast and noise are not known, and the largest regular region at a place is kept. Returns how
 * many, at most CF_BLOBS_MAX (the most regular ones); -1 when memory is out.
 */
int cf_chart_blobs(const cf_image *picture, cf_blob *out);

#endif
