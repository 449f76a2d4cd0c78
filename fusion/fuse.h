/* SPDX-License-Identifier: Apache-2.0 */
/* Fuses pairs of raw frames of one rig: the library's main door. */
#ifndef CHROMAFUSE_FUSION_FUSE_H
#define CHROMAFUSE_FUSION_FUSE_H

#include "base/image.h"
#include "calib/profile.h"
#include "calib/raw_layout.h"
#include "calib/rectify.h"
#include "cl/device.h"

/* What a fused frame consists of; all pictures lie on the mono camera's pixel grid unless said
 * otherwise. */
typedef enum {
    CF_FUSE_PICTURE = 0,  /* RGB8 or RGB16 by cf_fuse_params.depth, display-encoded */
    CF_FUSE_LINEAR,       /* 3 planes F32, scene-linear Rec.709, 1.0 = mono white */
    CF_FUSE_MONO,         /* 1 plane F32: the denoised mono picture, linear */
    CF_FUSE_PROVENANCE,   /* RGB8: shares of invented, measured, guided; sum 255 */
    CF_FUSE_ERROR,        /* 1 plane F32: predicted chroma error, Lab ab units */
    CF_FUSE_COLOR_ALONE,  /* RGB8: the colour camera's own picture, on its own grid */
    CF_FUSE_MONO_PICTURE, /* U8: the mono picture, display-encoded */
    CF_FUSE_DISPARITY, /* 1 plane F32, pixels, on the rectified grid: for looking into the matcher
                        */
    CF_FUSE_OUTPUTS
} cf_fuse_output;

/* How chroma gets from the hints onto the mono picture. */
typedef enum {
    CF_FUSE_NETWORK = 0, /* the classical transfer, corrected and completed by the network */
    CF_FUSE_GUIDED,      /* the classical transfer alone: a mono-guided filter (stage `transfer`) */
} cf_fuse_transfer;

typedef struct {
    int depth;     /* bits of the picture's samples: 8 or 16 */
    int tone_auto; /* 0: sRGB transfer function and clip, nothing else; 1: exposed and toned for a
                      viewer */
    unsigned outputs; /* bits 1 << cf_fuse_output; CF_FUSE_PICTURE is always made */
    int is_sequence;  /* 1: pairs follow each other in time: chroma is remembered from one to the
                         next  (fusion/recall.h), so that it does not flicker */
    const char *const *settings; /* "stage.parameter=value"; must outlive the cf_fuse */
    size_t setting_count;
    const char *const
        *tensors; /* names of the step list (fusion/pipelines.c) to keep as well, for
                     cf_fuse_fetch_tensor: training, tests; must outlive the cf_fuse */
    size_t tensor_count;
    cf_fuse_transfer transfer;
    const char *model; /* the network's weights, an ONNX file (fusion/colorizer.h); NULL: those that
                          are built in; not looked at with CF_FUSE_GUIDED */
} cf_fuse_params;
#define CF_FUSE_DEFAULTS                                                                           \
    {                                                                                              \
        .depth = 8, .tone_auto = 0, .outputs = 0, .is_sequence = 0, .settings = NULL,              \
        .setting_count = 0, .tensors = NULL, .tensor_count = 0, .transfer = CF_FUSE_NETWORK,       \
        .model = NULL                                                                              \
    }

/*
 * Both cameras as they are for these frames, and the rig's geometry. The profiles' tables and the
 * geometry must outlive the cf_fuse.
 */
typedef struct {
    const cf_camera_profile *mono, *color;
    const cf_rectification *geometry;
    cf_raw_format mono_format, color_format; /* how the codes of the pictures lie in memory */
} cf_fuse_rig;

typedef struct cf_fuse cf_fuse;

/*
 * Plans the whole chain for the rig's picture sizes. The first frame compiles kernels that the
 * program cache does not have yet; from the second on nothing is allocated or compiled.
 * CF_ERR_INVALID for settings or a rig that cannot work, CF_ERR_MEMORY, CF_ERR_DEVICE; for
 * params->model as cf_colorizer_open and cf_net_create fail.
 */
cf_status cf_fuse_create(cf_cl *cl, const cf_fuse_rig *rig, const cf_fuse_params *params,
                         cf_fuse **out);
void cf_fuse_destroy(cf_fuse **fuse);

/*
 * For the frames from now on: other levels, noise, neutral, colour matrix or mono gain of the same
 * cameras. Defects and shading stay as they were at creation. Allocates nothing and compiles
 * nothing, but where the noise crosses a bound at which the chain takes other steps or sizes: then
 * it is planned anew, as at creation. On failure the cameras stay as they were.
 */
cf_status cf_fuse_update(cf_fuse *fuse, const cf_camera_profile *mono,
                         const cf_camera_profile *color);

/*
 * Uploads one pair of raw pictures and queues their fusion. The copy waits for what was queued
 * before, the fusion is not waited for. CF_RAW_CODES: 1 plane U16 of the profile's size; another
 * layout: 1 plane U8, rows of cf_raw_bytes(layout, width) bytes.
 */
cf_status cf_fuse_run(cf_fuse *fuse, const cf_image *mono, const cf_image *color);

/*
 * The same without any waiting: both pictures must stay as they are until a ticket (cl/ticket.h)
 * that is taken afterwards is done.
 */
cf_status cf_fuse_queue(cf_fuse *fuse, const cf_image *mono, const cf_image *color);

/* The next pair begins a new sequence. */
cf_status cf_fuse_forget(cf_fuse *fuse);

/* What `from`, about to be destroyed, remembers of its sequence becomes fuse's, when both make
 * pictures of one size. */
void cf_fuse_adopt(cf_fuse *fuse, cf_fuse *from);

/* The size and format of an output, without pixels. CF_ERR_INVALID when it was not asked for. */
cf_status cf_fuse_describe(const cf_fuse *fuse, cf_fuse_output output, cf_image *out);

/* Waits for the last frame and copies an output into a view as cf_fuse_describe says. */
cf_status cf_fuse_read(cf_fuse *fuse, cf_fuse_output output, cf_image *image);

/*
 * Queues the copy of an output of the last frame: it is in the view when a ticket that is taken
 * afterwards is done. row_step n > 1: every n-th row only, in a view of (height + n - 1) / n rows.
 */
cf_status cf_fuse_queue_read(cf_fuse *fuse, cf_fuse_output output, int row_step, cf_image *image);

/* Allocates the picture (free with cf_image_free), then as cf_fuse_read. */
cf_status cf_fuse_fetch(cf_fuse *fuse, cf_fuse_output output, cf_image *image);

/*
 * Waits for the last frame and copies an intermediate tensor that cf_fuse_params.tensors named, as
 * planes of CF_PIXEL_F32 at the tensor's own size; free with cf_image_free. CF_ERR_INVALID when it
 * was not asked for or does not hold floats.
 */
cf_status cf_fuse_fetch_tensor(cf_fuse *fuse, const char *name, cf_image *image);

#endif
