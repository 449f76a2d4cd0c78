/* SPDX-License-Identifier: Apache-2.0 */
/* Makes sense of a driver's frame counts and time stamps. */
#ifndef CHROMAFUSE_CAPTURE_V4L2_STAMPS_H
#define CHROMAFUSE_CAPTURE_V4L2_STAMPS_H

#include "capture/frame.h"
#include "capture/v4l2_node.h"

/* One stream's state; zero it, then set path (for its warnings; must outlive it). */
typedef struct {
    const char *path;
    int is_running;    /* 1: there was a buffer */
    uint32_t last;     /* the driver's latest count */
    uint64_t sequence; /* the same without wraps */
    uint64_t added;    /* what we counted ourselves for a driver that does not */
    uint64_t lost;     /* sum of the gaps */
    int64_t t_ns;      /* the latest time stamp */
    int has_warned_clock, has_warned_count;
    int backward_warnings;
} cf_v4l2_stamps;

/*
 * Takes every buffer that comes, damaged ones too, in their order. *t_ns: the driver's time stamp
 * where it is of CLOCK_MONOTONIC, else `now_ns`, warned once. Counts that wrap at 2^32 go on; the
 * same count with another time is counted on (warned once: the driver does not count); a count that
 * goes back or leaps by more than 2^16 is passed on (warned: the camera started again). A time that
 * goes back is passed on (warned, the first few times).
 */
void cf_v4l2_stamps_take(cf_v4l2_stamps *stamps, const cf_v4l2_filled *buffer, int64_t now_ns,
                         uint64_t *sequence, int64_t *t_ns, cf_time_ref *ref);

/*
 * The middle of the first row's exposure. start: the first row's begins; end: the last row has been
 * read, readout_ns (0 unknown) after the first. Without an exposure time t_ns and *ref stay.
 */
int64_t cf_v4l2_middle(int64_t t_ns, int64_t exposure_ns, int64_t readout_ns, cf_time_ref *ref);

#endif
