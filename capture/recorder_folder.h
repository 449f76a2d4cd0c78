/* SPDX-License-Identifier: Apache-2.0 */
/* Private to capture/: the folder that a recorder writes to, new or to go on with. */
#ifndef CHROMAFUSE_CAPTURE_RECORDER_FOLDER_H
#define CHROMAFUSE_CAPTURE_RECORDER_FOLDER_H

#include <stdint.h>

#include "capture/recording.h"

#define CF_RECORDER_PATH 4096

typedef struct {
    const char *path;  /* the caller's */
    int log;           /* open for appending, locked; -1: closed */
    int64_t log_bytes; /* of whole pairs */
    uint64_t next;     /* index of the next pair */
    int made_folder, made_log;
} cf_recorder_folder;

/*
 * Makes the folder with its parents, mono/, color/ and the log; with resume takes a recording that
 * is there: cuts its log behind the last pair whose lines and files are there (a crash may have
 * damaged two lines, no more) and removes unfinished files. CF_ERR_IO: not empty and no resume;
 * anything in it that no recorder wrote; frames that the log does not know; another recorder is at
 * work in it; the system refuses.
 */
cf_status cf_recorder_folder_open(const char *path, int resume, cf_recorder_folder *out);

/* Closes the log; removes again what was made when no pair came. Safe on a closed one. */
void cf_recorder_folder_close(cf_recorder_folder *folder);

/* Name of a pair's file in the folder ("mono/000000.dng"). */
void cf_recorder_file_name(int camera, uint64_t index, char *out, size_t room);

#endif
