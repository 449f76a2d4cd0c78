/* SPDX-License-Identifier: Apache-2.0 */
/* A dual-lens rig that exists only on paper: a stereo picture in, the two raw frames it would take
 * and the files its user would hold out. */
#ifndef CHROMAFUSE_CAPTURE_SIMULATOR_H
#define CHROMAFUSE_CAPTURE_SIMULATOR_H

#include <stdint.h>

#include "base/image.h"
#include "base/status.h"
#include "capture/frame.h"

/*
 * Forward model. The left view is what the mono sensor looks at, and is the truth of a fusion; the
 * right view is what the colour sensor looks at. sRGB pictures are made scene-linear Rec.709; 1.0
 * exposes both sensors to their white level. A colour pixel sees one of CF_SIM_WB * (R, G, B)
 * through an RGGB mosaic, a mono pixel CF_SIM_SPECTRAL . (R, G, B). Photo-electrons are Poisson,
 * read noise is normal, codes are rounded and clipped to 0..CF_SIM_WHITE. The black level leaves
 * five sigma of read noise below it (and is 256 at least), so that only white really clips.
 */
#define CF_SIM_WB                                                                                  \
    { 0.50F, 1.0F, 0.62F } /* camera RGB of a neutral, relative to green */
#define CF_SIM_SPECTRAL                                                                            \
    { 0.33F, 0.48F, 0.19F }       /* mono response on white-balanced linear Rec.709, sum 1 */
#define CF_SIM_MONO_GAIN 3.0      /* electrons of a mono pixel per electron of a green one */
#define CF_SIM_READ_ELECTRONS 2.0 /* standard deviation of the read noise */
#define CF_SIM_WHITE 16383        /* code at which both sensors clip: 14 bit */

typedef enum {
    CF_RIG_PARALLEL = 0, /* rectified pinhole cameras */
    CF_RIG_TILTED,  /* the colour lens is turned by 0.6, -0.4, 0.8 degrees and distorted (OpenCV's
                       5 coefficients -0.25, 0.1, 0.001, -0.001, 0); the model says so exactly */
    CF_RIG_TELE,    /* the mono lens sees the middle half of the colour lens's view: use ratio 2 */
    CF_RIG_DRIFTED, /* tilted, but the model is 0.15 degrees off and its spectral weights 0.05 */
} cf_rig_variant;

typedef struct {
    double electrons;     /* photo-electrons at white in a green colour pixel, 0.1..1e6 */
    double ratio;         /* mono resolution over colour resolution, 1..4; area resampling */
    double focal;         /* of both lenses, in pixels of the pictures given, 1..1e6 */
    double baseline_m;    /* metres from the mono lens to the colour lens, 1e-4..100 */
    double doffs;         /* colour principal point minus mono's, pixels, -1e4..1e4 */
    double max_disparity; /* pixels: what is nearer does not occur; 0: a fifth of the width */
    uint64_t seed;        /* of the noise */
    cf_rig_variant variant;
} cf_simulator_params;

#define CF_SIMULATOR_DEFAULTS                                                                      \
    { .electrons = 200, .ratio = 1, .focal = 1240, .baseline_m = 0.16, .seed = 1 }

/* What goes into a camera's model file. */
typedef struct {
    int width, height;
    double focal, centre[2]; /* pixels; pixel centres at integers */
    int has_distortion;      /* 0: LENSMODEL_PINHOLE, 1: LENSMODEL_OPENCV5 */
    double distortion[5];    /* k1 k2 p1 p2 k3 */
    double rotation[3];      /* Rodrigues vector: mono camera's coordinates -> this camera's */
    double translation[3];   /* metres, the same way */
} cf_simulated_camera;

typedef struct {
    cf_frame *mono, *color;
    cf_image truth; /* CF_PIXEL_RGB8 on the mono frame's grid */
    cf_simulated_camera mono_camera, color_camera;
    float spectral[3];  /* as the rig file will say: drifted rigs are wrong about it on purpose */
    double depth_min_m; /* nearest depth, from max_disparity */
} cf_simulation;

/* A name as on the command line: parallel, tilted, tele, drifted. CF_ERR_INVALID for any other. */
cf_status cf_rig_variant_parse(const char *name, cf_rig_variant *variant);

/*
 * Takes the pair. left and right: CF_PIXEL_RGB8 of equal size, cropped at right and bottom to whole
 * mosaic cells of both cameras. CF_ERR_INVALID when the sizes differ, when less than 16x16 pixels
 * would be left of either raw frame, or for a parameter out of range.
 */
cf_status cf_simulate(const cf_image *left, const cf_image *right,
                      const cf_simulator_params *params, cf_simulation **out);
void cf_simulation_destroy(cf_simulation **simulation);

/*
 * Writes mono.dng, color.dng, mono.cameramodel, color.cameramodel, rig.yaml and truth.png into the
 * existing folder. Every file is whole or absent; rig.yaml, which a reader starts from, comes last.
 */
cf_status cf_simulation_write(const cf_simulation *simulation, const char *folder);

/* One sensor, for tests: linear signal (CF_PIXEL_F32, one plane, 1.0 = white) to noisy codes in
 * `frame` of the same size, whose black, white and noise it sets. `electrons` at signal 1. */
cf_status cf_simulator_expose(const cf_image *signal, double electrons, uint64_t seed,
                              cf_frame *frame);

#endif
