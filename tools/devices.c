/* SPDX-License-Identifier: Apache-2.0 */
/* `chromafuse devices`: what the kernels can run on. */
#include <string.h>

#include "base/log.h"
#include "cl/device.h"
#include "tools/command.h"
#include "tools/json.h"

#define MAX_DEVICES 64

static const cf_cli_option options[] = {
    {"json", 0, NULL, "print JSON"},
    {0},
};

static cf_status take(void *target, const char *name, const char *value) {
    if (!name)
        return cf_fail(CF_ERR_INVALID, "devices: takes no files, got '%s'", value);
    *(int *)target = 1;
    return CF_OK;
}

static const cf_cli cli = {
    .command = "devices",
    .usage = "[--json]",
    .about = "Lists the OpenCL devices of this machine with their numbers, for --device.\n",
    .options = options,
    .take = take,
};

static void print_json(const cf_cl_info *info, size_t count) {
    cf_json json = {.to = stdout};
    cf_json_open(&json, NULL, '{');
    cf_json_open(&json, "opencl", '[');
    for (size_t i = 0; i < count; i++) {
        cf_json_open(&json, NULL, '{');
        cf_json_number(&json, "number", (double)i);
        cf_json_text(&json, "name", info[i].name);
        cf_json_text(&json, "type", info[i].type);
        cf_json_text(&json, "platform", info[i].platform);
        cf_json_text(&json, "version", info[i].version);
        cf_json_text(&json, "driver", info[i].driver);
        cf_json_number(&json, "compute_units", info[i].compute_units);
        cf_json_number(&json, "memory_bytes", (double)info[i].memory);
        cf_json_number(&json, "max_buffer_bytes", (double)info[i].max_alloc);
        cf_json_bool(&json, "half_arithmetic", info[i].half_arithmetic);
        cf_json_bool(&json, "available", info[i].available);
        cf_json_close(&json, '}');
    }
    cf_json_close(&json, ']');
    cf_json_close(&json, '}');
}

int cf_command_devices(int argc, char **argv) {
    cf_cl_info info[MAX_DEVICES];
    int as_json = 0;
    cf_status status = cf_cli_parse(&cli, argc, argv, &as_json);
    if (status != CF_OK)
        return status == CF_ERR_CANCELLED ? CF_EXIT_OK : CF_EXIT_USAGE;
    size_t count = cf_cl_list(info, MAX_DEVICES);
    if (count > MAX_DEVICES)
        count = MAX_DEVICES;
    if (as_json)
        print_json(info, count);
    else if (!count)
        printf("No OpenCL device. The package pocl-opencl-icd makes any CPU one.\n");
    for (size_t i = 0; !as_json && i < count; i++)
        printf("%zu  %-11s %s (%s, %s), %u compute units, %.1f GB%s\n", i, info[i].type,
               info[i].name, info[i].platform, info[i].driver, info[i].compute_units,
               (double)info[i].memory * 1e-9, info[i].available ? "" : ", not available");
    return CF_EXIT_OK;
}
