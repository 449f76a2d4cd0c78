/* SPDX-License-Identifier: Apache-2.0 */
/* `chromafuse devices`: what the kernels can run on, and which cameras there are. */
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "capture/source.h"
#include "cl/device.h"
#include "tools/command.h"
#include "tools/json.h"

#define MAX_DEVICES 64
#define MAX_CAMERAS 64

typedef struct {
    int as_json, only_cameras, only_opencl;
} request;

static const cf_cli_option options[] = {
    {"cameras", 0, NULL, "cameras only"},
    {"opencl", 0, NULL, "OpenCL devices only"},
    {"json", 0, NULL, "print JSON"},
    {0},
};

static cf_status take(void *target, const char *name, const char *value) {
    request *r = target;
    if (!name)
        return cf_fail(CF_ERR_INVALID, "devices: takes no files, got '%s'", value);
    r->as_json |= !strcmp(name, "json");
    r->only_cameras |= !strcmp(name, "cameras");
    r->only_opencl |= !strcmp(name, "opencl");
    return CF_OK;
}

static const cf_cli cli = {
    .command = "devices",
    .usage = "[--cameras | --opencl] [--json]",
    .about = "Lists the OpenCL devices of this machine with their numbers, for --device, and its\n"
             "cameras with the formats they offer, for --mono and --color of capture and live.\n"
             "Where a camera cannot be used it says why.\n",
    .options = options,
    .take = take,
};

typedef struct {
    cf_cl_info opencl[MAX_DEVICES];
    cf_source_listing cameras[MAX_CAMERAS];
    size_t opencl_count, camera_count;
} findings;

static const char *sync_text(const cf_source_listing *c) {
    if (c->sync_server && c->sync_client)
        return "server or client";
    return c->sync_server ? "server" : c->sync_client ? "client" : "none";
}

static void opencl_json(cf_json *json, const findings *f) {
    cf_json_open(json, "opencl", '[');
    for (size_t i = 0; i < f->opencl_count; i++) {
        const cf_cl_info *info = &f->opencl[i];
        cf_json_open(json, NULL, '{');
        cf_json_number(json, "number", (double)i);
        cf_json_text(json, "name", info->name);
        cf_json_text(json, "type", info->type);
        cf_json_text(json, "platform", info->platform);
        cf_json_text(json, "version", info->version);
        cf_json_text(json, "driver", info->driver);
        cf_json_number(json, "compute_units", info->compute_units);
        cf_json_number(json, "memory_bytes", (double)info->memory);
        cf_json_number(json, "max_buffer_bytes", (double)info->max_alloc);
        cf_json_bool(json, "half_arithmetic", info->half_arithmetic);
        cf_json_bool(json, "available", info->available);
        cf_json_close(json, '}');
    }
    cf_json_close(json, ']');
}

static void cameras_json(cf_json *json, const findings *f) {
    cf_json_open(json, "cameras", '[');
    for (size_t i = 0; i < f->camera_count; i++) {
        const cf_source_listing *c = &f->cameras[i];
        cf_json_open(json, NULL, '{');
        cf_json_text(json, "uri", c->uri);
        cf_json_text(json, "name", c->name);
        cf_json_text(json, "driver", c->driver);
        cf_json_bool(json, "mono", c->has_mono);
        cf_json_bool(json, "bayer", c->has_color);
        cf_json_text(json, "formats", c->formats);
        cf_json_text(json, "sync", sync_text(c));
        cf_json_text(json, "trouble", c->trouble);
        cf_json_close(json, '}');
    }
    cf_json_close(json, ']');
}

static void print_json(const request *r, const findings *f) {
    cf_json json = {.to = stdout};
    cf_json_open(&json, NULL, '{');
    if (!r->only_cameras)
        opencl_json(&json, f);
    if (!r->only_opencl)
        cameras_json(&json, f);
    cf_json_close(&json, '}');
}

static void print_opencl(const findings *f) {
    if (!f->opencl_count)
        printf("No OpenCL device. The package pocl-opencl-icd makes any CPU one.\n");
    for (size_t i = 0; i < f->opencl_count; i++) {
        const cf_cl_info *info = &f->opencl[i];
        printf("%zu  %-11s %s (%s, %s), %u compute units, %.1f GB%s\n", i, info->type, info->name,
               info->platform, info->driver, info->compute_units, (double)info->memory * 1e-9,
               info->available ? "" : ", not available");
    }
}

static const char *kind_text(const cf_source_listing *c) {
    if (c->has_mono && c->has_color)
        return "mono and Bayer";
    return c->has_mono ? "mono" : c->has_color ? "Bayer" : "no raw format";
}

static void print_cameras(const findings *f) {
    if (!f->camera_count)
        printf("No camera. Simulated ones need none: sim:mono and sim:color.\n");
    for (size_t i = 0; i < f->camera_count; i++) {
        const cf_source_listing *c = &f->cameras[i];
        printf("%s\n    %s (%s): %s; sync: %s\n", c->uri, c->name, c->driver, kind_text(c),
               sync_text(c));
        if (*c->formats)
            printf("    %s\n", c->formats);
        if (*c->trouble)
            printf("    cannot be used: %s\n", c->trouble);
    }
}

static void look(const request *r, findings *f) {
    if (!r->only_cameras)
        f->opencl_count = cf_cl_list(f->opencl, MAX_DEVICES);
    if (!r->only_opencl)
        f->camera_count = cf_source_list(f->cameras, MAX_CAMERAS);
    if (f->opencl_count > MAX_DEVICES)
        f->opencl_count = MAX_DEVICES;
    if (f->camera_count > MAX_CAMERAS)
        f->camera_count = MAX_CAMERAS;
}

int cf_command_devices(int argc, char **argv) {
    request r = {0};
    cf_status status = cf_cli_parse(&cli, argc, argv, &r);
    if (status != CF_OK)
        return status == CF_ERR_CANCELLED ? CF_EXIT_OK : CF_EXIT_USAGE;
    findings *f = cf_alloc(1, sizeof *f);
    if (!f)
        return CF_EXIT_FAILED;
    look(&r, f);
    if (r.as_json)
        print_json(&r, f);
    if (!r.as_json && !r.only_cameras)
        print_opencl(f);
    if (!r.as_json && !r.only_opencl)
        print_cameras(f);
    cf_free(f);
    return cf_cli_exit(cf_cli_flush());
}
