/* SPDX-License-Identifier: Apache-2.0 */
/* Is a photograph black and white, whatever tone its paper or age gave it? And its luminance. */
#ifndef CHROMAFUSE_TOOLS_TONING_H
#define CHROMAFUSE_TOOLS_TONING_H

#include "base/image.h"

/*
 * How far a picture's chroma follows its brightness. Sepia, cyanotype, yellowed and faded pictures
 * lie along one line in Lab: each grey has one tint. All in Lab ab units, over blocks of 1/32 to
 * 1/16 of the longer side, so that JPEG's and the film's colour noise average out.
 */
typedef struct {
    double chroma;   /* mean distance from grey of the pixels */
    double residual; /* root mean square distance of the blocks from the line */
    double worst;    /* the distance that 2 % of the blocks exceed */
    int is_monochrome;
} cf_toning;

/*
 * Measures one plane of CF_PIXEL_RGB8 or RGB16, sRGB-coded. Monochrome: residual at most 1.7, worst
 * at most 4.8, and residual at most 0.8 or a fifth of the chroma, for a photograph of little
 * colour is no toned one. CF_ERR_MEMORY.
 */
cf_status cf_toning_measure(const cf_image *rgb, cf_toning *out);

/* Rec.709 luminance, linear, as one plane of CF_PIXEL_F32; *out is allocated. CF_ERR_MEMORY. */
cf_status cf_luminance_of(const cf_image *rgb, cf_image *out);

#endif
