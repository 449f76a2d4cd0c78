/* SPDX-License-Identifier: Apache-2.0 */
/* Finds, describes and opens OpenCL devices. */
#include "cl/device.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "cl/internal.h"

#define MAX_PLATFORMS 16
#define MAX_DEVICES 64

typedef struct {
    cl_platform_id platform;
    cl_device_id device;
    cf_cl_info info;
} found_device;

static const char *type_name(cl_device_type type) {
    if (type & CL_DEVICE_TYPE_GPU)
        return "gpu";
    if (type & CL_DEVICE_TYPE_CPU)
        return "cpu";
    return type & CL_DEVICE_TYPE_ACCELERATOR ? "accelerator" : "custom";
}

/* CF_TEXT: a text of the driver's, cut to room; the calls themselves fail when it is longer. */
#define CF_TEXT(call, object, what, out)                                                           \
    do {                                                                                           \
        char text[1024] = "";                                                                      \
        (call)((object), (what), sizeof text, text, NULL);                                         \
        snprintf((out), sizeof(out), "%.*s", (int)sizeof(out) - 1, text);                          \
    } while (0)

static void describe(cl_platform_id platform, cl_device_id device, cf_cl_info *info) {
    cl_device_type type = 0;
    cl_ulong memory = 0, max_alloc = 0, local = 0;
    cl_uint units = 0;
    cl_bool available = CL_FALSE;
    char extensions[8192] = "";
    *info = (cf_cl_info){0};
    CF_TEXT(clGetPlatformInfo, platform, CL_PLATFORM_NAME, info->platform);
    CF_TEXT(clGetDeviceInfo, device, CL_DEVICE_NAME, info->name);
    CF_TEXT(clGetDeviceInfo, device, CL_DEVICE_VERSION, info->version);
    CF_TEXT(clGetDeviceInfo, device, CL_DRIVER_VERSION, info->driver);
    clGetDeviceInfo(device, CL_DEVICE_TYPE, sizeof type, &type, NULL);
    clGetDeviceInfo(device, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof memory, &memory, NULL);
    clGetDeviceInfo(device, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof max_alloc, &max_alloc, NULL);
    clGetDeviceInfo(device, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof units, &units, NULL);
    clGetDeviceInfo(device, CL_DEVICE_AVAILABLE, sizeof available, &available, NULL);
    clGetDeviceInfo(device, CL_DEVICE_EXTENSIONS, sizeof extensions, extensions, NULL);
    info->type = type_name(type);
    info->memory = (size_t)memory;
    info->max_alloc = (size_t)max_alloc;
    clGetDeviceInfo(device, CL_DEVICE_LOCAL_MEM_SIZE, sizeof local, &local, NULL);
    info->local_memory = (size_t)local;
    info->compute_units = units;
    info->half_arithmetic = strstr(extensions, "cl_khr_fp16") != NULL;
    info->available = available == CL_TRUE;
}

static size_t find_all(found_device *out, size_t max) {
    cl_platform_id platforms[MAX_PLATFORMS];
    cl_uint platform_count = 0;
    size_t count = 0;
    if (clGetPlatformIDs(MAX_PLATFORMS, platforms, &platform_count) != CL_SUCCESS)
        return 0;
    for (cl_uint p = 0; p < platform_count && p < MAX_PLATFORMS; p++) {
        cl_device_id devices[MAX_DEVICES];
        cl_uint device_count = 0;
        if (clGetDeviceIDs(platforms[p], CL_DEVICE_TYPE_ALL, MAX_DEVICES, devices, &device_count) !=
            CL_SUCCESS)
            continue;
        for (cl_uint d = 0; d < device_count && d < MAX_DEVICES && count < max; d++, count++) {
            out[count].platform = platforms[p];
            out[count].device = devices[d];
            describe(platforms[p], devices[d], &out[count].info);
        }
    }
    return count;
}

size_t cf_cl_list(cf_cl_info *out, size_t max) {
    found_device found[MAX_DEVICES];
    size_t count = find_all(found, MAX_DEVICES);
    for (size_t i = 0; i < count && i < max; i++)
        out[i] = found[i].info;
    return count;
}

static int contains(const char *text, const char *part) {
    size_t n = strlen(part);
    for (; *text; text++) {
        size_t i = 0;
        while (i < n && tolower((unsigned char)text[i]) == tolower((unsigned char)part[i]))
            i++;
        if (i == n)
            return 1;
    }
    return 0;
}

/* The index of the device that choice means, or -1. NULL choice: the first GPU, else the first
 * device. */
static int choose(const found_device *found, size_t count, const char *choice) {
    if (!choice || !*choice) {
        for (size_t i = 0; i < count; i++)
            if (found[i].info.available && !strcmp(found[i].info.type, "gpu"))
                return (int)i;
        for (size_t i = 0; i < count; i++)
            if (found[i].info.available)
                return (int)i;
        return count ? 0 : -1;
    }
    char *end;
    long number = strtol(choice, &end, 10);
    if (!*end)
        return number >= 0 && (size_t)number < count ? (int)number : -1;
    for (size_t i = 0; i < count; i++)
        if (!strcmp(found[i].info.type, choice))
            return (int)i;
    for (size_t i = 0; i < count; i++)
        if (contains(found[i].info.name, choice) || contains(found[i].info.platform, choice))
            return (int)i;
    return -1;
}

