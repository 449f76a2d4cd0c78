/* SPDX-License-Identifier: Apache-2.0 */
/* What a recording holds: mono/, color/, and frames.jsonl, which says what was taken when. */
#ifndef CHROMAFUSE_CAPTURE_RECORDING_H
#define CHROMAFUSE_CAPTURE_RECORDING_H

#include <stdio.h>

#include "capture/frame.h"

#define CF_RECORDING_LOG "frames.jsonl"
#define CF_RECORDING_LINE 512 /* bytes of a line at most, its line break and a zero included */

/* The folders of the two cameras in a recording, and what the log calls them: "mono", "color". */
extern const char *const cf_recording_cameras[2];

/* A line of the log. */
typedef struct {
    int camera;     /* 0 mono, 1 colour */
    uint64_t index; /* of the pair, 0..1e9 */
    uint64_t sequence;
    int64_t t_ns; /* 0 unknown, else as in cf_frame */
    cf_time_ref t_ref;
    int64_t exposure_ns; /* 0 unknown */
    double gain;         /* 0 unknown */
    double mono_gain; /* of mono frames whose exposure changed from pair to pair: what scales them
                         to the colour frame's, as cf_camera_profile.gain; 0 not told */
    char file[128];   /* in the recording's folder: plain, relative, without ".." */
} cf_recording_frame;

/*
 * Reads a line (without its line break). NULL, or what is wrong with it, a phrase: no JSON object,
 * a key missing (camera, index, file), of a wrong type or out of range, a file outside the
 * recording. Unknown keys are ignored.
 */
const char *cf_recording_line_read(const char *line, size_t length, cf_recording_frame *out);

/* Takes the next line of a log, without its line break; 0 at the end. *length is CF_RECORDING_LINE
 * when it is longer than any good line. */
int cf_recording_line_next(FILE *log, char line[CF_RECORDING_LINE], size_t *length);

/* Writes a line with its line break and returns its length. */
size_t cf_recording_line_write(const cf_recording_frame *frame, char out[CF_RECORDING_LINE]);

typedef struct {
    cf_recording_frame *frames; /* owned; by index, none twice */
    size_t count;
} cf_recording_camera;

typedef struct {
    char *folder;
    int has_log;    /* 0: in the order of the files' names, times unknown */
    size_t damaged; /* lines of the log that said nothing */
    cf_recording_camera camera[2];
} cf_recording;

/*
 * Reads the log of a recording and nothing else: files may be missing. Lines in another order are
 * sorted, damaged ones left out with a warning. Where the log is missing, larger than 1 GB or has
 * no good line, the files of mono/ and color/ are taken in the order of their names, with a
 * warning. CF_ERR_IO when there is neither; CF_ERR_MEMORY.
 */
cf_status cf_recording_open(const char *folder, cf_recording **out);
void cf_recording_close(cf_recording **recording);

/* Goes through what both cameras have: *at is 0 to begin with; 0 when there is no more. */
int cf_recording_next_pair(const cf_recording *recording, size_t at[2],
                           const cf_recording_frame *pair[2]);

/*
 * The files of any folder as frames, in natural order of their names, sequence and index counting
 * from 0; without hidden and unfinished files, folders, texts. Free out->frames. CF_ERR_IO: no such
 * folder, nothing in it.
 */
cf_status cf_recording_list_folder(const char *folder, cf_recording_camera *out);

#endif
