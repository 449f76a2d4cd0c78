/* SPDX-License-Identifier: Apache-2.0 */
/* Finds which frames of two cameras were taken at the same moment. */
#ifndef CHROMAFUSE_CAPTURE_PAIRING_H
#define CHROMAFUSE_CAPTURE_PAIRING_H

#include <stdint.h>

#include "base/status.h"

/*
 * Lay the frames of both cameras on one line of time. Neighbours of different cameras that are not
 * farther apart than the limit are candidates; the nearest candidates are a pair, what touches
 * them is no candidate any more, and so on. So each frame is used once and order is kept. While the
 * limit is below half a frame duration a frame has one candidate at most, and this is the matching
 * with the most pairs too.
 *
 * A pair is told as soon as no frame still to come can change it; a camera is taken never to give
 * two frames closer than 3/4 of its frame duration. In phase that is when the later of both
 * frames comes. Frames of one camera may come late by fewer than `room` frames of the other.
 *
 * A frame whose time stamp and count do not go on together (a restart, a clock that was set, a
 * wild value) waits for its camera's next one, which tells what it is. The offset is never learned:
 * while the clocks are seconds apart nothing is paired. A clock set by less than `room` frames
 * cannot be told from frames that are late. All calls from one thread at a time.
 */

/* What pairing knows of a frame. Camera 0 is the mono one, 1 the colour one. */
typedef struct {
    int64_t t_ns;      /* middle of the exposure; beyond +-4e18 the frame is left alone */
    int64_t period_ns; /* frame duration as far as known; 0: learned */
    uint64_t sequence; /* the camera's count; one that stands still is no count */
    void *frame;       /* the caller's */
} cf_pairing_item;

typedef struct {
    int64_t offset_ns; /* how much later the colour camera's time stamp is in a pair that belongs
                          together (rig: sync.offset_us); +-1e15 */
    int64_t limit_ns;  /* frames farther apart are never paired; 1..1e15 */
    int room;          /* frames of one camera that wait at most, 2..64 */
    void (*drop)(void *user, int camera, void *frame); /* gets every frame that no pop will give:
                                                          alone or duplicated; NULL: nobody does. It
 must not call the pairing */
    void *user;
} cf_pairing_params;
#define CF_PAIRING_DEFAULTS                                                                        \
    { .limit_ns = 5000000, .room = 8 }

typedef struct {
    uint64_t pairs;
    uint64_t alone[2];      /* frames without a partner */
    uint64_t duplicated[2]; /* the same frame again: same count or same time stamp */
    uint64_t lost[2];       /* missing in the camera's count */
    uint64_t restarts[2];   /* the camera's count or clock started again, or jumped by more than a
                               second from the other */
    double skew_p50_us, skew_p99_us; /* |skew| of the latest pairs (up to 1024); 0 without pairs */
    double skew_mean_us;             /* signed: colour - mono - offset, of the same pairs */
} cf_pairing_stats;

typedef struct cf_pairing cf_pairing;
cf_status cf_pairing_create(const cf_pairing_params *params, cf_pairing **out);
void cf_pairing_destroy(cf_pairing **pairing); /* drops what waits */

/*
 * Takes a frame of a camera, in the order they came; one that was overtaken by fewer than `room` of
 * its own camera's is put in its place. Constant time and memory. Pop all pairs after each push:
 * when `room` of them wait the oldest is dropped.
 */
void cf_pairing_push(cf_pairing *pairing, int camera, const cf_pairing_item *item);

/* The oldest pair that is certain: 1 and pair[0], pair[1], else 0. Call until it says 0. */
int cf_pairing_pop(cf_pairing *pairing, cf_pairing_item pair[2]);

/*
 * A camera is gone, or the stream is over (camera -1, after which nothing waits): what waits for it
 * is decided now. Later frames of the other camera wait again, up to `room`: the first ones after a
 * return find their partners.
 */
void cf_pairing_flush(cf_pairing *pairing, int camera);

void cf_pairing_statistics(const cf_pairing *pairing, cf_pairing_stats *out);

#endif
