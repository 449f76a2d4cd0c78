/* SPDX-License-Identifier: Apache-2.0 */
/* What `capture` says while it records and at the end. */
#ifndef CHROMAFUSE_TOOLS_CAPTURE_REPORT_H
#define CHROMAFUSE_TOOLS_CAPTURE_REPORT_H

#include "capture/pair_stream.h"
#include "capture/recorder.h"

typedef struct {
    const char *folder;
    const cf_pair_stream *stream;
    cf_pair_stream_stats cameras;
    cf_recorder_stats disk;
    int64_t exposure_ns; /* the shorter one of the latest pair; 0 unknown */
    double seconds;      /* since the first pair */
    const char *ended;   /* why: "pairs", "seconds", "interrupt", "end", "camera", "disk" */
} cf_capture_facts;

/* One line on stderr, rewritten on a terminal: the state now. before: what was told last. */
void cf_capture_progress(const cf_capture_facts *now, const cf_capture_facts *before);

/* Ends the line that is rewritten on a terminal. */
void cf_capture_progress_end(void);

/* Everything that was recorded and everything that was lost anywhere, on stdout. */
void cf_capture_print(const cf_capture_facts *facts);
void cf_capture_print_json(const cf_capture_facts *facts);

#endif
