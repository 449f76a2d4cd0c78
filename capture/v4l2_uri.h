/* SPDX-License-Identifier: Apache-2.0 */
/* What a V4L2 camera's name says: "/dev/video0?subdev=/dev/v4l-subdev0&delay=2&gain_one=16". */
#ifndef CHROMAFUSE_CAPTURE_V4L2_URI_H
#define CHROMAFUSE_CAPTURE_V4L2_URI_H

#include "base/status.h"

typedef struct {
    char path[256];
    char subdev[256];  /* where the sensor's controls are; "": on the video node only */
    int delay;         /* frames until a setting shows, 0..10 */
    double gain_one;   /* gain control's code that means factor 1: factor = code / gain_one */
    double gain_pole;  /* factor = pole / (pole - code), as many Sony sensors do; 0: not so */
    int is_gain_given; /* 0: gain_one is a guess from the control's range */
} cf_v4l2_uri;
#define CF_V4L2_URI_DEFAULTS                                                                       \
    { .delay = 2 }

/* What follows "v4l2:". CF_ERR_INVALID, logged: no path, an unknown key, a value out of range. */
cf_status cf_v4l2_uri_parse(const char *text, cf_v4l2_uri *out);

#endif
