/* SPDX-License-Identifier: Apache-2.0 */
/* PNG encoder: 8 or 16 bit grey or RGB, with iCCP and eXIf. */
#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <string.h>
#include <zlib.h>

#include "base/log.h"
#include "capture/internal.h"

static void on_error(png_structp png, png_const_charp text) {
    const cf_picture_job *job = png_get_error_ptr(png);
    /* libpng only says "Write Error"; the reason is the system's */
    cf_log(CF_LOG_ERROR, "%s: cannot write: %s", job->path,
           ferror(job->stream) && errno ? strerror(errno) : text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
    const cf_picture_job *job = png_get_error_ptr(png);
    cf_log(CF_LOG_DEBUG, "%s: %s", job->path, text);
}

/* Everything after setjmp, so that no local of the caller changes behind it. */
static void encode(const cf_picture_job *job, png_structp png, png_infop info) {
    png_init_io(png, job->stream);
    png_set_IHDR(png, info, (png_uint_32)job->image->width, (png_uint_32)job->image->height,
                 job->depth, job->samples == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    /* Photographs have no repeats to look for: one filter and run lengths give the size of zlib's
     * level 4 with all filters tried, in less than half the time. */
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_PAETH);
    png_set_compression_strategy(png, Z_RLE);
    png_set_compression_level(png, 3);
    if (job->icc_size)
        png_set_iCCP(png, info, "ICC profile", PNG_COMPRESSION_TYPE_BASE, job->icc,
                     (png_uint_32)job->icc_size);
    if (job->exif_size)
        png_set_eXIf_1(png, info, (png_uint_32)job->exif_size, (png_bytep)job->exif);
    png_write_info(png, info);
    if (job->depth == 16)
        png_set_swap(png); /* PNG is big endian, every host of ours is little */
    for (int y = 0; y < job->image->height; y++) {
        cf_picture_row(job, y);
        png_write_row(png, job->row);
    }
    png_write_end(png, NULL);
}

cf_status cf_png_write(const cf_picture_job *job) {
    png_structp png =
        png_create_write_struct(PNG_LIBPNG_VER_STRING, (png_voidp)job, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        png_destroy_write_struct(&png, NULL);
        return cf_fail(CF_ERR_MEMORY, "%s: not enough memory to write", job->path);
    }
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_write_struct(&png, &info);
        return CF_ERR_IO;
    }
    encode(job, png, info);
    png_destroy_write_struct(&png, &info);
    return CF_OK;
}
