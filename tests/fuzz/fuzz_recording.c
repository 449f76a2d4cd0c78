/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: any bytes as the log of a recording. A line that is read is written and read again
 * the same, and no file of it lies outside. */
#include "tests/fuzz/input_file.h"

#include <string.h>

#include "capture/recording.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/tmp/fuzz-recording-XXXXXX";

static void remove_folder(void) {
    char log[64];
    snprintf(log, sizeof log, "%s/" CF_RECORDING_LOG, folder);
    unlink(log);
    rmdir(folder);
}

/* A folder whose log is the memory file. */
static void make_folder(const char *input) {
    char log[64];
    if (!mkdtemp(folder))
        abort();
    snprintf(log, sizeof log, "%s/" CF_RECORDING_LOG, folder);
    if (symlink(input, log))
        abort();
    atexit(remove_folder);
}

static void check_frame(const cf_recording_frame *frame) {
    cf_recording_frame again;
    char line[CF_RECORDING_LINE];
    if (strchr("/.", frame->file[0]) || strstr(frame->file, "/.") || strstr(frame->file, "//"))
        abort();
    size_t length = cf_recording_line_write(frame, line);
    if (strchr(frame->file, '"')) /* the writer's own names need no escapes */
        return;
    if (cf_recording_line_read(line, length - 1, &again) || again.index != frame->index ||
        again.t_ns != frame->t_ns || strcmp(again.file, frame->file) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int is_made;
    const char *input = fuzz_input(data, size);
    cf_recording *recording;
    const cf_recording_frame *pair[2];
    size_t at[2] = {0, 0};
    if (!is_made++)
        make_folder(input);
    if (cf_recording_open(folder, &recording) != CF_OK)
        return 0;
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < recording->camera[i].count; k++)
            check_frame(&recording->camera[i].frames[k]);
    while (cf_recording_next_pair(recording, at, pair))
        if (pair[0]->index != pair[1]->index)
            abort();
    cf_recording_close(&recording);
    return 0;
}
