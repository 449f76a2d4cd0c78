/* SPDX-License-Identifier: Apache-2.0 */
/* Where finished pictures go, one after the other: a window, a video device, a pipe, a video file.
 */
#ifndef CHROMAFUSE_CAPTURE_SINK_H
#define CHROMAFUSE_CAPTURE_SINK_H

#include <stdint.h>

#include "base/image.h"
#include "capture/video_in.h"

typedef struct cf_sink cf_sink;

typedef struct {
    int width, height; /* of all pictures */
    double fps;        /* nominal, > 0: what the stream says of itself */
    const char *title; /* of a window; NULL: the program's name */
    int depth; /* 16: pictures are RGB16, for Y4M (16 bits a sample), h264 (10) and ffv1 (16) only;
                  0, 8: RGB8 */
    /* Of video files; other sinks have no use for them. */
    const char *codec; /* "h264", "mpeg4" or "ffv1"; NULL: as ?codec= says, else the first here */
    int quality;       /* of h264 and mpeg4, 1..100; 0: 92, hard to tell from the original */
    /* Its audio is copied while its frames are read, its times are kept (t_ns is a picture's place
     * in the file), and its title goes along. Once the sink is closed its audio is dropped. NULL:
     * the first picture's time is the file's start. */
    cf_video_in *copy_from;
    double aspect;           /* width of a pixel over its height; 0: 1 */
    int (*is_stopped)(void); /* asked while the reader of a pipe takes nothing; 1: give up
                                (CF_ERR_CANCELLED); NULL: never */
} cf_sink_params;

/*
 * Opens "window", "v4l2:/dev/videoN" (an output node, as v4l2loopback makes), "-" (Y4M on standard
 * output), "FILE.y4m", or "FILE" with the ending of a video container (mkv, mp4, avi, mov).
 * CF_ERR_UNSUPPORTED: unknown ending (the line lists the known), no display, not built in, a depth
 * that it does not have.
 * CF_ERR_DEVICE, CF_ERR_IO as usual. A file is whole or absent once it is closed.
 */
cf_status cf_sink_open(const char *target, const cf_sink_params *params, cf_sink **out);

/* Whether cf_sink_open knows the target, and what cf_sink_keeps_all will say; opens nothing.
 * CF_ERR_UNSUPPORTED as there. */
cf_status cf_sink_check(const char *target, int *keeps_all);

/*
 * Shows or writes one picture (of the size and depth opened) taken at t_ns. CF_ERR_CANCELLED:
 * the viewer closed the window, or is_stopped said so. CF_ERR_IO: the reader of a pipe went away,
 * the disk is full.
 */
cf_status cf_sink_write(cf_sink *sink, const cf_image *picture, int64_t t_ns);

/* 1 when every picture must go in (a file, a pipe); 0 where the latest is enough. */
int cf_sink_keeps_all(const cf_sink *sink);

/* Finishes and closes. `keep` 0: the file is removed; 1: also after a failed write, where the
 * format can do with what was written before (Y4M). Safe on NULL. */
cf_status cf_sink_close(cf_sink **sink, int keep);

#endif
