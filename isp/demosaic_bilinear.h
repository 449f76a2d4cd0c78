/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `demosaic_bilinear`: white balance and full colour by averaging the nearest samples. */
#ifndef CHROMAFUSE_ISP_DEMOSAIC_BILINEAR_H
#define CHROMAFUSE_ISP_DEMOSAIC_BILINEAR_H

#include "isp/demosaic.h"

/*
 * in  raw  1 plane, 0 black .. 1 white, Bayer mosaic in any of the four orders
 * out rgb  3 planes R, G, B: white-balanced camera RGB; measured samples pass unchanged but for
 *          their gain, the others are means of the 2 or 4 nearest of their colour
 *
 * Blurs and shows zippers, so it is nothing to look at; but its ratios of colours are better than
 * those of stage `demosaic`, whose overshoots in linear light make false chroma on saturated
 * texture, and its noise is white. Where detail comes from elsewhere, as in fusion, it is the one
 * to use.
 *
 * Border: mirrored without repeating the edge sample. Parameters as stage `demosaic`; scale and
 * offset have no effect. margin 1.
 */
cf_status cf_demosaic_bilinear_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_demosaic_bilinear;

#endif
