/* SPDX-License-Identifier: Apache-2.0 */
/* Two cameras as one: frames taken together come out together. */
#ifndef CHROMAFUSE_CAPTURE_PAIR_STREAM_H
#define CHROMAFUSE_CAPTURE_PAIR_STREAM_H

#include "capture/exposure.h"
#include "capture/pairing.h"
#include "capture/phase_lock.h"
#include "capture/source.h"

/* Camera 0 is the mono one, 1 the colour one. */
typedef struct {
    const char *uri[2];
    cf_source_params source[2]; /* kind is set here */
    int64_t offset_ns;          /* colour minus mono time stamp of a pair that belongs together */
    int64_t limit_ns;  /* never pair what is farther apart; 0: a third of a frame duration, or
                        5 ms where neither camera tells its rate */
    int room;          /* pairs that wait for the taker, 1..64 */
    int latest;        /* 1: when there is no room the oldest pair goes; 0: the newest */
    int use_sync;      /* 1: the platform's own sync where both have it, else steering of
                          the colour camera's frame duration where it has that control */
    int auto_exposure; /* 1: one brain sets both exposures, by `exposure` */
    cf_exposure_params exposure; /* ranges and frame durations are filled in from the cameras */
    cf_source_controls fixed[2]; /* set at the start; 0: leave */
    int reconnect;               /* 1: a camera that goes away is waited for */
    int stall_ms; /* no frame for so long: the camera is opened again; 0: 2000 and ten
                     frames */
} cf_pair_stream_params;
#define CF_PAIR_STREAM_DEFAULTS                                                                    \
    {                                                                                              \
        .source = {CF_SOURCE_DEFAULTS, CF_SOURCE_DEFAULTS}, .room = 4, .use_sync = 1,              \
        .exposure = CF_EXPOSURE_DEFAULTS                                                           \
    }

typedef struct {
    cf_source_stats camera[2];
    cf_pairing_stats pairing;
    cf_phase_lock_state phase;
    cf_exposure_decision exposure; /* the latest; zero without auto_exposure */
    uint64_t dropped;              /* pairs that found no room */
    uint64_t reconnects[2];
    int is_gone[2]; /* 1: the camera is away now */
} cf_pair_stream_stats;

typedef struct cf_pair_stream cf_pair_stream;

/* Opens both cameras. CF_ERR_INVALID when both are the same one. */
cf_status cf_pair_stream_open(const cf_pair_stream_params *params, cf_pair_stream **out);
void cf_pair_stream_close(cf_pair_stream **stream);
const cf_source_info *cf_pair_stream_camera(const cf_pair_stream *stream, int camera);

/* Frames flow, on threads of the stream's own. */
cf_status cf_pair_stream_start(cf_pair_stream *stream);

/*
 * The next pair, the caller's to unref. CF_ERR_TIMEOUT; CF_ERR_END: a recording is over;
 * CF_ERR_DEVICE: a camera is gone and not waited for. With auto_exposure the colour frame's
 * profile.neutral and the mono frame's profile.gain are the brain's.
 */
cf_status cf_pair_stream_next(cf_pair_stream *stream, int timeout_ms, cf_frame *pair[2]);

void cf_pair_stream_statistics(cf_pair_stream *stream, cf_pair_stream_stats *out);

#endif
