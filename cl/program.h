/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels: embedded sources, built once, cached in memory and on disk; and their launches. */
#ifndef CHROMAFUSE_CL_PROGRAM_H
#define CHROMAFUSE_CL_PROGRAM_H

#include <stddef.h>

#include "cl/buffer.h"
#include "cl/device.h"

/* An OpenCL source file with its includes, embedded at build time. */
typedef struct {
    const char *name; /* "isp/demosaic" */
    const char *text;
    const char *hash; /* SHA-256 of text, hex */
} cf_cl_source;

/* Declares the embedded source of `name.cl`; chromafuse_add_stage and chromafuse_embed_kernel
 * define it. */
#define CF_CL_SOURCE(name) extern const cf_cl_source cf_kernel_##name

/* One kernel argument. */
typedef struct {
    enum { CF_ARG_BUFFER, CF_ARG_INT, CF_ARG_FLOAT, CF_ARG_BYTES, CF_ARG_LOCAL } type;
    union {
        const cf_buffer *buffer;
        int i;
        float f;
        struct {
            const void *data;
            size_t size;
        } bytes;
        size_t local;
    } value;
} cf_arg;
/* The formatter takes the braces of an initialiser in a macro for blocks. */
/* clang-format off */
#define CF_BUF(b) {CF_ARG_BUFFER, {.buffer = (b)}}
#define CF_INT(x) {CF_ARG_INT, {.i = (x)}}
#define CF_FLOAT(x) {CF_ARG_FLOAT, {.f = (x)}}
/* A struct or vector argument by value; data must live until the launch returns. */
#define CF_BYTES(pointer, count) {CF_ARG_BYTES, {.bytes = {(pointer), (count)}}}
/* Local memory of each work-group, bytes; all of a kernel's together at most
 * cf_cl_info.local_memory. */
#define CF_LOCAL(count) {CF_ARG_LOCAL, {.local = (count)}}
/* clang-format on */

/* The argument list of a launch. */
#define CF_ARGS(...)                                                                               \
    (const cf_arg[]){__VA_ARGS__}, sizeof((const cf_arg[]){__VA_ARGS__}) / sizeof(cf_arg)

/* Work-items in x, y, z and the work-group's size. global is rounded up to local: kernels check
 * their bounds. */
typedef struct {
    size_t global[3], local[3];
} cf_range;
#define CF_RANGE(gx, gy, lx, ly)                                                                   \
    ((cf_range){{(size_t)(gx), (size_t)(gy), 1}, {(size_t)(lx), (size_t)(ly), 1}})

/*
 * Queues one kernel. options is the compiler's command line ("-DTAPS=5"; "" for none); the program
 * for (source, options) is built, or loaded from the disk cache, on its first use and kept. Give
 * one fixed local size per kernel: PoCL compiles again for each. CF_ERR_DEVICE names the source,
 * kernel and argument, with the first lines of the build log.
 */
cf_status cf_launch(cf_cl *cl, const cf_cl_source *source, const char *kernel, const char *options,
                    cf_range range, const cf_arg *args, size_t count);

typedef struct {
    size_t built;  /* programs compiled from source */
    size_t loaded; /* programs taken from the disk cache */
    size_t broken; /* cache entries that were damaged and rebuilt */
} cf_program_stats;
cf_program_stats cf_program_statistics(const cf_cl *cl);

#endif
