/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of a processing step: what goes in and out, its parameters, its reference and its
 * kernel. */
#ifndef CHROMAFUSE_ISP_STAGE_H
#define CHROMAFUSE_ISP_STAGE_H

#include "base/option.h"
#include "base/status.h"
#include "calib/profile.h"
#include "calib/raw_layout.h"
#include "calib/rectify.h"
#include "cl/buffer.h"
#include "cl/net/model.h"
#include "cl/program.h"

/* What the numbers of a plane set mean. Tests draw their inputs, and judge outputs, by it. */
typedef enum {
    CF_DOMAIN_CODES,   /* raw bytes or 16-bit codes of a sensor (elem 1 or 2) */
    CF_DOMAIN_RAW,     /* linear, 0 black .. 1 white, one plane; mosaic for a colour sensor; may be
                          negative */
    CF_DOMAIN_LINEAR,  /* scene-linear: mono (1 plane) or Rec.709 RGB (3); usually 0..1, may be
                          outside */
    CF_DOMAIN_STABLE,  /* variance-stabilised: noise has sigma 1; 0..several hundred */
    CF_DOMAIN_ENCODED, /* display values 0..1 after the transfer function */
    CF_DOMAIN_COORDINATE, /* 2 planes x, y: pixels of another picture, centres at integers */
    CF_DOMAIN_DISPARITY,  /* pixels; left x matches right x - d */
    CF_DOMAIN_CHROMA,     /* 2 planes (R-m)/(m+eps), (B-m)/(m+eps) */
    CF_DOMAIN_UNIT,       /* confidence, weights, shares: 0..1 */
    CF_DOMAIN_SIGMA,      /* standard deviation, >= 0, of linear or sqrt values as the stage says */
    CF_DOMAIN_COST,       /* matching costs, 8 or 16 bit integers (elem 1 or 2) */
    CF_DOMAIN_GAIN,       /* multipliers around 1 */
    CF_DOMAIN_LAB,        /* CIE Lab: L* 0..100, a* and b* or errors in their units */
    CF_DOMAIN_TABLE,      /* small host-made tables: lists, curves, histograms */
} cf_domain;

/*
 * Planes of one size. On the device in `buf`, for references in `data`; the layout is the same:
 * sample (x, y) of plane p is element (p * height + y) * pitch + x. pitch is a multiple of 16
 * elements (CF_PITCH). What lies between width and pitch is nobody's: kernels may write it, nothing
 * may depend on it.
 */
typedef struct {
    cf_buffer *buf;
    void *data;
    int width, height, planes, pitch;
    int elem; /* bytes of an element: 4 float32 (default), 2 uint16, 1 uint8 */
    cf_domain domain;
} cf_plane_set;

#define CF_PITCH(width) (((width) + 15) / 16 * 16)

/* Bytes that the planes take; for a valid size it cannot overflow. */
static inline size_t cf_plane_set_bytes(const cf_plane_set *set) {
    return (size_t)set->pitch * (size_t)set->height * (size_t)set->planes * (size_t)set->elem;
}

/* Host access: the first element of row y of plane p. */
static inline float *cf_row(const cf_plane_set *set, int plane, int y) {
    return (float *)set->data +
           ((size_t)plane * (size_t)set->height + (size_t)y) * (size_t)set->pitch;
}

#define CF_STAGE_PORTS 8

/* What one step reads and writes. Unused ports have planes == 0. Outputs never alias inputs. */
typedef struct {
    cf_plane_set in[CF_STAGE_PORTS];
    cf_plane_set out[CF_STAGE_PORTS];
    void *state; /* what the stage's prepare made for these sizes, for run_cl; NULL: it has none */
} cf_stage_io;

/* How an output's, or a test input's, size follows from the stage's inputs. */
typedef enum {
    CF_SIZE_SAME = 0, /* of input port `like` */
    CF_SIZE_HALF,     /* (n + 1) / 2 of it */
    CF_SIZE_QUARTER,  /* (n + 3) / 4 of it */
    CF_SIZE_FREE,     /* inputs: any size of its own; outputs: the stage's `shape` says */
} cf_size_rule;

/* Declares one input or output; a list ends with a NULL name. */
typedef struct {
    const char *name;
    cf_domain domain;
    int planes; /* 0: as many as input port 0 */
    cf_size_rule size;
    int like; /* input port that `size` refers to */
    int elem; /* 0 means 4 */
} cf_port;

/* What a step may learn about the frame it works on; everything is owned by the caller and constant
 * during a frame. */
