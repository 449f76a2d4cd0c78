/* SPDX-License-Identifier: Apache-2.0 */
/* Video files and pipes of any kind that FFmpeg reads, frame by frame as display pictures. */
#ifndef CHROMAFUSE_CAPTURE_VIDEO_IN_H
#define CHROMAFUSE_CAPTURE_VIDEO_IN_H

#include <stdint.h>

#include "base/image.h"

typedef struct cf_video_in cf_video_in;

/* What the file says of itself; it may be wrong about all but the size. */
typedef struct {
    int width, height; /* of the frames given out: upright */
    double fps;        /* nominal, > 0; 25 where nothing sensible is told */
    double seconds;    /* 0: unknown */
    long frames;       /* about; 0: unknown */
    int depth;         /* bits of a sample: up to 8 frames come as RGB8, beyond as RGB16 */
    int audio_streams; /* that a sink can copy (cf_sink_params.copy_from) */
    double aspect;     /* width of a pixel over its height, 1: square */
} cf_video_info;

/*
 * Opens a regular file, a named pipe, or "-", standard input. Nothing else is opened on the way,
 * whatever the file says (playlists, addresses). CF_ERR_IO: not there, unreadable. CF_ERR_FORMAT:
 * not a video, cut off before its index, no video stream. CF_ERR_UNSUPPORTED: a codec that FFmpeg
 * has no decoder for, a size that no cf_image has, or a build without FFmpeg. is_stopped is asked
 * while waiting for a pipe (1: give up, CF_ERR_CANCELLED); NULL: never.
 */
cf_status cf_video_in_open(const char *path, int (*is_stopped)(void), cf_video_in **out);
void cf_video_in_close(cf_video_in **video);

const cf_video_info *cf_video_in_describe(const cf_video_in *video);

/*
 * The next frame, a view that stays valid until the next call: CF_PIXEL_RGB8 or RGB16, sRGB-like
 * display values of full range (matrix and range as the file says; where it does not, BT.709 from
 * 720 rows on, else BT.601; limited). Monochrome footage gives R = G = B from the luma plane alone.
 * *t_ns is its time in the file, 0 at the file's start. CF_ERR_END: there are no more.
 * CF_ERR_FORMAT: not one frame could be decoded. CF_ERR_UNSUPPORTED: the size changed in
 * mid-stream. Damaged parts are left out, and told in one warning at the end; so is a file that is
 * shorter than it says.
 */
cf_status cf_video_in_next(cf_video_in *video, cf_image *frame, int64_t *t_ns);

#endif
