/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG decoder: grey and YCbCr or RGB become RGB8. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
/* jpeglib.h first */
#include <jerror.h>

#include "base/log.h"
#include "capture/internal.h"

/* Progressive files may list scans without end, each one a pass over the whole picture. */
#define SCANS_MAX 500

typedef struct {
    struct jpeg_error_mgr base;
    struct jpeg_progress_mgr progress;
    const char *path;
    cf_status status;
    jmp_buf leave;
} reader;

static void on_exit_error(j_common_ptr jpeg) {
    reader *r = (reader *)jpeg->err;
    char text[JMSG_LENGTH_MAX];
    r->base.format_message(jpeg, text);
    r->status = CF_ERR_FORMAT;
    if (r->base.msg_code == JERR_OUT_OF_MEMORY)
        r->status = CF_ERR_MEMORY;
    if (r->base.msg_code == JERR_CONVERSION_NOTIMPL)
        cf_log(CF_LOG_ERROR, "%s: CMYK JPEG; convert it to RGB", r->path);
    else
        cf_log(CF_LOG_ERROR, "%s: truncated or damaged JPEG (%s)", r->path, text);
    if (r->base.msg_code == JERR_CONVERSION_NOTIMPL)
        r->status = CF_ERR_UNSUPPORTED;
    longjmp(r->leave, 1);
}

/* libjpeg only warns when data end early and paints the rest grey; that is no picture. */
static void on_message(j_common_ptr jpeg, int level) {
    reader *r = (reader *)jpeg->err;
    if (level >= 0)
        return;
    if (r->base.msg_code == JWRN_JPEG_EOF || r->base.msg_code == JWRN_HIT_MARKER ||
        r->base.msg_code == JWRN_HUFF_BAD_CODE)
        on_exit_error(jpeg);
    r->base.num_warnings++;
}

static void on_progress(j_common_ptr jpeg) {
    reader *r = (reader *)jpeg->err;
    if (((j_decompress_ptr)jpeg)->input_scan_number <= SCANS_MAX)
        return;
    cf_log(CF_LOG_ERROR, "%s: JPEG with more than %d scans; damaged or hostile", r->path,
           SCANS_MAX);
    r->status = CF_ERR_FORMAT;
    longjmp(r->leave, 1);
}

static void keep_metadata(const char *path, struct jpeg_decompress_struct *jpeg, cf_picture *out) {
    int icc_parts = 0;
    for (jpeg_saved_marker_ptr m = jpeg->marker_list; m; m = m->next)
        if (m->marker == JPEG_APP0 + 1 && m->data_length > 6 && !memcmp(m->data, "Exif\0\0", 6))
            cf_picture_keep(m->data + 6, m->data_length - 6, &out->exif, &out->exif_size);
        else if (m->marker == JPEG_APP0 + 2 && m->data_length > 12 &&
                 !memcmp(m->data, "ICC_PROFILE", 12))
            icc_parts++;
    JOCTET *icc = NULL;
    unsigned size = 0;
    if (jpeg_read_icc_profile(jpeg, &icc, &size))
        cf_picture_keep(icc, size, &out->icc, &out->icc_size);
    else if (icc_parts)
        cf_log(CF_LOG_WARNING, "%s: its ICC profile is incomplete; taken as sRGB", path);
    free(icc);
}

static cf_status decode(const cf_picture_source *source, struct jpeg_decompress_struct *jpeg) {
    jpeg_stdio_src(jpeg, source->stream);
    jpeg_save_markers(jpeg, JPEG_APP0 + 1, 0xFFFF);
    jpeg_save_markers(jpeg, JPEG_APP0 + 2, 0xFFFF);
    jpeg_read_header(jpeg, TRUE);
    source->out->is_gray = jpeg->num_components == 1;
    jpeg->out_color_space = JCS_RGB;
    CF_TRY(cf_picture_alloc(source, jpeg->image_width, jpeg->image_height, 8));
    keep_metadata(source->path, jpeg, source->out);
    jpeg_start_decompress(jpeg);
    if (jpeg->output_components != 3)
        return cf_fail(CF_ERR_UNSUPPORTED, "%s: JPEG with %d components; convert it to RGB",
                       source->path, jpeg->output_components);
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = cf_image_row(&source->out->image, 0, (int)jpeg->output_scanline);
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_decompress(jpeg);
    return CF_OK;
}

cf_status cf_jpeg_read(const cf_picture_source *source) {
    struct jpeg_decompress_struct jpeg;
    reader r = {.path = source->path};
    jpeg.err = jpeg_std_error(&r.base);
    r.base.error_exit = on_exit_error;
    r.base.emit_message = on_message;
    if (setjmp(r.leave)) {
        jpeg_destroy_decompress(&jpeg);
        return r.status;
    }
    jpeg_create_decompress(&jpeg);
    r.progress.progress_monitor = on_progress;
    jpeg.progress = &r.progress;
    cf_status status = decode(source, &jpeg);
    jpeg_destroy_decompress(&jpeg);
    return status;
}
