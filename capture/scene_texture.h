/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the scene: what its surfaces look like. */
#ifndef CHROMAFUSE_CAPTURE_SCENE_TEXTURE_H
#define CHROMAFUSE_CAPTURE_SCENE_TEXTURE_H

#include "capture/scene_trace.h"

enum {
    CF_MATERIAL_PLANKS,
    CF_MATERIAL_BRICK,
    CF_MATERIAL_CHART,
    CF_MATERIAL_PRINT,
    CF_MATERIAL_STRIPES,
    CF_MATERIAL_BEACH_BALL,
    CF_MATERIAL_ORANGE,
    CF_MATERIAL_MARBLE,
    CF_MATERIAL_GLOSSY,
    CF_MATERIAL_CRATE,
    CF_MATERIAL_LEAF,
    CF_MATERIAL_POT,
    CF_MATERIAL_PENCIL,
    CF_MATERIAL_CUP,
    CF_MATERIAL_POSTER,
    CF_MATERIAL_BOOK,
};

typedef struct {
    double albedo[3]; /* linear Rec.709, 0..1 */
    double shine;     /* strength of the highlight */
    double mirror;    /* share of the surroundings reflected, facing */
} cf_surface;

/* The surface at a hit. footprint: metres that one pixel covers there; finer noise is left out. */
cf_surface cf_surface_at(const cf_hit *hit, double footprint);

#endif
