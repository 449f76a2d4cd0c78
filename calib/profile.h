/* SPDX-License-Identifier: Apache-2.0 */
/* What is known about one camera of the rig: levels, noise, colour, shading. Filled from the raw
 * file, then from the rig. */
#ifndef CHROMAFUSE_CALIB_PROFILE_H
#define CHROMAFUSE_CALIB_PROFILE_H

#include "base/image.h"
#include "base/status.h"

/* Colour of a site of the 2x2 mosaic cell. */
enum { CF_CFA_R = 0, CF_CFA_G = 1, CF_CFA_B = 2 };

/* Noise variance = scale * x + offset on the 0..1 scale between black and white, before clipping
 * (DNG NoiseProfile). */
typedef struct {
    float scale, offset;
} cf_noise;

typedef struct {
    int x, y; /* pixel of the raw picture */
} cf_defect;

/* Smooth gain map: gains[plane][row][column] over the whole picture, corner to corner; plane per
 * CFA site (4) or 1. */
typedef struct {
    int width, height, planes;
    float *gains; /* owned; NULL: no correction */
} cf_shading;

typedef struct {
    int width, height; /* pixels of the raw picture */
    int is_color;      /* 0: mono sensor, no mosaic */
    unsigned char
        cfa[4]; /* colour of the sites (0,0) (1,0) (0,1) (1,1) as x,y; CF_CFA_*; ignored for mono */
    float black[4];     /* code of no light, per site in cfa's order; all four equal for mono */
    float white;        /* code at which the sensor clips */
    cf_noise noise;     /* of a raw sample after black subtraction; both 0: unknown */
    float neutral[3];   /* camera RGB of a neutral (AsShotNeutral); {1,1,1} for mono */
    float ccm[9];       /* row-major, white-balanced camera RGB -> linear Rec.709; rows sum to 1 */
    float spectral[3];  /* mono only: response as weights on white-balanced linear Rec.709, sum 1 */
    float gain;         /* mono only: scales mono to the colour camera's exposure; default 1 */
    cf_defect *defects; /* owned */
    int defect_count;
    cf_shading shading;
} cf_camera_profile;

/* Gain of the shading map at a pixel of the raw picture, interpolated bilinearly; 1 without a map.
 */
float cf_shading_at(const cf_camera_profile *profile, int x, int y);

/* Level 0 black, 16-bit white, RGGB, identity colours, no noise model. */
void cf_camera_profile_init(cf_camera_profile *profile);

/* Frees what the profile owns and initialises it again. */
void cf_camera_profile_clear(cf_camera_profile *profile);

#endif