static cf_status open_queue(cf_cl *cl) {
    cl_int error;
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM,
                                                (cl_context_properties)cl->platform, 0};
    cl->context = clCreateContext(properties, 1, &cl->device, NULL, NULL, &error);
    if (cl->context)
        cl->queue =
            clCreateCommandQueue(cl->context, cl->device, CL_QUEUE_PROFILING_ENABLE, &error);
    if (!cl->queue)
        return cf_fail(CF_ERR_DEVICE, "%s: cannot open the device: %s", cl->info.name,
                       cf_cl_error_text(error));
    return CF_OK;
}

static cf_status select_device(const char *choice, found_device *chosen) {
    found_device *found = cf_alloc(MAX_DEVICES, sizeof *found);
    if (!found)
        return CF_ERR_MEMORY;
    size_t count = find_all(found, MAX_DEVICES);
    int at = choose(found, count, choice);
    cf_status status = CF_OK;
    if (!count)
        status =
            cf_fail(CF_ERR_DEVICE, "no OpenCL device: install a driver, for instance the package "
                                   "pocl-opencl-icd, which runs on any CPU");
    else if (at < 0)
        status =
            cf_fail(CF_ERR_DEVICE,
                    "no OpenCL device matches '%s'; 'chromafuse devices' lists the %zu there are",
                    choice, count);
    else
        *chosen = found[at];
    cf_free(found);
    return status;
}

/* $CHROMAFUSE_MEMORY, or 0 when it is not set. */
static cf_status limit_of_environment(size_t *limit) {
    static const char units[] = "KMG";
    const char *text = getenv("CHROMAFUSE_MEMORY");
    *limit = 0;
    if (!text || !*text)
        return CF_OK;
    char *end;
    unsigned long long value = strtoull(text, &end, 10);
    const char *unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
    int shift = unit ? 10 * (int)(unit - units + 1) : 0;
    if (!isdigit((unsigned char)*text) || !value || value > SIZE_MAX >> shift ||
        *(end + (unit != NULL)))
        return cf_fail(CF_ERR_INVALID,
                       "CHROMAFUSE_MEMORY is a number of bytes, such as 2G or 512M, not '%s'",
                       text);
    *limit = (size_t)value << shift;
    return CF_OK;
}

cf_status cf_cl_open(const cf_cl_params *params, cf_cl **out) {
    const cf_cl_params defaults = CF_CL_DEFAULTS;
    found_device chosen = {0};
    *out = NULL;
    if (!params)
        params = &defaults;
    CF_TRY(select_device(params->device ? params->device : getenv("CHROMAFUSE_DEVICE"), &chosen));
    size_t limit;
    CF_TRY(limit_of_environment(&limit));
    cf_cl *cl = cf_alloc(1, sizeof *cl);
    if (!cl)
        return CF_ERR_MEMORY;
    cl->platform = chosen.platform;
    cl->device = chosen.device;
    cl->info = chosen.info;
    cl->fail_after = -1;
    cl->label = "";
    cl->memory_limit = params->memory_limit ? params->memory_limit : limit;
    if (!cl->memory_limit)
        cl->memory_limit = chosen.info.memory;
    cl->cache_dir = cf_cache_folder(params->cache_dir);
    cf_status status = open_queue(cl);
    if (status != CF_OK) {
        cf_cl_close(&cl);
        return status;
    }
    *out = cl;
    return CF_OK;
}

void cf_cl_close(cf_cl **handle) {
    if (!handle || !*handle)
        return;
    cf_cl *cl = *handle;
    if (cl->queue)
        clFinish(cl->queue);
    assert(cl->pool.live_count == 0);
    cf_profile_free(cl);
    cf_pool_trim(cl);
    cf_program_free_all(cl);
    if (cl->queue)
        clReleaseCommandQueue(cl->queue);
    if (cl->context)
        clReleaseContext(cl->context);
    cf_free(cl->cache_dir);
    cf_free(cl);
    *handle = NULL;
}

const cf_cl_info *cf_cl_device_info(const cf_cl *cl) {
    return &cl->info;
}

cf_status cf_cl_flush(cf_cl *cl) {
    cl_int error = clFlush(cl->queue);
    if (error != CL_SUCCESS)
        return cf_fail(cf_cl_error_status(error), "%s: %s", cl->info.name, cf_cl_error_text(error));
    return CF_OK;
}

cf_status cf_cl_finish(cf_cl *cl) {
    cl_int error = clFinish(cl->queue);
    if (error != CL_SUCCESS)
        return cf_fail(cf_cl_error_status(error), "%s: %s", cl->info.name, cf_cl_error_text(error));
    return CF_OK;
}
