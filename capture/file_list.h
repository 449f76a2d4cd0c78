/* SPDX-License-Identifier: Apache-2.0 */
/* Private to capture/: the raw files that "file:PATH" stands for, on a time line without end. */
#ifndef CHROMAFUSE_CAPTURE_FILE_LIST_H
#define CHROMAFUSE_CAPTURE_FILE_LIST_H

#include "capture/recording.h"
#include "capture/source.h"

typedef struct {
    char *folder;               /* the files' names start here */
    cf_recording_frame *frames; /* in order; times known and in the middle of the exposure */
    size_t count;               /* >= 1 */
    int64_t period_ns;          /* frame duration */
    int64_t span_ns;            /* what a repetition is later */
    uint64_t span_sequence;     /* and its count higher */
} cf_file_list;

/*
 * path: one raw file; a camera's folder of a recording ("rec/mono", times from the log), or a whole
 * recording where kind says which camera; any folder of raws, in natural order of the names. What
 * has no times gets them at fps (0: 30 a second), from one frame duration on, so that two folders
 * pair by number. CF_ERR_IO, CF_ERR_INVALID: nothing there, a recording whose camera is open.
 */
cf_status cf_file_list_open(const char *path, cf_camera_kind kind, double fps, cf_file_list *out);
void cf_file_list_clear(cf_file_list *list);

/* Frame n of the endless repetition. */
cf_recording_frame cf_file_list_at(const cf_file_list *list, uint64_t n);

#endif
