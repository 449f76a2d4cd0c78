/* SPDX-License-Identifier: Apache-2.0 */
/* Where raw frames come from: one interface for cameras, files and the simulator. */
#ifndef CHROMAFUSE_CAPTURE_SOURCE_H
#define CHROMAFUSE_CAPTURE_SOURCE_H

#include "capture/frame.h"

/* One camera, opened by a URI: "libcamera:ID", "v4l2:/dev/video0", "file:FOLDER", "sim:mono?...".
 * What has no scheme is a file. */
typedef struct cf_source cf_source;

/* What a camera may be for. */
typedef enum { CF_CAMERA_ANY = 0, CF_CAMERA_MONO, CF_CAMERA_COLOR } cf_camera_kind;

/* What a platform can do to run two sensors in step. */
typedef enum { CF_SYNC_NONE = 0, CF_SYNC_SERVER, CF_SYNC_CLIENT } cf_sync_mode;

/* Wishes; 0 and NULL: what the camera does best for the kind. Wishes are met exactly or the opening
 * fails with a line that lists what the camera offers, but for fps, which is the nearest. */
typedef struct {
    cf_camera_kind kind; /* a format of the other kind is an error */
    int width, height;
    const char *format; /* as the system names it: "Y10", "RG10", "R10", "SRGGB10_CSI2P" */
    double fps;
    cf_sync_mode sync;
    int frames;  /* frames that may be out at a time, 2..256; default 12 */
    int as_fast; /* files and simulator: do not wait for the time at which a frame was taken */
    int loop;    /* files: start again at the end, with time stamps and counts that go on */
} cf_source_params;
#define CF_SOURCE_DEFAULTS                                                                         \
    { .frames = 12 }

/* A control's range; all 0: the camera has no such control. */
typedef struct {
    double min, max, step; /* step 0: continuous */
} cf_control_range;

typedef struct {
    char uri[512];   /* opens it again */
    char name[128];  /* for people */
    char format[32]; /* as chosen */
    int width, height;
    cf_raw_format layout;
    cf_camera_profile profile; /* levels and mosaic as far as the format tells; no tables */
    double fps;                /* 0 unknown */
    cf_control_range exposure_ns, gain, frame_ns; /* gain: factor. frame_ns: frame duration */
    int sync_server, sync_client;                 /* 1: cf_source_params.sync can be that */
    int is_live; /* 1: frames come by themselves and are lost when not taken; 0: they wait */
} cf_source_info;

/* Counts since the start; what was lost is never lost silently. */
typedef struct {
    uint64_t frames;  /* given out */
    uint64_t damaged; /* the driver flagged an error; not given out */
    uint64_t lost;    /* gaps in the camera's count */
    uint64_t overrun; /* came while all frames of the pool were out; not given out */
} cf_source_stats;

/*
 * Opens and configures; frames flow after cf_source_start. CF_ERR_DEVICE: no such camera, busy, not
 * permitted (the line says which group), gone. CF_ERR_UNSUPPORTED: a wish it cannot meet (the line
 * lists what it can), or a scheme that is not built in. CF_ERR_IO, CF_ERR_FORMAT: files.
 */
cf_status cf_source_open(const char *uri, const cf_source_params *params, cf_source **out);
void cf_source_close(cf_source **source);
const cf_source_info *cf_source_describe(const cf_source *source);

cf_status cf_source_start(cf_source *source);

/*
 * The next frame, the caller's to unref. CF_ERR_TIMEOUT: none within timeout_ms (>= 0).
 * CF_ERR_END: the recording is over. CF_ERR_DEVICE, logged: the camera is gone or broken; close it,
 * and open it again when it is back. One thread at a time.
 */
cf_status cf_source_next(cf_source *source, int timeout_ms, cf_frame **out);

/* Settings that take effect some frames later; 0: leave as it is. */
typedef struct {
    int64_t exposure_ns, frame_ns;
    double gain;
} cf_source_controls;

/* Sets what the camera has, rounded and clamped to its ranges; ignores what it has not. May be
 * called while another thread waits in cf_source_next. */
cf_status cf_source_set(cf_source *source, const cf_source_controls *controls);

cf_source_stats cf_source_statistics(const cf_source *source);

/* A camera that is there. */
typedef struct {
    char uri[512], name[128], driver[64];
    int has_mono, has_color; /* 1: offers a mono, a Bayer format */
    char formats[1024];      /* "Y10 640x480,1280x720; RG10 640x480" */
    int sync_server, sync_client;
    char trouble[256]; /* "" or why it cannot be used: busy, permission */
} cf_source_listing;

/* All cameras of all kinds; writes at most max and returns how many there are. */
size_t cf_source_list(cf_source_listing *out, size_t max);

#endif
