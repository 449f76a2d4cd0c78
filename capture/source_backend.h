/* SPDX-License-Identifier: Apache-2.0 */
/* Private to capture/: what a kind of source implements. chromafuse_add_source(NAME) in CMakeLists
 * is the one place that registers it: compiles source_NAME.c, which defines cf_source_backend_NAME.
 */
#ifndef CHROMAFUSE_CAPTURE_SOURCE_BACKEND_H
#define CHROMAFUSE_CAPTURE_SOURCE_BACKEND_H

#include "capture/source.h"

typedef struct {
    const char *scheme;  /* "v4l2" */
    const char *summary; /* one line for people: what the URI looks like */
    /*
     * Opens what follows "scheme:" and fills *info (zeroed; uri only where the user's own name may
     * mean another camera tomorrow). *state is the backend's own. params is checked and never NULL;
     * what of it must last is copied.
     */
    cf_status (*open)(const char *rest, const cf_source_params *params, cf_source_info *info,
                      void **state);
    cf_status (*start)(void *state);
    /* As cf_source_next. Frames come from a pool of params->frames. */
    cf_status (*next)(void *state, int timeout_ms, cf_frame **out);
    cf_status (*set)(void *state, const cf_source_controls *controls); /* NULL: no controls */
    void (*statistics)(const void *state, cf_source_stats *out);
    void (*close)(void *state);
    size_t (*list)(cf_source_listing *out, size_t max); /* NULL: nothing to find */
} cf_source_backend;

/* Generated list, NULL at its end. */
extern const cf_source_backend *const cf_source_backends[];

#endif
