/* SPDX-License-Identifier: Apache-2.0 */
/* Colours mono pictures of one size: the library's door for photographs and video. */
#ifndef CHROMAFUSE_FUSION_COLORIZE_H
#define CHROMAFUSE_FUSION_COLORIZE_H

#include "base/image.h"
#include "cl/device.h"
#include "fusion/fuse.h"

/* A colour that the user knows, in a square of the picture. */
typedef struct {
    float x, y;   /* its centre, pixels; pixel centres lie at integers; inside the picture */
    float size;   /* its side, pixels, > 0; parts outside the picture do nothing */
    float rgb[3]; /* sRGB, 0..255; how bright it is does not matter */
} cf_hint_point;

/* All pictures have the mono picture's size. */
typedef enum {
    CF_COLORIZE_PICTURE = 0, /* RGB8 or RGB16 by cf_colorize_params.depth, display-encoded sRGB */
    CF_COLORIZE_LINEAR,      /* 3 planes F32, linear Rec.709; its luminance is the mono picture */
    CF_COLORIZE_PROVENANCE,  /* RGB8: shares of invented, measured (always 0), guided; sum 255 */
    CF_COLORIZE_ERROR,       /* 1 plane F32: predicted chroma error, Lab ab units */
    CF_COLORIZE_OUTPUTS
} cf_colorize_output;

typedef struct {
    int depth;        /* bits of the picture's samples: 8 or 16 */
    unsigned outputs; /* bits 1 << cf_colorize_output; CF_COLORIZE_PICTURE is always made */
    int grid; /* longest side of the grid that colour is worked out on, 64..32768 pixels: larger
                 pictures are halved until they fit, and their colour brought back led by them */
    int band; /* pixels of a picture larger than the grid that are finished at once, > 0: what
                 bounds the memory of large ones; changes no pixel */
    cf_fuse_transfer transfer; /* CF_FUSE_GUIDED: points alone, spread along the mono picture */
    float vivid;       /* 0..1, how boldly the network invents: 0.5 the nearest guess, dull; 1 as
                          colourful as the world; 0 only mends what was measured, as in fusion */
    const char *model; /* ONNX file of a network like the built-in one (fusion/colorizer.h), or of a
                          published colorizer (fusion/lab_model.h); NULL: the built-in one */
    int has_points;    /* 1: pictures come with points, whose colours also shift the guess elsewhere
                          (fusion/krige.h), which takes the network twice; in a sequence they go
                          along with what they lie on (fusion/track.h). 0: points spread only */
    int is_sequence;   /* 1: pictures follow each other in time: their chroma, and what points say,
                          is remembered from one to the next (fusion/recall.h) */
    float noise; /* of the square root of mono, standard deviation; 0: half a code of 8 bits */
    const char *const *settings; /* "stage.parameter=value"; must outlive the cf_colorize */
    size_t setting_count;
} cf_colorize_params;
#define CF_COLORIZE_DEFAULTS                                                                       \
    {                                                                                              \
        .depth = 8, .outputs = 0, .grid = 768, .band = 2 << 20, .transfer = CF_FUSE_NETWORK,       \
        .vivid = 1, .model = NULL, .has_points = 0, .is_sequence = 0, .noise = 0,                  \
        .settings = NULL, .setting_count = 0                                                       \
    }

typedef struct cf_colorize cf_colorize;

/*
 * Plans for pictures of width x height. The first picture compiles kernels that the program cache
 * does not have yet; from the second on nothing is allocated on the device or compiled.
 * CF_ERR_INVALID for settings that cannot work, CF_ERR_MEMORY, CF_ERR_DEVICE; for params->model as
 * cf_model_load fails, and CF_ERR_UNSUPPORTED where it is neither kind of network.
 */
cf_status cf_colorize_create(cf_cl *cl, int width, int height, const cf_colorize_params *params,
                             cf_colorize **out);
void cf_colorize_destroy(cf_colorize **colorize);

/*
 * Uploads a mono picture (1 plane of CF_PIXEL_F32, linear luminance, 1 = white; what lies outside
 * 0..1 stays grey) and queues its colorization, with count points as hints (later ones over earlier
 * ones). Waits for the upload, not for the result. CF_ERR_INVALID: another size or format; a point
 * that is not as above, named by its number.
 */
cf_status cf_colorize_run(cf_colorize *colorize, const cf_image *gray, const cf_hint_point *points,
                          size_t count);

/* The next picture begins a new sequence. */
cf_status cf_colorize_forget(cf_colorize *colorize);

/* The size and format of an output, without pixels. CF_ERR_INVALID when it was not asked for. */
cf_status cf_colorize_describe(const cf_colorize *colorize, cf_colorize_output output,
                               cf_image *out);

/*
 * Waits for the last picture and copies an output into a view as cf_colorize_describe says. Large
 * pictures are finished here, in bands, so that their colour planes are never in memory as a whole.
 */
cf_status cf_colorize_read(cf_colorize *colorize, cf_colorize_output output, cf_image *image);

/* Allocates the picture (free with cf_image_free), then as cf_colorize_read. */
cf_status cf_colorize_fetch(cf_colorize *colorize, cf_colorize_output output, cf_image *image);

/* Names of the stages that work on the grid of colour, in order. */
const char *const *cf_colorize_stages(const cf_colorize *colorize, size_t *count);

#endif
