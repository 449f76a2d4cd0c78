/* SPDX-License-Identifier: Apache-2.0 */
/* How far a picture is from the truth: PSNR, SSIM and CIEDE2000. */
#ifndef CHROMAFUSE_TOOLS_METRICS_H
#define CHROMAFUSE_TOOLS_METRICS_H

#include "base/image.h"

typedef struct {
    double psnr;      /* dB, peak 255, over R, G, B; 99 when equal */
    double ssim;      /* mean structural similarity, -1..1 */
    double ciede2000; /* mean colour difference; about 1 is just visible */
} cf_metrics;

/* Pixels left out at every side, as in published comparisons of stereo fusions. */
#define CF_METRICS_BORDER 16

/*
 * Compares two sRGB pictures (CF_PIXEL_RGB8) of equal size, `border` pixels left out at every side.
 * SSIM: Wang et al., "Image quality assessment: from error visibility to structural similarity"
 * (IEEE TIP 13:4, 2004) with a uniform 7x7 window, sample covariance, K1 0.01, K2 0.03 and range
 * 255 on R, G and B apart, windows inside the picture only: the definition of skimage's
 * structural_similarity. CF_ERR_INVALID for other formats, different sizes, or less than 7x7 pixels
 * inside the border.
 */
cf_status cf_metrics_compare(const cf_image *picture, const cf_image *truth, int border,
                             cf_metrics *out);

/* sRGB codes to CIELAB of the D65 white, 2 degree observer. */
void cf_lab_of_srgb8(const unsigned char rgb[3], double lab[3]);

#endif
