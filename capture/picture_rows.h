/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to the picture writers: one job, its rows as the file wants them, the three encoders. */
#ifndef CHROMAFUSE_CAPTURE_PICTURE_ROWS_H
#define CHROMAFUSE_CAPTURE_PICTURE_ROWS_H

#include <stdint.h>
#include <stdio.h>

#include "capture/picture_out.h"

/* A checked order to write one picture. */
typedef struct {
    const char *path; /* as the user named it */
    const char *file; /* the temporary file */
    FILE *stream;     /* the same, open for writing */
    const cf_image *image;
    int samples; /* 1 or 3 */
    int depth;   /* 8, 16 or 32 */
    const cf_picture_out_params *params;
    const unsigned char *icc, *exif;
    size_t icc_size, exif_size; /* 0: embed none */
    void *row;                  /* room for one row of width * samples of depth bits */
} cf_picture_job;

/* Row y, interleaved, native endian, depth bits a sample, in job->row. */
void cf_picture_row(const cf_picture_job *job, int y);

cf_status cf_png_write(const cf_picture_job *job);
cf_status cf_jpeg_write(const cf_picture_job *job);
cf_status cf_tiff_write(const cf_picture_job *job);

#endif
