/* SPDX-License-Identifier: Apache-2.0 */
/* Choice of the format, conversion of rows, atomic replacement. */
#include "capture/picture_out.h"

#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "capture/exif.h"
#include "capture/icc.h"
#include "capture/internal.h"

typedef struct {
    const char *extension;
    int max_depth;
    cf_status (*write)(const cf_picture_job *);
} format_entry;

static const format_entry formats[] = {
    {".png", 16, cf_png_write},  {".jpg", 8, cf_jpeg_write},   {".jpeg", 8, cf_jpeg_write},
    {".tif", 32, cf_tiff_write}, {".tiff", 32, cf_tiff_write},
};

static const format_entry *format_of(const char *path) {
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof formats / sizeof formats[0]; i++)
        if (!strcasecmp(dot, formats[i].extension))
            return &formats[i];
    return NULL;
}

cf_status cf_picture_out_supported(const char *path, int depth) {
    const format_entry *format = format_of(path);
    if (!format)
        return cf_fail(CF_ERR_INVALID,
                       "%s: cannot tell the format; end the name in .png, .jpg, .tif or .tiff",
                       path);
    if (depth != 0 && depth != 8 && depth != 16 && depth != 32)
        return cf_fail(CF_ERR_INVALID, "%s: depth %d; choose 8, 16 or 32", path, depth);
    if (depth > format->max_depth)
        return cf_fail(CF_ERR_INVALID, "%s: %s files hold at most %d bits a sample, not %d", path,
                       format->extension + 1, format->max_depth, depth);
    return CF_OK;
}

static int samples_of(const cf_image *image) {
    switch (image->format) {
    case CF_PIXEL_U8:
    case CF_PIXEL_U16:
    case CF_PIXEL_F32: return image->planes == 1 || image->planes == 3 ? image->planes : 0;
    case CF_PIXEL_RGB8:
    case CF_PIXEL_RGB16:
    case CF_PIXEL_RGBF32: return image->planes == 1 ? 3 : 0;
    case CF_PIXEL_NONE: break;
    }
    return 0;
}

static int bits_of(cf_pixel format) {
    switch (format) {
    case CF_PIXEL_U8:
    case CF_PIXEL_RGB8: return 8;
    case CF_PIXEL_U16:
    case CF_PIXEL_RGB16: return 16;
    default: return 32;
    }
}

/* Exact for every pair of integer depths: 255 and 65535 map to each other. */
static uint16_t widen(uint8_t x) {
    return (uint16_t)(x * 257U);
}

static uint8_t narrow(uint16_t x) {
    return (uint8_t)((x + 128U) / 257U);
}

static uint32_t quantize(float x, float max) {
    if (!(x > 0)) /* also NaN */
        return 0;
    return x >= 1 ? (uint32_t)max : (uint32_t)(x * max + 0.5F);
}

static void convert_sample(const void *in, int in_bits, size_t i, void *out, int out_bits,
                           size_t o) {
    const uint8_t *in8 = in;
    const uint16_t *in16 = in;
    const float *in32 = in;
    if (out_bits == 8) {
        uint8_t *to = out;
        to[o] = in_bits == 8    ? in8[i]
                : in_bits == 16 ? narrow(in16[i])
                                : (uint8_t)quantize(in32[i], 255.0F);
    } else if (out_bits == 16) {
        uint16_t *to = out;
        to[o] = in_bits == 8    ? widen(in8[i])
                : in_bits == 16 ? in16[i]
                                : (uint16_t)quantize(in32[i], 65535.0F);
    } else {
        float *to = out;
        to[o] = in_bits == 8    ? (float)in8[i] / 255.0F
                : in_bits == 16 ? (float)in16[i] / 65535.0F
                                : in32[i];
    }
}

void cf_picture_row(const cf_picture_job *job, int y) {
    const cf_image *image = job->image;
    int bits = bits_of(image->format);
    size_t width = (size_t)image->width;
    size_t samples = (size_t)job->samples;
    if (image->planes == 1) {
        const void *in = cf_image_row(image, 0, y);
        size_t count = width * samples;
        if (bits == job->depth)
            memcpy(job->row, in, count * (size_t)(bits / 8));
        else
            for (size_t i = 0; i < count; i++)
                convert_sample(in, bits, i, job->row, job->depth, i);
        return;
    }
    for (size_t plane = 0; plane < samples; plane++) {
        const void *in = cf_image_row(image, (int)plane, y);
        for (size_t x = 0; x < width; x++)
            convert_sample(in, bits, x, job->row, job->depth, x * samples + plane);
    }
}

static cf_status check_image(const char *path, const cf_image *image,
                             const cf_picture_out_params *params) {
    if (!image || !image->data || !cf_image_size_ok(image->width, image->height) ||
        !samples_of(image))
        return cf_fail(CF_ERR_INVALID, "%s: not a grey or RGB picture", path);
    if (params->quality < 0 || params->quality > 100)
        return cf_fail(CF_ERR_INVALID, "%s: JPEG quality %d; choose 1..100", path, params->quality);
    return CF_OK;
}

/* Makes the metadata blocks, writes them and the picture into the temporary file. */
static cf_status write_job(cf_picture_job *job, const format_entry *format) {
    const cf_picture_out_params *params = job->params;
    unsigned char icc[CF_ICC_MAX];
    unsigned char exif[CF_EXIF_MAX];
    job->icc = params->icc ? params->icc : icc;
    job->icc_size = params->icc ? params->icc_size : cf_icc_srgb(job->samples == 1, icc);
    if (job->depth == 32 || params->colors != CF_COLORS_SRGB)
        job->icc_size = 0;
    job->exif = params->exif ? params->exif : exif;
    job->exif_size = params->exif
                         ? params->exif_size
                         : cf_exif_make(params->about, params->software, job->icc_size > 0, exif);
    job->row = cf_alloc((size_t)job->image->width * (size_t)job->samples, (size_t)job->depth / 8);
    cf_status status = job->row ? format->write(job) : CF_ERR_MEMORY;
    cf_free(job->row);
    job->row = NULL;
    job->icc = job->exif = NULL; /* they may be arrays of this function */
    return status;
}

cf_status cf_picture_prepare(const char *path, const cf_image *image,
                             const cf_picture_out_params *params, cf_file_out **file) {
    static const cf_picture_out_params defaults = CF_PICTURE_OUT_DEFAULTS;
    *file = NULL;
    params = params ? params : &defaults;
    CF_TRY(cf_picture_out_supported(path, params->depth));
    CF_TRY(check_image(path, image, params));
    const format_entry *format = format_of(path);
    int depth = params->depth ? params->depth : bits_of(image->format);
    cf_file_out *out = NULL;
    CF_TRY(cf_file_create(path, &out));
    cf_picture_job job = {
        .path = path,
        .file = cf_file_temporary(out),
        .stream = cf_file_stream(out),
        .image = image,
        .samples = samples_of(image),
        .depth = depth < format->max_depth ? depth : format->max_depth,
        .params = params,
    };
    cf_status status = write_job(&job, format);
    if (status != CF_OK)
        cf_file_discard(&out);
    *file = out;
    return status;
}

cf_status cf_picture_write(const char *path, const cf_image *image,
                           const cf_picture_out_params *params) {
    cf_file_out *out;
    CF_TRY(cf_picture_prepare(path, image, params, &out));
    return cf_file_commit(&out);
}
