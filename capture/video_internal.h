/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the files that use FFmpeg: what a sink that copies audio needs of the video that is
 * read. */
#ifndef CHROMAFUSE_CAPTURE_VIDEO_INTERNAL_H
#define CHROMAFUSE_CAPTURE_VIDEO_INTERNAL_H

#include <libavformat/avformat.h>

#include "capture/video_in.h"

/* The opened file, for its streams. */
const AVFormatContext *cf_video_in_format(const cf_video_in *video);

/* Start of the file in its streams' clock, AV_TIME_BASE units, >= 0: sound that begins earlier, as
 * coders' delays make it, stays before 0. */
int64_t cf_video_in_start(const cf_video_in *video);

/*
 * From now on packets of audio streams go to `take` while frames are read; it may keep the packet's
 * reference, and must leave the packet usable. What it returns ends the reading when it is not
 * CF_OK. NULL: they are dropped again.
 */
void cf_video_in_take_audio(cf_video_in *video, cf_status (*take)(void *user, AVPacket *packet),
                            void *user);

#endif
