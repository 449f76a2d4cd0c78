/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of cl/ share. The OpenCL headers are included here and nowhere outside this
 * folder. */
#ifndef CHROMAFUSE_CL_INTERNAL_H
#define CHROMAFUSE_CL_INTERNAL_H

#define CL_TARGET_OPENCL_VERSION 120
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>

#include "cl/buffer.h"
#include "cl/device.h"
#include "cl/profile.h"
#include "cl/program.h"

#define CF_PROFILE_EVENTS 1024 /* pending at once; beyond, collecting happens in between */
#define CF_PROFILE_ROWS 1024

struct cf_buffer {
    cf_cl *cl;
    cl_mem mem;
    size_t bytes;
    struct cf_buffer *next; /* in the pool's free list */
};

typedef struct cf_program cf_program;

typedef struct {
    cl_event event;
    size_t row;
} cf_pending_event;

struct cf_cl {
    cl_platform_id platform;
    cl_device_id device;
    cl_context context;
    cl_command_queue queue;
    cf_cl_info info;
    char *cache_dir; /* NULL: no disk cache */
    size_t memory_limit;

    cf_buffer *free_list;
    cf_pool_stats pool;
    long fail_after;

    cf_program *programs;
    cf_program_stats program_stats;

    int clblast_ready; /* its parameters for this device are set */

    int profiling;
    const char *label;
    cf_pending_event *events;
    size_t event_count;
    cf_profile_row *rows;
    size_t row_count;
};

/* The name of an OpenCL error code, never NULL. */
const char *cf_cl_error_text(cl_int error);

/* The status that an OpenCL error means for the caller. */
cf_status cf_cl_error_status(cl_int error);

/* Where the next event of `kernel` goes, or NULL when nothing is collected. Call cf_profile_added
 * after a success. */
cl_event *cf_profile_slot(cf_cl *cl, const char *kernel);
void cf_profile_added(cf_cl *cl);
void cf_profile_free(cf_cl *cl);

/* Frees all programs and kernels. */
void cf_program_free_all(cf_cl *cl);

/* cache.c: the disk cache. A key is 32 hex digits. */
void cf_cache_key(const cf_cl *cl, const cf_cl_source *source, const char *options, char key[33]);
/* CF_OK with the binary (cf_free it), CF_ERR_IO when there is none, CF_ERR_FORMAT when it is
 * damaged (logged). */
cf_status cf_cache_load(const cf_cl *cl, const char *key, unsigned char **data, size_t *size);
/* Best effort: a cache that cannot be written is logged once and not used. */
void cf_cache_store(cf_cl *cl, const char *key, const unsigned char *data, size_t size);
/* The folder for the cache by the rules of cf_cl_params, created; NULL when there is none. */
char *cf_cache_folder(const char *wanted);

#endif
