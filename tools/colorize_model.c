/* SPDX-License-Identifier: Apache-2.0 */
/* `--model` of `chromafuse colorize`, and what a published colorizer's file leaves unsaid. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "fusion/colorizer.h"
#include "fusion/lab_input.h"
#include "fusion/lab_model.h"
#include "tools/colorize_job.h"
#include "tools/command.h"

cf_status cf_colorize_add_setting(cf_colorize_options *o, const char *setting) {
    if (o->setting_count == CF_COLORIZE_SETTINGS)
        return cf_fail(CF_ERR_INVALID, "--set: at most %d times", CF_COLORIZE_SETTINGS);
    o->settings[o->setting_count++] = setting;
    return CF_OK;
}

static cf_status take_grid(cf_colorize_options *o, const char *value, char setting[64]) {
    int *grid = o->model_grid;
    CF_TRY(cf_cli_size("model-grid", value, &grid[0], &grid[1]));
    for (int i = 0; i < 2; i++)
        if (grid[i] < CF_LAB_GRID_MIN || grid[i] > CF_LAB_GRID_MAX)
            return cf_fail(CF_ERR_INVALID, "--model-grid: sides are %d to %d, not '%s'",
                           CF_LAB_GRID_MIN, CF_LAB_GRID_MAX, value);
    snprintf(setting, 64, "lab_input.grid=%d,%d", grid[0], grid[1]);
    return CF_OK;
}

static cf_status take_lightness(const char *value, char setting[64]) {
    const char *comma = strchr(value, ',');
    char low[24];
    double range[2];
    if (!comma || (size_t)(comma - value) >= sizeof low)
        return cf_fail(CF_ERR_INVALID, "--model-lightness is LOW,HIGH as in -50,50, not '%s'",
                       value);
    snprintf(low, sizeof low, "%.*s", (int)(comma - value), value);
    CF_TRY(cf_cli_float("model-lightness", low, -1000, 1000, &range[0]));
    CF_TRY(cf_cli_float("model-lightness", comma + 1, -1000, 1000, &range[1]));
    snprintf(setting, 64, "lab_network.lightness=%.9g,%.9g", range[0], range[1]);
    return CF_OK;
}

cf_status cf_colorize_take_model(cf_colorize_options *o, const char *name, const char *value) {
    double unit;
    if (o->model_setting_count == sizeof o->model_settings / sizeof *o->model_settings)
        return cf_fail(CF_ERR_INVALID, "--%s: each of these options once", name);
    char *setting = o->model_settings[o->model_setting_count];
    if (!strcmp(name, "model-grid"))
        CF_TRY(take_grid(o, value, setting));
    else if (!strcmp(name, "model-lightness"))
        CF_TRY(take_lightness(value, setting));
    else {
        CF_TRY(cf_cli_float(name, value, 0.001, 1000, &unit));
        snprintf(setting, 64, "lab_network.unit=%.9g", unit);
    }
    o->model_setting_count++;
    return cf_colorize_add_setting(o, setting);
}

static cf_status check(const cf_colorize_options *o, const cf_model *model) {
    size_t at[CF_COLORIZER_PORTS];
    cf_lab_model kind;
    if (!cf_lab_model_is_other(model)) {
        CF_TRY(cf_colorizer_ports(model, at));
        return o->model_setting_count
                   ? cf_fail(CF_ERR_INVALID,
                             "%s: no published colorizer: --model-grid, --model-lightness and "
                             "--model-ab do nothing for it",
                             o->model)
                   : CF_OK;
    }
    CF_TRY(cf_lab_model_read(model, &kind));
    for (int i = 0; i < 2; i++)
        if (o->model_grid[i] && kind.grid[i] && o->model_grid[i] != kind.grid[i])
            return cf_fail(CF_ERR_INVALID, "%s: made for a %s of %d, not the %d of --model-grid",
                           o->model, i ? "height" : "width", kind.grid[i], o->model_grid[i]);
    return CF_OK;
}

cf_status cf_colorize_check_model(const cf_colorize_options *o) {
    cf_model *model;
    CF_TRY(cf_model_load(o->model, &model));
    cf_status status = check(o, model);
    cf_model_destroy(&model);
    return status;
}
