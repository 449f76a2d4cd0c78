/* SPDX-License-Identifier: Apache-2.0 */
/* PNG decoder: everything becomes RGB of 8 or 16 bit. */
#include <png.h>
#include <setjmp.h>
#include <string.h>

#include "base/log.h"
#include "capture/internal.h"

#define CHUNK_MAX ((png_alloc_size_t)16 << 20)

static void on_error(png_structp png, png_const_charp text) {
    const cf_picture_source *source = png_get_error_ptr(png);
    cf_log(CF_LOG_ERROR, "%s: truncated or damaged PNG (%s)", source->path, text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
    const cf_picture_source *source = png_get_error_ptr(png);
    if (!strncmp(text, "iCCP", 4) && !strstr(text, "known incorrect")) /* that one is kept */
        cf_log(CF_LOG_WARNING, "%s: its ICC profile is left out (%s)", source->path, text);
    else
        cf_log(CF_LOG_DEBUG, "%s: %s", source->path, text);
}

static void keep_metadata(const cf_picture_source *source, png_structp png, png_infop info) {
    cf_picture *out = source->out;
    png_charp name = NULL;
    png_bytep data = NULL;
    png_uint_32 size = 0;
    int method = 0;
    if (png_get_iCCP(png, info, &name, &method, &data, &size))
        cf_picture_keep(data, size, &out->icc, &out->icc_size);
    data = NULL;
    size = 0;
    if (png_get_eXIf_1(png, info, &size, &data))
        cf_picture_keep(data, size, &out->exif, &out->exif_size);
}

/* Asks for RGB without alpha; the number of passes over the rows. */
static int set_transforms(png_structp png, png_infop info) {
    png_set_expand(png);
    png_set_strip_alpha(png);
    png_set_gray_to_rgb(png);
    if (png_get_bit_depth(png, info) == 16)
        png_set_swap(png);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    return passes;
}

static cf_status decode(const cf_picture_source *source, png_structp png, png_infop info) {
    cf_picture *out = source->out;
    png_init_io(png, source->stream);
    png_set_user_limits(png, CF_IMAGE_MAX_SIDE, CF_IMAGE_MAX_SIDE);
    png_set_chunk_malloc_max(png, CHUNK_MAX);
    png_read_info(png, info);
    out->is_gray = !(png_get_color_type(png, info) & PNG_COLOR_MASK_COLOR);
    out->has_alpha = (png_get_color_type(png, info) & PNG_COLOR_MASK_ALPHA) != 0 ||
                     png_get_valid(png, info, PNG_INFO_tRNS) != 0;
    CF_TRY(cf_picture_alloc(source, png_get_image_width(png, info), png_get_image_height(png, info),
                            png_get_bit_depth(png, info)));
    int passes = set_transforms(png, info);
    if (png_get_rowbytes(png, info) > out->image.stride)
        return cf_fail(CF_ERR_FORMAT, "%s: PNG of an unknown layout", source->path);
    for (int pass = 0; pass < passes; pass++)
        for (int y = 0; y < out->image.height; y++)
            png_read_row(png, cf_image_row(&out->image, 0, y), NULL);
    png_read_end(png, info);
    keep_metadata(source, png, info);
    return CF_OK;
}

cf_status cf_png_read(const cf_picture_source *source) {
    png_structp png =
        png_create_read_struct(PNG_LIBPNG_VER_STRING, (png_voidp)source, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        png_destroy_read_struct(&png, NULL, NULL);
        return cf_fail(CF_ERR_MEMORY, "%s: not enough memory to read it", source->path);
    }
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_read_struct(&png, &info, NULL);
        return CF_ERR_FORMAT;
    }
    cf_status status = decode(source, png, info);
    png_destroy_read_struct(&png, &info, NULL);
    return status;
}
