/* SPDX-License-Identifier: Apache-2.0 */
/* One picture of one camera, with what is known about it. */
#ifndef CHROMAFUSE_CAPTURE_FRAME_H
#define CHROMAFUSE_CAPTURE_FRAME_H

#include <stdint.h>

#include "base/image.h"
#include "calib/profile.h"

/* A raw frame: one plane of CF_PIXEL_U16 codes as the sensor gave them, reference counted. */
typedef struct {
    cf_image image;            /* codes; top-left pixel is site (0,0) of profile.cfa */
    cf_camera_profile profile; /* as the file or driver says; width and height of the picture */
    uint64_t sequence;
    int64_t t_ns;        /* middle of the exposure, CLOCK_MONOTONIC; 0 unknown */
    int64_t exposure_ns; /* 0 unknown */
    double gain;         /* sensor gain as a factor; 0 unknown */
    char maker[64], model[64], timestamp[32]; /* "" unknown; timestamp as EXIF writes it */
    double iso, aperture, focal_mm;           /* 0 unknown */
    int orientation;                          /* EXIF 1..8; 1 upright */
    int references;                           /* private */
} cf_frame;

/* A frame with room for width x height codes and one reference. CF_ERR_INVALID, CF_ERR_MEMORY. */
cf_status cf_frame_create(int width, int height, cf_frame **out);
cf_frame *cf_frame_ref(cf_frame *frame);
/* Gives one reference back; the last one frees the frame. Safe on NULL. */
void cf_frame_unref(cf_frame **frame);

#endif
