/* SPDX-License-Identifier: Apache-2.0 */
/* Private to capture/: libcamera's C++ behind C functions, and nothing more than that. */
#ifndef CHROMAFUSE_CAPTURE_LIBCAMERA_BRIDGE_H
#define CHROMAFUSE_CAPTURE_LIBCAMERA_BRIDGE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All functions that return int: 0, or what they count, or a negative errno. -ENOSYS: built without
 * libcamera. -ESTALE: a camera was unplugged, and libcamera before 0.0.5 must end before one comes
 * back: close all cameras, then open them again. Nothing is logged but libcamera's own lines, at
 * the debug level. */

#define CF_LIBCAMERA_MODES 512

typedef struct {
    char format[32]; /* libcamera's name: "SRGGB10_CSI2P" */
    int width, height;
} cf_libcamera_mode;

typedef struct {
    char id[256], model[96]; /* model "": unknown */
    int has_sync;            /* 1: has the control SyncMode (Raspberry Pi) */
    int mode_count;          /* at most CF_LIBCAMERA_MODES, raw and other formats */
    cf_libcamera_mode modes[CF_LIBCAMERA_MODES];
} cf_libcamera_about;

/* Cameras there are; describes the first max of them, in the order of `cam -l`. */
int cf_libcamera_list(cf_libcamera_about *out, int max);

typedef struct {
    double min, max; /* both 0: no such control */
} cf_libcamera_range;

/* What a camera was configured to. */
typedef struct {
    cf_libcamera_mode mode; /* libcamera may have changed what was asked for */
    int stride;             /* bytes from row to row */
    cf_libcamera_range exposure_us, gain, frame_us;
} cf_libcamera_setup;

/* 0: leave. Exposure and gain end the camera's own automatic exposure. */
typedef struct {
    int32_t exposure_us;
    int64_t frame_us;
    float gain;
    int32_t sync; /* 1 server, 2 client */
} cf_libcamera_controls;

/* One finished request. What is not known is 0. */
typedef struct {
    uint64_t token;            /* for cf_libcamera_release */
    int is_damaged;            /* the driver flagged an error: only sequence means something */
    const unsigned char *data; /* readable until released */
    size_t bytes;              /* mapped */
    size_t used;               /* written by the camera */
    uint32_t sequence;
    int64_t buffer_ns;     /* of the buffer: the driver's clock */
    int64_t sensor_ns;     /* SensorTimestamp */
    int32_t exposure_us;   /* ExposureTime */
    int64_t frame_us;      /* FrameDuration */
    float gain;            /* AnalogueGain */
    int32_t black[4];      /* SensorBlackLevels: R, Gr, Gb, B of 16 bit */
    float colour_gains[2]; /* ColourGains: red, blue */
    float ccm[9];          /* ColourCorrectionMatrix: white-balanced camera RGB -> Rec.709 */
} cf_libcamera_frame;

/* A camera that is ours until it is closed. */
typedef struct cf_libcamera cf_libcamera;

/* -ENODEV: no camera has this id; -EBUSY: somebody else has it. */
int cf_libcamera_open(const char *id, cf_libcamera **out);
void cf_libcamera_close(cf_libcamera **camera);

/* -EINVAL: cannot do anything like wish. */
int cf_libcamera_configure(cf_libcamera *camera, const cf_libcamera_mode *wish,
                           cf_libcamera_setup *out);
int cf_libcamera_start(cf_libcamera *camera, const cf_libcamera_controls *controls);

/* -ETIMEDOUT; -ECANCELED: a request came back unused and is not used again; -ENODEV: the camera is
 * gone, or no request is left. */
int cf_libcamera_next(cf_libcamera *camera, int timeout_ms, cf_libcamera_frame *out);

/* Gives the buffer to the camera again, with the settings made since. -ENODEV as above. */
int cf_libcamera_release(cf_libcamera *camera, uint64_t token);

/* From any thread; in force some frames later. Controls the camera has not are left out. */
int cf_libcamera_set(cf_libcamera *camera, const cf_libcamera_controls *controls);

#ifdef __cplusplus
}
#endif

#endif
