/* SPDX-License-Identifier: Apache-2.0 */
/* What one training scene is on disk: planes of half floats at fixed places, described by the
 * folder's index. */
#ifndef CHROMAFUSE_TOOLS_TRAIN_RENDER_RECORD_H
#define CHROMAFUSE_TOOLS_TRAIN_RENDER_RECORD_H

#include <stdint.h>

#include "base/image.h"

/* The network runs on a grid of 1 / CF_TRAIN_FACTOR of the picture's pixels a side. */
#define CF_TRAIN_FACTOR 2

/*
 * A record is the scene's planes, then `levels` times a level's planes, each row-major without
 * padding, little endian. "picture" planes have width x height samples, "network" planes a factor
 * of CF_TRAIN_FACTOR less a side.
 *   scene  rgb         3 picture  half   square root of the true linear R, G, B; may exceed 1
 *          visibility  1 picture  uint8  0 unknown, 1 the colour camera sees it, 2 occluded,
 *                                        3 outside its view
 *   level  mono        1 picture  half   square root of the denoised mono picture (stage guide)
 *          chroma      2 picture  half   the classical transfer's
 *          hint        2 network  half   means of the pixels' hints, weighted by confidence
 *          confidence  1 network  half   mean
 *          sigma       1 network  half   mean
 *          error       1 network  half   the classical transfer's prediction, Lab ab units, mean
 */
typedef struct {
    const char *name;
    int of_level, planes, network, bytes; /* bytes of a sample: 2 half, 1 uint8 */
} cf_record_plane;
extern const cf_record_plane cf_record_planes[]; /* ends with a NULL name */

typedef struct {
    int width, height, levels;
    unsigned char *data; /* cf_record_bytes of it */
} cf_record;

size_t cf_record_bytes(int width, int height, int levels);

/* Where a plane begins; level is ignored for planes of the scene. */
size_t cf_record_offset(const cf_record *record, const char *name, int level);

/* Writes planes (CF_PIXEL_F32 of the picture's or the network's size, or CF_PIXEL_U8) there. */
void cf_record_put(cf_record *record, const char *name, int level, const cf_image *planes);

/* Reads one sample back; for tests. */
float cf_record_get(const cf_record *record, const char *name, int level, int plane, int x, int y);

/* Means over CF_TRAIN_FACTOR x CF_TRAIN_FACTOR pixels of all planes, weighted by the one plane of
 * weight (NULL: alike); 0 where no weight is. Sides of `from` are multiples of CF_TRAIN_FACTOR. */
cf_status cf_record_shrink(const cf_image *from, const cf_image *weight, cf_image *out);

/* IEEE 754 binary16, round to nearest even; beyond its range the largest finite value. */
uint16_t cf_half_of(float value);
float cf_half_value(uint16_t half);

#endif
