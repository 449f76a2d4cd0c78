/* SPDX-License-Identifier: Apache-2.0 */
/* Private to capture/: what a kind of sink implements. chromafuse_add_sink(NAME) in CMakeLists is
 * the one place that registers it: compiles sink_NAME.c, which defines cf_sink_backend_NAME. */
#ifndef CHROMAFUSE_CAPTURE_SINK_BACKEND_H
#define CHROMAFUSE_CAPTURE_SINK_BACKEND_H

#include "capture/sink.h"

typedef struct {
    const char *summary; /* "window" or "FILE.mkv|mp4": for the line that lists what there is */
    int keeps_all;
    int is_deep;                      /* 1: takes pictures of 16 bits a sample, too */
    int (*takes)(const char *target); /* 1: this target is mine */
    cf_status (*open)(const char *target, const cf_sink_params *params, void **state);
    cf_status (*write)(void *state, const cf_image *picture, int64_t t_ns);
    cf_status (*close)(void *state, int keep);
} cf_sink_backend;

/* Generated list, NULL at its end. */
extern const cf_sink_backend *const cf_sink_backends[];

#endif
