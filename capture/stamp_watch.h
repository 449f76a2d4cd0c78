/* SPDX-License-Identifier: Apache-2.0 */
/* What a frame's count and time stamp say beside those of its camera's frames before. */
#ifndef CHROMAFUSE_CAPTURE_STAMP_WATCH_H
#define CHROMAFUSE_CAPTURE_STAMP_WATCH_H

#include <stdint.h>

typedef enum {
    CF_STAMP_NEXT,      /* later than all before */
    CF_STAMP_DUPLICATE, /* the latest frame again */
    CF_STAMP_OVERTAKEN, /* a few frames late */
    CF_STAMP_RESTART,   /* count or clock started again, or one jumped and the other did not; or one
                           wild value: the next frame tells */
} cf_stamp_kind;

typedef struct {
    int64_t t_ns;
    uint64_t sequence;
} cf_stamp;

/* Starts as zeros. */
typedef struct {
    int is_seen, is_counting, is_in_doubt; /* counting: the count was seen to change */
    cf_stamp latest;                       /* of what is not in doubt */
    cf_stamp doubted;                      /* of the frame that jumped */
    int is_made_good;                      /* the frame looked at last follows that one */
    int64_t told_ns;                       /* frame duration as the camera says; 0 unknown */
    int64_t least_ns[2]; /* shortest intervals of the running window and of the one before */
    int intervals;       /* in the running window */
    uint64_t lost;       /* missing in the count so far */
} cf_stamp_watch;

/*
 * What a frame is; stamps within +-4e18 ns. period_ns: frame duration as the camera says, or 0.
 * room: frames by which one may be overtaken. After a CF_STAMP_RESTART `latest` is as it was; the
 * next frame makes the restart good by following it, or shows that it was a wild value by following
 * `latest`.
 */
cf_stamp_kind cf_stamp_watch_look(cf_stamp_watch *watch, cf_stamp stamp, int64_t period_ns,
                                  int room);

/* No frame comes before this any more, if frames are never closer than 3/4 of the shortest
 * interval; -INT64_MAX / 2 before the first. */
int64_t cf_stamp_watch_soonest(const cf_stamp_watch *watch);

/* Shortest time between two frames of late, or what the camera says where that is less; 0: not
 * known. */
int64_t cf_stamp_watch_spacing(const cf_stamp_watch *watch);

#endif
