/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting a photo into pieces along its own edges. */
#ifndef CHROMAFUSE_TOOLS_TRAIN_RENDER_REGIONS_H
#define CHROMAFUSE_TOOLS_TRAIN_RENDER_REGIONS_H

#include "base/image.h"

#define CF_REGIONS_MAX 64

/*
 * Graph-based segmentation (Felzenszwalb and Huttenlocher, "Efficient Graph-Based Image
 * Segmentation", IJCV 2004) of a linear photo (CF_PIXEL_RGBF32): pixels join where they differ by
 * less than what their pieces hold already plus `coarseness` (about 0.5 .. 5, in square roots of
 * light) over their size; then the smallest piece joins the neighbour it differs from least until
 * none has less than least_area pixels and at most `most` (<= CF_REGIONS_MAX) are left. *count gets
 * how many; labels (CF_PIXEL_U8, of the photo's size, allocated here, free with cf_image_free) are
 * 0 .. *count - 1.
 */
cf_status cf_regions_cut(const cf_image *photo, double coarseness, int least_area, int most,
                         cf_image *labels, int *count);

#endif
