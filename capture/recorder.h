/* SPDX-License-Identifier: Apache-2.0 */
/* Writes pairs of raw frames as a recording: DNGs of both cameras and a log of what is in them. */
#ifndef CHROMAFUSE_CAPTURE_RECORDER_H
#define CHROMAFUSE_CAPTURE_RECORDER_H

#include "capture/frame.h"

typedef struct {
    const char *folder; /* gets mono/, color/ and frames.jsonl; made when missing */
    int resume;         /* 1: go on with the recording that is there; 0: it must be empty */
    int room;           /* pairs that may wait for the disk, 1..64 */
    uint64_t keep_free; /* bytes of the disk to leave free; recording ends before */
} cf_recorder_params;
#define CF_RECORDER_DEFAULTS                                                                       \
    { .room = 32, .keep_free = 256 << 20 }

typedef struct {
    uint64_t written; /* pairs */
    uint64_t dropped; /* pairs that found no room, or came when writing had failed */
    uint64_t bytes;
    int waiting;       /* pairs */
    double write_mb_s; /* of the writer while it was busy */
    double cpu_s;      /* processor time of the writer */
} cf_recorder_stats;

typedef struct cf_recorder cf_recorder;

/*
 * Makes the folder or takes up the recording in it. CF_ERR_IO: the folder cannot be written, is not
 * empty (without resume) or holds what is no recording (with it), or another recorder is at work
 * there. With resume what a crash has damaged at the end of the log is cut off, frame files behind
 * that are overwritten, and numbers go on; an empty or missing folder is begun.
 */
cf_status cf_recorder_open(const cf_recorder_params *params, cf_recorder **out);

/*
 * Hands a pair (0 mono, 1 colour; references taken over in any case) to the writer thread.
 * wait 0: CF_ERR_TIMEOUT when there is no room, and the pair counts as dropped; 1: waits for room.
 * CF_ERR_IO, logged once by the writer: the disk is full or gone; what was recorded stays readable.
 */
cf_status cf_recorder_push(cf_recorder *recorder, cf_frame *pair[2], int wait);

cf_recorder_stats cf_recorder_statistics(cf_recorder *recorder);

/* Writes what waits, closes the log; the first error there was. *last (may be NULL): the counts.
 * When there is no pair at all, what was made goes again. */
cf_status cf_recorder_close(cf_recorder **recorder, cf_recorder_stats *last);

#endif
