/* SPDX-License-Identifier: Apache-2.0 */
/* libtiff files whose complaints go to our logger, one handle at a time, and never to a stream. */
#ifndef CHROMAFUSE_CAPTURE_TIFF_FILE_H
#define CHROMAFUSE_CAPTURE_TIFF_FILE_H

#include <tiffio.h>

#include "base/status.h"

/* What went wrong with one open file. Must outlive the TIFF handle. */
typedef struct {
    const char *path; /* the name the user knows; not the temporary one */
    int errors;       /* how many errors libtiff has reported */
    char first[160];  /* the first of them, "" when none */
} cf_tiff_errors;

/*
 * Opens file (mode "r" or "w") for path. NULL when libtiff refuses; errors->first then says why.
 * Warnings are dropped to the debug level: raw files are full of tags libtiff does not know.
 */
TIFF *cf_tiff_open(const char *file, const char *mode, const char *path, cf_tiff_errors *errors);

#endif
