/* SPDX-License-Identifier: Apache-2.0 */
/* One photograph for `colorize`: from a file to its luminance, and its result to a file. */
#ifndef CHROMAFUSE_TOOLS_COLORIZE_PHOTO_H
#define CHROMAFUSE_TOOLS_COLORIZE_PHOTO_H

#include "base/file.h"
#include "capture/frame.h"
#include "capture/picture.h"
#include "tools/colorize_job.h"
#include "tools/toning.h"

typedef struct {
    cf_image gray;      /* F32, linear luminance */
    cf_picture picture; /* its profile and EXIF; the pixels are gone */
    cf_frame *raw;      /* its camera, where it was a raw; else NULL */
    cf_toning toning;
} cf_photo;

/*
 * Reads a photograph, "-" for standard input (PNG, JPEG or TIFF), and judges its colour.
 * CF_ERR_UNSUPPORTED, with a line that names the file and --force: it has colours of its own (with
 * `force` those are put away); or it is the raw of a colour sensor. Else as cf_picture_read and
 * cf_raw_read. *out is cleared where it fails.
 */
cf_status cf_photo_read(const char *path, int force, cf_photo *out);
void cf_photo_free(cf_photo *photo);

/*
 * Writes the coloured picture with the photograph's metadata, in the format of path's ending, up to
 * the last step (cf_file_commit or cf_file_discard of *file).
 */
cf_status cf_photo_prepare(const char *path, const cf_image *image, const cf_photo *photo,
                           const cf_colorize_options *options, cf_file_out **file);

/* The same to standard output, as options->format (NULL: PNG). */
cf_status cf_photo_write_pipe(const cf_image *image, const cf_photo *photo,
                              const cf_colorize_options *options);

#endif
