/* SPDX-License-Identifier: Apache-2.0 */
/* `chromafuse calibrate check`: what is wrong with a rig, in plain words. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "calib/camera_model.h"
#include "calib/rig.h"
#include "tools/calibrate.h"
#include "tools/command.h"

static cf_status take(void *target, const char *name, const char *value) {
    const char **rig = target;
    if (name)
        return CF_OK;
    if (*rig)
        return cf_fail(CF_ERR_INVALID, "calibrate check: one rig at a time");
    *rig = value;
    return CF_OK;
}

static const cf_cli_option options[] = {{0}};

static const cf_cli cli = {
    .command = "calibrate check",
    .usage = "rig.yaml",
    .about = "Reads a rig and everything it names, and says what is wrong with it.\n",
    .options = options,
    .take = take,
};

int cf_calibrate_check(int argc, char **argv) {
    const char *path = NULL;
    cf_rig *rig;
    cf_camera_model *mono = NULL, *color = NULL;
    cf_status status = cf_cli_parse(&cli, argc, argv, &path);
    if (status != CF_OK)
        return status == CF_ERR_CANCELLED ? CF_EXIT_OK : CF_EXIT_USAGE;
    if (!path) {
        cf_log(CF_LOG_ERROR, "calibrate check: which rig.yaml?");
        return CF_EXIT_USAGE;
    }
    status = cf_rig_load(path, &rig);
    if (status == CF_OK)
        status = cf_camera_model_load(rig->mono.model, &mono);
    if (status == CF_OK)
        status = cf_camera_model_load(rig->color.model, &color);
    if (status == CF_OK)
        printf("%s: can be read\n", path);
    cf_rig_destroy(&rig);
    cf_camera_model_destroy(&mono);
    cf_camera_model_destroy(&color);
    return cf_cli_exit(status);
}
