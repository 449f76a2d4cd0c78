/* SPDX-License-Identifier: Apache-2.0 */
/* A video for `colorize`: frame by frame, its chroma calm, its sound as it was. */
#ifndef CHROMAFUSE_TOOLS_COLORIZE_VIDEO_H
#define CHROMAFUSE_TOOLS_COLORIZE_VIDEO_H

#include "tools/colorize_job.h"

/*
 * Whether the options mean a video: by the ending of the one operand or by its first bytes (of
 * standard input, too, which loses none of them), or because only a video can go to --output.
 */
int cf_colorize_is_video(const cf_colorize_options *options);

/* CF_ERR_INVALID, logged: an option that is for photographs, several operands, an --output that no
 * video can go to. */
cf_status cf_colorize_check_video(const cf_colorize_options *options);

/*
 * Colours the video. CF_ERR_UNSUPPORTED: it has colours of its own, and there is no --force; what
 * else as cf_video_in_open, cf_video_in_next and cf_sink_open. CF_ERR_CANCELLED: Ctrl-C; the frames
 * done until then are there as a whole video. After any other failure there is no file.
 */
cf_status cf_colorize_run_video(const cf_colorize_options *options);

#endif
