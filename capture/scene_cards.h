/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the scene: the two test cards. */
#ifndef CHROMAFUSE_CAPTURE_SCENE_CARDS_H
#define CHROMAFUSE_CAPTURE_SCENE_CARDS_H

#include "capture/scene_texture.h"

/* The 24 patches of the classic colour chart, row by row from dark skin to black: the sRGB values
 * that its maker published, 0..255. */
extern const unsigned char cf_chart_patches[24][3];

/* Patches on a dark board, on the front of a box. */
void cf_card_chart(cf_surface *surface, const cf_hit *hit);

/* White sheet: print from large to one millimetre, a Siemens star, bars of falling width. */
void cf_card_print(cf_surface *surface, const cf_hit *hit);

#endif
