/* SPDX-License-Identifier: Apache-2.0 */
/* In place of reading video where FFmpeg's libraries are not there at build time. */
#include "base/log.h"
#include "capture/video_in.h"

cf_status cf_video_in_open(const char *path, int (*is_stopped)(void), cf_video_in **out) {
    (void)is_stopped;
    *out = NULL;
    return cf_fail(CF_ERR_UNSUPPORTED, "%s: this build reads no video (FFmpeg was not there)",
                   path);
}

void cf_video_in_close(cf_video_in **video) {
    *video = NULL;
}

const cf_video_info *cf_video_in_describe(const cf_video_in *video) {
    (void)video;
    return NULL;
}

cf_status cf_video_in_next(cf_video_in *video, cf_image *frame, int64_t *t_ns) {
    (void)video;
    (void)frame;
    (void)t_ns;
    return CF_ERR_UNSUPPORTED;
}
