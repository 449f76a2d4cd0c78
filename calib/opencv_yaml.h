/* SPDX-License-Identifier: Apache-2.0 */
/* cv::FileStorage's YAML (or JSON) as keys with a few numbers each; private to calib/. */
#ifndef CHROMAFUSE_CALIB_OPENCV_YAML_H
#define CHROMAFUSE_CALIB_OPENCV_YAML_H

#include <stddef.h>

#include "base/status.h"

#define CF_OPENCV_NUMBERS 32

/* One key of the file's top level. */
typedef struct {
    char key[64];  /* shortened where longer */
    char text[64]; /* of a single value */
    int count;     /* numbers; -1: none, for the reason in `wrong`, to be put behind the key */
    double number[CF_OPENCV_NUMBERS]; /* row by row, zeros behind the last */
    const char *wrong;
} cf_opencv_value;

/*
 * Gives each key of the text, in its order, to take, and stops with what that returns when it is
 * not CF_OK. Values are numbers, lists of them (nested ones row by row), or matrices (`rows`,
 * `cols`, `dt`, `data`). The %YAML:1.0 that OpenCV begins with, which no YAML reader accepts, is
 * passed over. CF_ERR_FORMAT: not YAML, XML; CF_ERR_UNSUPPORTED: anchors or several documents.
 */
cf_status cf_opencv_yaml_read(const char *name, const char *text, size_t size,
                              cf_status (*take)(void *target, cf_opencv_value *value),
                              void *target);

#endif
