/* SPDX-License-Identifier: Apache-2.0 */
/* Private to capture/: libcamera's raw formats, the choice among them, and its clock. */
#ifndef CHROMAFUSE_CAPTURE_LIBCAMERA_MODES_H
#define CHROMAFUSE_CAPTURE_LIBCAMERA_MODES_H

#include "capture/libcamera_bridge.h"
#include "capture/source.h"

typedef struct {
    int is_color;
    unsigned char cfa[4]; /* as in cf_camera_profile */
    cf_raw_format layout;
} cf_libcamera_format;

/*
 * What a name of libcamera's means: R8, R10_CSI2P, SGRBG12 and their kin. 0 when it is not a raw
 * format that can be read: a picture format, or one of a platform's own packings (_IPU3,
 * PISP_COMP).
 */
int cf_libcamera_format_find(const char *name, cf_libcamera_format *out);

/*
 * The mode of a camera that meets the wishes of params (kind, format, width, height): the largest,
 * among those of one size the one with most bits, then the first listed. NULL when there is none;
 * nothing is logged.
 */
const cf_libcamera_mode *cf_libcamera_mode_choose(const cf_libcamera_about *about,
                                                  const cf_source_params *params);

/* "R10 640x480,1280x720; SRGGB8 640x480": raw formats, or all where is_raw_only is 0. Cut, with
 * "..." at the end, where size is too small. */
void cf_libcamera_modes_text(const cf_libcamera_about *about, int is_raw_only, char *out,
                             size_t size);

/*
 * A time stamp of libcamera's on CLOCK_MONOTONIC. It documents CLOCK_BOOTTIME, which is ahead by
 * the time the machine has slept, but most of its handlers pass the driver's monotonic one on.
 * Frames come within less time than a sleep takes, so what lies in the monotonic future is boot
 * time. now_ns: CLOCK_MONOTONIC; slept_ns: CLOCK_BOOTTIME minus CLOCK_MONOTONIC.
 */
int64_t cf_libcamera_monotonic(int64_t t_ns, int64_t now_ns, int64_t slept_ns);

#endif
