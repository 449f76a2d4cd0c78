/* SPDX-License-Identifier: Apache-2.0 */
/* One OpenCL device with its context and in-order queue: what every kernel of the project runs on.
 */
#ifndef CHROMAFUSE_CL_DEVICE_H
#define CHROMAFUSE_CL_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* An open device. One thread at a time may use it; work is queued in order and runs asynchronously.
 */
typedef struct cf_cl cf_cl;

typedef struct {
    const char *device; /* NULL: $CHROMAFUSE_DEVICE, else the first GPU, else the first device; see
                           cf_cl_open */
    const char *cache_dir; /* NULL: $CHROMAFUSE_CACHE, else $XDG_CACHE_HOME/chromafuse, else
                              ~/.cache/chromafuse; "": none */
    size_t memory_limit;   /* bytes that live buffers may take together; 0: $CHROMAFUSE_MEMORY (a
                              whole   number, also with K, M or G), else the device's global memory */
} cf_cl_params;
#define CF_CL_DEFAULTS                                                                             \
    { .device = NULL, .cache_dir = NULL, .memory_limit = 0 }

typedef struct {
    char name[128], platform[128], version[128], driver[128];
    const char *type;    /* "cpu", "gpu", "accelerator", "custom" */
    size_t memory;       /* global memory, bytes */
    size_t max_alloc;    /* largest single buffer, bytes */
    size_t local_memory; /* of a work-group, bytes */
    unsigned compute_units;
    int half_arithmetic; /* 1 with cl_khr_fp16 */
    int available;       /* 0: reported, but not usable now */
} cf_cl_info;

/*
 * Lists all devices of all platforms, in the order that numbers in a device choice count. Writes at
 * most max entries and returns how many there are (0 when no platform is installed; no error).
 */
size_t cf_cl_list(cf_cl_info *out, size_t max);

/*
 * Opens a device. A choice is a number of cf_cl_list, "cpu", "gpu", or a part of the device's or
 * platform's name (any case). CF_ERR_DEVICE, with a line that says what was looked for and what
 * there is, when nothing matches; CF_ERR_INVALID when $CHROMAFUSE_MEMORY is no size.
 */
cf_status cf_cl_open(const cf_cl_params *params, cf_cl **out);

/* Waits for all work, then frees the device. Every buffer must have been put back: asserts it. */
void cf_cl_close(cf_cl **cl);

const cf_cl_info *cf_cl_device_info(const cf_cl *cl);

/* Starts queued work without waiting. */
cf_status cf_cl_flush(cf_cl *cl);

/* Waits for all queued work; reports an error that a kernel ran into since the last call. */
cf_status cf_cl_finish(cf_cl *cl);

#endif
