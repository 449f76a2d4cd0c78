/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to the picture readers: the three decoders and what they share. */
#ifndef CHROMAFUSE_CAPTURE_PICTURE_IN_H
#define CHROMAFUSE_CAPTURE_PICTURE_IN_H

#include <stdio.h>

#include "capture/picture.h"

/* One picture being read. */
typedef struct {
    const char *path;
    FILE *stream; /* at the start; closed by the caller */
    size_t bytes; /* of the file */
    cf_picture *out;
} cf_picture_source;

/*
 * Allocates source->out->image after checking the claimed size against the limits and against the
 * file's own length (a few bytes cannot hold a gigapixel). Logs and fails otherwise.
 */
cf_status cf_picture_alloc(const cf_picture_source *source, size_t width, size_t height, int bits);

/* Copies a metadata block; sizes beyond 16 MiB and memory failures just leave it out. */
void cf_picture_keep(const void *data, size_t size, unsigned char **out, size_t *out_size);

/* Decoders; what they have allocated in out is freed by the caller when they fail. */
cf_status cf_png_read(const cf_picture_source *source);
cf_status cf_jpeg_read(const cf_picture_source *source);
cf_status cf_tiff_read(const cf_picture_source *source);

#endif
