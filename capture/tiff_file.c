/* SPDX-License-Identifier: Apache-2.0 */
/* Opening of TIFF files with handlers of our own. */
#include "capture/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

/* One tag's data or one strip; whole pictures are read row by row. */
#define MAX_SINGLE_ALLOC ((tmsize_t)512 << 20)

static int on_error(TIFF *tif, void *user, const char *module, const char *format, va_list args) {
    (void)tif;
    (void)module;
    cf_tiff_errors *errors = user;
    if (errors->errors++ == 0)
        vsnprintf(errors->first, sizeof errors->first, format, args);
    return 1; /* handled: libtiff calls nobody else */
}

static int on_warning(TIFF *tif, void *user, const char *module, const char *format, va_list args) {
    (void)tif;
    (void)module;
    const cf_tiff_errors *errors = user;
    char line[200];
    vsnprintf(line, sizeof line, format, args);
    cf_log(CF_LOG_DEBUG, "%s: %s", errors->path, line);
    return 1;
}

TIFFOpenOptions *cf_tiff_options(const char *path, cf_tiff_errors *errors) {
    *errors = (cf_tiff_errors){.path = path};
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options)
        return NULL;
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, errors);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, errors);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, MAX_SINGLE_ALLOC);
    return options;
}

TIFF *cf_tiff_open(const char *file, const char *mode, const char *path, cf_tiff_errors *errors) {
    TIFFOpenOptions *options = cf_tiff_options(path, errors);
    if (!options)
        return NULL;
    TIFF *tif = TIFFOpenExt(file, mode, options);
    TIFFOpenOptionsFree(options);
    return tif;
}

const char *cf_tiff_write_reason(const cf_tiff_errors *errors, int why) {
    if (why)
        return strerror(why);
    /* a write that came up short has no errno: nearly always a full disk */
    if (!errors->first[0] || !strncmp(errors->first, "Write error", 11))
        return strerror(ENOSPC);
    return errors->first;
}
