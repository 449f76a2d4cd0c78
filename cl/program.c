/* SPDX-License-Identifier: Apache-2.0 */
/* Builds programs on first use, keeps their kernels, and queues launches. */
#include "cl/program.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "cl/internal.h"

#define MAX_KERNELS 32
#define STANDARD "-cl-std=CL1.2 -cl-mad-enable "

typedef struct {
    char name[64];
    cl_kernel kernel;
    cl_uint arg_count;
} named_kernel;

struct cf_program {
    const cf_cl_source *source;
    char *options;
    cl_program program;
    named_kernel kernels[MAX_KERNELS];
    size_t kernel_count;
    struct cf_program *next;
};

void cf_program_free_all(cf_cl *cl) {
    while (cl->programs) {
        cf_program *p = cl->programs;
        cl->programs = p->next;
        for (size_t i = 0; i < p->kernel_count; i++)
            clReleaseKernel(p->kernels[i].kernel);
        if (p->program)
            clReleaseProgram(p->program);
        cf_free(p->options);
        cf_free(p);
    }
}

cf_program_stats cf_program_statistics(const cf_cl *cl) {
    return cl->program_stats;
}

static cf_status build_failed(cf_cl *cl, const cf_cl_source *source, cl_program program,
                              cl_int error) {
    size_t size = 0;
    char *log = NULL;
    if (program)
        clGetProgramBuildInfo(program, cl->device, CL_PROGRAM_BUILD_LOG, 0, NULL, &size);
    if (size && (log = cf_alloc(size + 1, 1)))
        clGetProgramBuildInfo(program, cl->device, CL_PROGRAM_BUILD_LOG, size, log, NULL);
    /* the first error says it all */
    cf_status status =
        cf_fail(CF_ERR_DEVICE, "%s: cannot build the kernels of %s: %s: %.700s", cl->info.name,
                source->name, cf_cl_error_text(error), log ? log : "");
    cf_free(log);
    return status;
}

static cf_status build_source(cf_cl *cl, const cf_cl_source *source, const char *options,
                              cl_program *out) {
    cl_int error;
    cl_program program =
        clCreateProgramWithSource(cl->context, 1, (const char **)&source->text, NULL, &error);
    if (program)
        error = clBuildProgram(program, 1, &cl->device, options, NULL, NULL);
    if (error != CL_SUCCESS) {
        cf_status status = build_failed(cl, source, program, error);
        if (program)
            clReleaseProgram(program);
        return status;
    }
    cl->program_stats.built++;
    *out = program;
    return CF_OK;
}

static cl_program build_binary(cf_cl *cl, const char *options, const unsigned char *data,
                               size_t size) {
    cl_int error, binary_status;
    cl_program program = clCreateProgramWithBinary(cl->context, 1, &cl->device, &size, &data,
                                                   &binary_status, &error);
    if (program && clBuildProgram(program, 1, &cl->device, options, NULL, NULL) != CL_SUCCESS) {
        clReleaseProgram(program);
        program = NULL;
    }
    return program;
}

static void store_binary(cf_cl *cl, const char *key, cl_program program) {
    size_t size = 0;
    if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof size, &size, NULL) !=
            CL_SUCCESS ||
        !size)
        return;
    unsigned char *data = cf_alloc(size, 1);
    if (data &&
        clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof data, &data, NULL) == CL_SUCCESS)
        cf_cache_store(cl, key, data, size);
    cf_free(data);
}

static cf_status obtain(cf_cl *cl, const cf_cl_source *source, const char *options,
                        cl_program *out) {
    char key[33];
    unsigned char *data;
    size_t size;
    cf_cache_key(cl, source, options, key);
    cf_status cached = cf_cache_load(cl, key, &data, &size);
    if (cached == CF_OK) {
        *out = build_binary(cl, options, data, size);
        cf_free(data);
        if (*out) {
            cl->program_stats.loaded++;
            return CF_OK;
        }
        cf_log(CF_LOG_INFO, "%s: the driver refuses a cached program, building it again",
               source->name);
    }
    if (cached == CF_OK || cached == CF_ERR_FORMAT)
        cl->program_stats.broken++;
    CF_TRY(build_source(cl, source, options, out));
    store_binary(cl, key, *out);
    return CF_OK;
}

