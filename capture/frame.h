/* SPDX-License-Identifier: Apache-2.0 */
/* One picture of one camera, with what is known about it; and pools of such pictures. */
#ifndef CHROMAFUSE_CAPTURE_FRAME_H
#define CHROMAFUSE_CAPTURE_FRAME_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/image.h"
#include "calib/profile.h"
#include "calib/raw_layout.h"

/* Which instant of a frame a time stamp tells. */
typedef enum { CF_TIME_MID = 0, CF_TIME_START, CF_TIME_END } cf_time_ref;

typedef struct cf_frame_pool cf_frame_pool;

/*
 * A raw frame: one plane of the codes that the sensor gave, reference counted (from any thread).
 * Who holds the only reference may change it; else it is constant.
 */
typedef struct {
    cf_image image;            /* CF_RAW_CODES: CF_PIXEL_U16 codes. Another layout: CF_PIXEL_U8,
                                  rows of cf_raw_bytes(layout, profile.width) bytes as they came.
                                  The top-left pixel is site (0,0) of profile.cfa */
    cf_raw_format layout;      /* CF_RAW_CODES from files; streams keep the driver's packing */
    cf_camera_profile profile; /* as the file or driver says; width and height in pixels */
    uint64_t sequence;         /* the camera's own count: a jump is a lost frame */
    int64_t t_ns;      /* the instant that t_ref names, CLOCK_MONOTONIC of the recording machine; 0
                          unknown */
    cf_time_ref t_ref; /* the middle of the exposure wherever the exposure time is known */
    int64_t wall_ns;   /* the same instant by CLOCK_REALTIME, since 1970; 0 unknown. Of cameras
                          cf_source_next tells it */
    int64_t exposure_ns;                      /* 0 unknown */
    int64_t frame_ns;                         /* from this frame to the next, nominal; 0 unknown */
    double gain;                              /* sensor gain as a factor; 0 unknown */
    char maker[64], model[64], timestamp[32]; /* "" unknown; timestamp as EXIF writes it, where
                                                 wall_ns is not known */
    double iso, aperture, focal_mm;           /* 0 unknown */
    int orientation;                          /* EXIF 1..8; 1 upright */
    atomic_int references;                    /* private */
    cf_frame_pool *pool;                      /* private: where its memory goes back to, or NULL */
} cf_frame;

/* A frame with room for width x height codes and one reference. CF_ERR_INVALID, CF_ERR_MEMORY. */
cf_status cf_frame_create(int width, int height, cf_frame **out);
cf_frame *cf_frame_ref(cf_frame *frame);
/* Gives one reference back; the last one frees the frame, or gives it to its pool. Safe on NULL. */
void cf_frame_unref(cf_frame **frame);

/* The frame's pixels as codes in `codes` (CF_PIXEL_U16 of the profile's size); unpacks where they
 * are packed. CF_ERR_INVALID for another size. */
cf_status cf_frame_codes(const cf_frame *frame, const cf_image *codes);

/*
 * `count` (1..256) equal frames made once, so that a stream allocates nothing. Frames that are out
 * when the pool is destroyed stay valid until their last reference is gone.
 */
cf_status cf_frame_pool_create(int width, int height, cf_raw_format layout, int count,
                               cf_frame_pool **out);
void cf_frame_pool_destroy(cf_frame_pool **pool);

/* A frame with one reference, its fields as after creation, its pixels as they last were; NULL when
 * all are out. From any thread. */
cf_frame *cf_frame_pool_get(cf_frame_pool *pool);

/* Frames that are out now. */
int cf_frame_pool_out(cf_frame_pool *pool);

#endif
