/* SPDX-License-Identifier: Apache-2.0 */
/* What a frame's count and time stamp say beside those of its camera's frames before. */
#ifndef CHROMAFUSE_CAPTURE_STAMP_WATCH_H
#define CHROMAFUSE_CAPTURE_STAMP_WATCH_H

#include <stdint.h>

typedef enum {
    CF_STAMP_NEXT,      /* later than all before */
    CF_STAMP_DUPLICATE, /* the latest frame again */
    CF_STAMP_OVERTAKEN, /* a few frames late */
    CF_STAMP_RESTART,   /* count or clock started again, or one jumped and the other did not */
} cf_stamp_kind;

/* Starts as zeros. */
typedef struct {
    int is_seen, is_counting; /* counting: the count was seen to change */
    int64_t t_ns;             /* of the latest frame */
    uint64_t sequence;        /* likewise */
    int64_t told_ns;          /* frame duration as the camera says; 0 unknown */
    int64_t least_ns[2];      /* shortest intervals of the running window and of the last */
    int intervals;            /* in the running window */
    uint64_t lost;            /* missing in the count so far */
} cf_stamp_watch;

/*
 * What a frame is; +-4e18 ns. period_ns: frame duration as the camera says, or 0. room: frames by
 * which one may be overtaken. After CF_STAMP_NEXT and CF_STAMP_RESTART it is the latest frame.
 */
cf_stamp_kind cf_stamp_watch_look(cf_stamp_watch *watch, int64_t t_ns, uint64_t sequence,
                                  int64_t period_ns, int room);

/* Shortest time between two frames of late, or what the camera says where that is less; 0: not
 * known. */
int64_t cf_stamp_watch_spacing(const cf_stamp_watch *watch);

#endif