static cf_status find_program(cf_cl *cl, const cf_cl_source *source, const char *options,
                              cf_program **out) {
    char line[1024];
    for (cf_program *p = cl->programs; p; p = p->next)
        if (p->source == source && !strcmp(p->options, options)) {
            *out = p;
            return CF_OK;
        }
    cf_program *program = cf_alloc(1, sizeof *program);
    if (!program)
        return CF_ERR_MEMORY;
    program->source = source;
    program->options = cf_strdup(options);
    if ((size_t)snprintf(line, sizeof line, STANDARD "%s", options) >= sizeof line) {
        cf_free(program->options);
        cf_free(program);
        return cf_fail(CF_ERR_INVALID, "%s: build options too long: %.60s...", source->name,
                       options);
    }
    cf_status status =
        program->options ? obtain(cl, source, line, &program->program) : CF_ERR_MEMORY;
    if (status != CF_OK) {
        cf_free(program->options);
        cf_free(program);
        return status;
    }
    program->next = cl->programs;
    cl->programs = program;
    *out = program;
    return CF_OK;
}

static cf_status find_kernel(cf_cl *cl, cf_program *p, const char *name, named_kernel **out) {
    for (size_t i = 0; i < p->kernel_count; i++)
        if (!strcmp(p->kernels[i].name, name)) {
            *out = &p->kernels[i];
            return CF_OK;
        }
    if (p->kernel_count == MAX_KERNELS || strlen(name) >= sizeof p->kernels[0].name)
        return cf_fail(CF_ERR_INVALID, "%s: too many kernels, or a name too long: %s",
                       p->source->name, name);
    cl_int error;
    cl_kernel kernel = clCreateKernel(p->program, name, &error);
    if (!kernel)
        return cf_fail(CF_ERR_DEVICE, "%s: %s has no kernel %s: %s", cl->info.name, p->source->name,
                       name, cf_cl_error_text(error));
    named_kernel *k = &p->kernels[p->kernel_count++];
    snprintf(k->name, sizeof k->name, "%s", name);
    k->kernel = kernel;
    clGetKernelInfo(kernel, CL_KERNEL_NUM_ARGS, sizeof k->arg_count, &k->arg_count, NULL);
    *out = k;
    return CF_OK;
}

static cl_int set_arg(cl_kernel kernel, cl_uint index, const cf_arg *arg) {
    switch (arg->type) {
    case CF_ARG_BUFFER: {
        cl_mem mem = arg->value.buffer ? arg->value.buffer->mem : NULL;
        return clSetKernelArg(kernel, index, sizeof mem, &mem);
    }
    case CF_ARG_INT: return clSetKernelArg(kernel, index, sizeof(cl_int), &arg->value.i);
    case CF_ARG_FLOAT: return clSetKernelArg(kernel, index, sizeof(cl_float), &arg->value.f);
    case CF_ARG_LOCAL: return clSetKernelArg(kernel, index, arg->value.local, NULL);
    case CF_ARG_BYTES:
        return clSetKernelArg(kernel, index, arg->value.bytes.size, arg->value.bytes.data);
    }
    return CL_INVALID_ARG_VALUE;
}

cf_status cf_launch(cf_cl *cl, const cf_cl_source *source, const char *kernel, const char *options,
                    cf_range range, const cf_arg *args, size_t count) {
    cf_program *program;
    named_kernel *k;
    CF_TRY(find_program(cl, source, options, &program));
    CF_TRY(find_kernel(cl, program, kernel, &k));
    if (count != k->arg_count) /* OpenCL would take an earlier launch's value for a missing one */
        return cf_fail(CF_ERR_INVALID, "%s: kernel %s takes %u arguments, got %zu", source->name,
                       kernel, k->arg_count, count);
    for (size_t i = 0; i < count; i++) {
        cl_int error = set_arg(k->kernel, (cl_uint)i, &args[i]);
        if (error != CL_SUCCESS)
            return cf_fail(CF_ERR_DEVICE, "%s: kernel %s: argument %zu: %s", source->name, kernel,
                           i, cf_cl_error_text(error));
    }
    for (int d = 0; d < 3; d++)
        range.global[d] = (range.global[d] + range.local[d] - 1) / range.local[d] * range.local[d];
    cl_event *event = cf_profile_slot(cl, k->name);
    cl_int error = clEnqueueNDRangeKernel(cl->queue, k->kernel, 3, NULL, range.global, range.local,
                                          0, NULL, event);
    if (error != CL_SUCCESS)
        return cf_fail(cf_cl_error_status(error), "%s: kernel %s of %s on %zux%zux%zu: %s",
                       cl->info.name, kernel, source->name, range.global[0], range.global[1],
                       range.global[2], cf_cl_error_text(error));
    cf_profile_added(cl);
    return CF_OK;
}