typedef struct {
    const cf_camera_profile *camera; /* the camera this step works for: mono or color below */
    const cf_camera_profile *mono, *color;
    cf_raw_format mono_format, color_format; /* how the uploaded codes lie in memory */
    int grid_width, grid_height;             /* of the rectified grid that matching runs on */
    float disparity_min, disparity_max;      /* search range in pixels of the rectified grid */
    float color_scale;  /* pixels of the colour picture per pixel of the mono grid, about 1 /
                           resolution ratio */
    int mono_resampled; /* 1 when matching needs the mono picture resampled, 0 when its own grid is
                           already rectified */
    const cf_rectification *geometry; /* maps between the pictures; NULL: none */
    int tone_auto;                    /* 1: tone for looking at; 0: none, for measuring */
    int is_sequence;         /* 1: frames follow each other in time, and chroma is remembered */
    const cf_model *network; /* the colorizer's weights (fusion/colorizer.h); NULL: chroma stays the
                                classical transfer's */
    float vivid;             /* 0..1, how boldly the network invents (fusion/network.h) */
} cf_stage_context;

typedef struct {
    const char *name, *summary;
    cf_port in[CF_STAGE_PORTS + 1], out[CF_STAGE_PORTS + 1];
    size_t params_size;
    const void *defaults;
    const cf_option *options;
    int multiple; /* sides of input 0 must be multiples of this; 0: any size */
    int margin; /* pixels around an output tile that its input must cover; -1: the whole picture */
    double tol_max,
        tol_mean; /* largest and mean |kernel - reference| allowed, in the output's units */
    const char *tol_why;
    /* Size of output `port` when its rule is CF_SIZE_FREE. */
    cf_status (*shape)(const cf_stage_io *io, const void *params, int port, int *width,
                       int *height);
    /* Fills params (already holding the defaults) from what is known about the frame. NULL: the
     * defaults serve. */
    cf_status (*bind)(const cf_stage_context *context, void *params);
    /* 1 when, with this context, output 0 equals input 0, and so does every further output whose
     * domain and planes are those of the input of its number: the runner then leaves the step out.
     * NULL: never. */
    int (*identity)(const cf_stage_context *context);
    /* Makes the table for an input port that says CF_TABLE in a list of steps: host data that the
     * caller frees with cf_free. NULL: the stage has none. */
    cf_status (*table)(const cf_stage_context *context, int port, cf_plane_set *out);
    /* Plans what the step keeps over frames for these sizes (buffers may be missing yet) and
     * parameters into state_size zeroed bytes: io->state of run_cl. May allocate, compile and wait.
     * NULL: the stage keeps nothing. */
    size_t state_size;
    cf_status (*prepare)(cf_cl *cl, const cf_stage_io *io, const void *params, void *state);
    /* Puts back what is in it, also where prepare has failed half-way. */
    void (*release)(void *state);
    /* Plain C on `data`: the definition of correct. Deterministic; inputs may hold NaN and
     * infinities. */
    cf_status (*run_ref)(const cf_stage_io *io, const void *params);
    /* Queues kernels on `buf`. No waiting, no host copies; scratch comes from the pool and goes
     * back before returning. */
    cf_status (*run_cl)(cf_cl *cl, const cf_stage_io *io, const void *params);
    /* Makes a random input of port usable where uniform noise of its domain is not (tables, maps).
     * NULL: noise serves. */
    void (*test_input)(int port, cf_plane_set *set, unsigned seed);
} cf_stage;

/*
 * Checks io and params against the descriptor (port count, planes, sizes, pitches, output shapes,
 * option ranges) and runs the reference or the kernel. CF_ERR_INVALID names stage and port. NULL
 * params: the defaults.
 */
cf_status cf_stage_run_ref(const cf_stage *stage, const cf_stage_io *io, const void *params);
cf_status cf_stage_run_cl(const cf_stage *stage, cf_cl *cl, const cf_stage_io *io,
                          const void *params);

/*
 * Makes *state for steps of these sizes and parameters, to be set as io->state, after checks as
 * above; NULL for stages that keep none. CF_ERR_MEMORY, CF_ERR_DEVICE, or as the stage says.
 */
cf_status cf_stage_prepare(const cf_stage *stage, cf_cl *cl, const cf_stage_io *io,
                           const void *params, void **state);
/* Gives it back; safe on NULL; sets NULL. */
void cf_stage_release(const cf_stage *stage, void **state);

/* Sets size, planes, pitch, element and domain of output `port` (without memory) for the inputs in
 * io. */
cf_status cf_stage_shape(const cf_stage *stage, const cf_stage_io *io, const void *params, int port,
                         cf_plane_set *out);

/* The same for input `port`, whose size must follow from an earlier port's. */
cf_status cf_stage_input_shape(const cf_stage *stage, const cf_stage_io *io, int port,
                               cf_plane_set *out);

/* Device memory for a described plane set (width, height, planes, elem, pitch 0: tight); put back
 * with cf_buffer_put. */
cf_status cf_plane_set_get(cf_cl *cl, cf_plane_set *set);

#endif
