/* SPDX-License-Identifier: Apache-2.0 */
/* Lens shading from pictures of an evenly lit surface. */
#ifndef CHROMAFUSE_CALIB_FLAT_FIELD_H
#define CHROMAFUSE_CALIB_FLAT_FIELD_H

#include "calib/profile.h"

#define CF_FLAT_FRAMES 64

/* One raw picture of an even surface. */
typedef struct {
    const char *name;      /* for messages */
    const cf_image *codes; /* 1 plane U16 */
    const cf_camera_profile
        *profile; /* black, white, mosaic, defects; all frames' sizes are equal */
} cf_flat_frame;

typedef struct {
    double falloff[4]; /* light in the corners (top left, top right, bottom left, bottom right),
                          relative to the brightest place */
    double evened[4];  /* the same after correction: 1 is perfect */
    double level;      /* brightest cell of the darkest frame, 0..1 between black and white */
    double residual;   /* relative, of cells that the fit had not seen, after correction: RMS */
    double noise;      /* what noise alone makes of that */
    double texture;    /* part of the residual that noise does not explain */
} cf_flat_plane;

typedef struct {
    cf_shading shading; /* free with cf_flat_field_clear; 1 plane for mono, 4 for colour */
    cf_flat_plane plane[4];
    double gradient[CF_FLAT_FRAMES][2]; /* light of each frame: relative change from the left to the
                                           right edge, top to bottom, beside what is symmetrical */
    double mean_gradient[2];            /* of all frames together: what is left in the map */
    double lumps; /* relative RMS, of the worst frame and plane: light that is neither a gradient
                     nor a simple falloff; lenses stay below 0.02 */
    int columns, rows; /* cells that were averaged */
    int unknown;       /* cells too dark to be used, as outside a lens' image circle; all planes */
} cf_flat_field;

/*
 * Gain map of a camera from count frames. In cells of at least 6 x 6 samples of one mosaic site, a
 * mean without outliers (defects, hot pixels); in logarithms, so that relative error counts alike,
 * averaged over the frames; a smooth surface through them (smooth_surface.h). Gains are at least 1;
 * where the picture is brightest all four planes have the same, so that the white balance stays.
 *
 * CF_ERR_INVALID with a line that names the frame and what to do: another size or kind than the
 * first's, too small, clipped, too dark, no even surface.
 */
cf_status cf_flat_field_fit(const cf_flat_frame *frames, int count, cf_flat_field *out);

void cf_flat_field_clear(cf_flat_field *field);

#endif
