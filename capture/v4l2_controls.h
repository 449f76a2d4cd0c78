/* SPDX-License-Identifier: Apache-2.0 */
/* A V4L2 camera's exposure, gain and frame duration, in our units. */
#ifndef CHROMAFUSE_CAPTURE_V4L2_CONTROLS_H
#define CHROMAFUSE_CAPTURE_V4L2_CONTROLS_H

#include <pthread.h>

#include "capture/source.h"
#include "capture/v4l2_node.h"
#include "capture/v4l2_uri.h"

/* One control of a driver. */
typedef struct {
    uint32_t id; /* 0: there is none */
    int fd;      /* of the subdevice or the video node */
    int is_wide; /* 64 bit */
    int64_t min, max, step;
} cf_v4l2_control;

/* From which frame on which settings hold. */
typedef struct {
    uint64_t from;
    int64_t exposure_ns; /* 0 unknown */
    int64_t frame_ns;    /* 0 unknown */
    double gain;         /* 0 unknown */
} cf_v4l2_setting;
#define CF_V4L2_HISTORY 16

typedef struct {
    const cf_v4l2_node *node;
    cf_v4l2_uri uri;
    int subdev;              /* -1: none */
    pthread_mutex_t setting; /* one sets at a time; a driver may take long */
    pthread_mutex_t lock;    /* of history and next: frames do not wait for the driver */
    cf_v4l2_control exposure, gain, vblank;
    double exposure_unit_ns; /* of one code */
    double line_ns;          /* a row's duration; 0 unknown */
    int height;
    cf_v4l2_setting history[CF_V4L2_HISTORY]; /* oldest first */
    int history_count;
    uint64_t next; /* the frame after the latest one looked at */
} cf_v4l2_controls;

/*
 * Finds the controls, on the subdevice first, of a node whose format of width x height is set. The
 * node must outlive them. CF_ERR_DEVICE, logged: the subdevice cannot be opened; nothing is then
 * left to close.
 */
cf_status cf_v4l2_controls_open(cf_v4l2_controls *controls, const cf_v4l2_node *node,
                                const cf_v4l2_uri *uri, int width, int height);
void cf_v4l2_controls_close(cf_v4l2_controls *controls);

/* Fills in the three ranges. */
void cf_v4l2_controls_ranges(const cf_v4l2_controls *controls, cf_source_info *info);

/* Frame duration as set now, ns; 0 unknown. */
double cf_v4l2_controls_frame_ns(const cf_v4l2_controls *controls);

/* The time from the first to the last row, ns; 0 unknown. */
int64_t cf_v4l2_controls_readout_ns(const cf_v4l2_controls *controls);

/* As cf_source_set: rounds, clamps, switches the automatic off. From any thread. */
cf_status cf_v4l2_controls_set(cf_v4l2_controls *controls, const cf_source_controls *wishes);

/* The settings that a frame was taken with: those set uri.delay frames before. */
cf_v4l2_setting cf_v4l2_controls_at(cf_v4l2_controls *controls, uint64_t sequence);

#endif
