/* SPDX-License-Identifier: Apache-2.0 */
/* In place of video files where FFmpeg's libraries are not there at build time. */
#include <string.h>

#include "base/log.h"
#include "capture/sink_backend.h"

static int takes_video(const char *target) {
    const char *dot = strrchr(target, '.');
    return dot && (!strncmp(dot, ".mkv", 4) || !strncmp(dot, ".mp4", 4) ||
                   !strncmp(dot, ".mov", 4) || !strncmp(dot, ".avi", 4));
}

static cf_status open_video(const char *target, const cf_sink_params *params, void **state) {
    (void)params;
    (void)state;
    return cf_fail(CF_ERR_UNSUPPORTED,
                   "%s: this build has no video files (FFmpeg was not there); FILE.y4m works",
                   target);
}

const cf_sink_backend cf_sink_backend_video = {
    .summary = "video files (not in this build)", .takes = takes_video, .open = open_video};
