/* SPDX-License-Identifier: Apache-2.0 */
/* Brings a V4L2 camera to the format, size and frame rate that are wished for. */
#ifndef CHROMAFUSE_CAPTURE_V4L2_SETUP_H
#define CHROMAFUSE_CAPTURE_V4L2_SETUP_H

#include "capture/source.h"
#include "capture/v4l2_node.h"

/* What the camera was brought to. */
typedef struct {
    const cf_v4l2_format *format;
    cf_v4l2_picture picture; /* stride is never 0 and holds a row */
    size_t row, need; /* bytes of a row's pixels; of a picture, without the last row's padding */
    double fps;       /* 0: the driver does not say */
    int is_fps_set;   /* 1: it took a wish for the frame rate */
} cf_v4l2_setup;

/*
 * CF_ERR_UNSUPPORTED, with a line that lists what there is: a wish that it cannot meet.
 * CF_ERR_DEVICE: busy; or the driver does something else than it offered.
 */
cf_status cf_v4l2_setup_run(const cf_v4l2_node *node, const cf_source_params *wishes,
                            cf_v4l2_setup *out);

#endif
