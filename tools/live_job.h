/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the `live` command share. */
#ifndef CHROMAFUSE_TOOLS_LIVE_JOB_H
#define CHROMAFUSE_TOOLS_LIVE_JOB_H

#include "capture/sink.h"
#include "fusion/fuse.h"
#include "tools/fuse_job.h"
#include "tools/pair_options.h"
#include "tools/pair_watch.h"

#define CF_LIVE_ROWS 16 /* every so many rows of the provenance are looked at */

typedef struct {
    cf_pair_options pair;
    const char *output;
    const char *settings[CF_MAX_SETTINGS];
    size_t setting_count;
    const char *model; /* NULL: the built-in network */
    cf_fuse_transfer transfer;
    long frames;        /* pictures to show; 0: no limit */
    double seconds;     /* 0: no limit */
    double stats_every; /* seconds; 0: no lines */
    double wait;        /* seconds that a camera may be gone */
    int tone_auto, json, loop;
    cf_temporal temporal;
    cf_fuse_output view; /* what is shown */
} cf_live_options;

/* Runs until the end, Ctrl-C or a failure. */
cf_status cf_live_run(cf_live_options *options);

/* --- both cameras, as they are for each pair (live_cameras.c) --- */

typedef struct {
    const cf_pair_options *options;
    cf_frame *first[2]; /* the first pair as codes; its profiles have the tables */
    cf_rectification geometry;
    cf_camera_profile now[2]; /* shallow: the tables are those of first */
    int is_estimated[2];      /* nobody tells the noise: estimated from the first picture */
} cf_live_cameras;

/* Works out the geometry and what nobody tells from the first pair. Close it in any case. */
cf_status cf_live_cameras_open(const cf_pair_options *options, cf_frame *const pair[2],
                               cf_live_cameras *out);
void cf_live_cameras_close(cf_live_cameras *cameras);

/* Sets `now` for a pair that the program alone holds. */
cf_status cf_live_cameras_look(cf_live_cameras *cameras, cf_frame *const pair[2]);

/* --- the lines (live_stats.c) --- */

#define CF_LIVE_TIMES 512

/* Counts since the start and since the latest line. Zero it, then set the first group. */
typedef struct {
    FILE *to;
    int json;
    double every;
    int is_coming;      /* the pair on the device is the one that the next line waits for */
    double start, last; /* seconds of cf_clock_seconds */
    unsigned long shown, shown_last; /* pictures */
    float latency_ms[CF_LIVE_TIMES]; /* a ring of the latest pictures' */
    double shares[3];                /* invented, measured, guided; latest known, sum 1 or 0 */
    int64_t exposure_ns[2];          /* of the latest pair */
    double gain[2];
} cf_live_stats;

/* A picture was shown, so long after the middle of its exposure. */
void cf_live_stats_add(cf_live_stats *stats, cf_frame *const pair[2], double latency_ms);

/* Takes shares from rows of a provenance picture. */
void cf_live_stats_shares(cf_live_stats *stats, const cf_image *provenance);

int cf_live_stats_due(const cf_live_stats *stats);

/* Prints a line and starts the next one. is_final: the whole run's. */
void cf_live_stats_print(cf_live_stats *stats, cf_pair_stream *stream, const cf_cl *cl,
                         int is_final);

/* --- the frame loop (live_loop.c) --- */

typedef struct {
    const cf_live_options *options;
    cf_cl *cl;
    cf_pair_stream *stream;
    cf_live_cameras *cameras;
    cf_fuse *fuse;
    cf_sink *sink;
    cf_live_stats stats;
    cf_pair_watch watch;
    double watched; /* when it last looked */
} cf_live;

/*
 * Fuses `first` (taken over; may be NULL, NULL) and all that follow. CF_OK: as many as asked for,
 * or the recording is over; CF_ERR_CANCELLED: Ctrl-C, or the window was closed.
 */
cf_status cf_live_loop(cf_live *live, cf_frame *first[2]);

#endif
