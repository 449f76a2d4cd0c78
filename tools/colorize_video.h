/* SPDX-License-Identifier: Apache-2.0 */
/* A video for `colorize`: frame by frame, its chroma calm, its sound as it was. */
#ifndef CHROMAFUSE_TOOLS_COLORIZE_VIDEO_H
#define CHROMAFUSE_TOOLS_COLORIZE_VIDEO_H

#include "tools/colorize_job.h"

/* Whether a file is a video by its name alone, which is all that is asked of files in folders. */
int cf_colorize_has_video_ending(const char *path);

/* By its name or its first bytes (of standard input, "-", too, which loses none of them). */
int cf_colorize_names_video(const char *path);

/* Whether the options mean one video and no list: the one operand is a video and --output no
 * folder, or only a video can go to --output. */
int cf_colorize_is_video(const cf_colorize_options *options);

/* CF_ERR_INVALID, logged: an option that is for photographs, several operands, an --output that no
 * video can go to. */
cf_status cf_colorize_check_video(const cf_colorize_options *options);

/*
 * Colours facts->in with facts->options to facts->out, which are given; fills in the rest.
 * CF_ERR_UNSUPPORTED: it has colours of its own, and there is no --force; what else as
 * cf_video_in_open, cf_video_in_next and cf_sink_open. CF_ERR_CANCELLED: Ctrl-C; with `keep_part`
 * the frames done until then are there as a whole video, if any (facts->frames). After any other
 * failure there is no file.
 */
cf_status cf_colorize_run_video(cf_cl *cl, int keep_part, cf_colorize_video_facts *facts);

#endif
