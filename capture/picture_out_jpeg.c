/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG encoder: 8 bit grey or YCbCr, with EXIF (APP1) and the ICC profile (APP2). */
#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "capture/internal.h"

#define DEFAULT_QUALITY 95
#define FULL_CHROMA_QUALITY 90
#define MARKER_MAX 65533

typedef struct {
    struct jpeg_error_mgr base;
    const char *path;
    jmp_buf leave;
} error_manager;

static void on_exit_error(j_common_ptr jpeg) {
    error_manager *errors = (error_manager *)jpeg->err;
    char text[JMSG_LENGTH_MAX];
    errors->base.format_message(jpeg, text);
    if (jpeg->err->msg_code == JERR_FILE_WRITE && errno) /* the reason is the system's */
        snprintf(text, sizeof text, "%s", strerror(errno));
    cf_log(CF_LOG_ERROR, "%s: cannot write: %s", errors->path, text);
    longjmp(errors->leave, 1);
}

static void on_message(j_common_ptr jpeg) {
    (void)jpeg;
}

static void write_exif(struct jpeg_compress_struct *jpeg, const cf_picture_job *job,
                       unsigned char *marker) {
    memcpy(marker, "Exif\0\0", 6);
    memcpy(marker + 6, job->exif, job->exif_size);
    jpeg_write_marker(jpeg, JPEG_APP0 + 1, marker, (unsigned)job->exif_size + 6);
}

static void encode(const cf_picture_job *job, struct jpeg_compress_struct *jpeg,
                   unsigned char *marker) {
    int quality = job->params->quality ? job->params->quality : DEFAULT_QUALITY;
    jpeg_stdio_dest(jpeg, job->stream);
    jpeg->image_width = (JDIMENSION)job->image->width;
    jpeg->image_height = (JDIMENSION)job->image->height;
    jpeg->input_components = job->samples;
    jpeg->in_color_space = job->samples == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(jpeg);
    jpeg_set_quality(jpeg, quality, TRUE);
    if (quality >= FULL_CHROMA_QUALITY)
        jpeg->comp_info[0].h_samp_factor = jpeg->comp_info[0].v_samp_factor = 1;
    jpeg_start_compress(jpeg, TRUE);
    if (marker)
        write_exif(jpeg, job, marker);
    if (job->icc_size)
        jpeg_write_icc_profile(jpeg, job->icc, (unsigned)job->icc_size);
    JSAMPROW row = job->row;
    for (int y = 0; y < job->image->height; y++) {
        cf_picture_row(job, y);
        jpeg_write_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_compress(jpeg);
}

cf_status cf_jpeg_write(const cf_picture_job *job) {
    struct jpeg_compress_struct jpeg;
    error_manager errors = {.path = job->path};
    if (job->image->width > JPEG_MAX_DIMENSION || job->image->height > JPEG_MAX_DIMENSION)
        return cf_fail(CF_ERR_UNSUPPORTED, "%s: JPEG holds at most %ld pixels a side; use .png",
                       job->path, JPEG_MAX_DIMENSION);
    int keep_exif = job->exif_size > 0 && job->exif_size + 6 <= MARKER_MAX;
    unsigned char *marker = keep_exif ? cf_alloc(job->exif_size + 6, 1) : NULL;
    if (keep_exif && !marker)
        return CF_ERR_MEMORY;
    jpeg.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = on_exit_error;
    errors.base.output_message = on_message;
    if (setjmp(errors.leave)) {
        jpeg_destroy_compress(&jpeg);
        cf_free(marker);
        return CF_ERR_IO;
    }
    jpeg_create_compress(&jpeg);
    encode(job, &jpeg, marker);
    jpeg_destroy_compress(&jpeg);
    cf_free(marker);
    return CF_OK;
}
