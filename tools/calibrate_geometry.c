/* SPDX-License-Identifier: Apache-2.0 */
/* `chromafuse calibrate geometry`: where the two cameras look, and through which lenses. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "tools/calibrate.h"
#include "tools/calibrate_opencv.h"
#include "tools/command.h"

typedef struct {
    cf_opencv_job opencv;
    const char *output; /* the rig's folder to write into */
    const char *rig;    /* operand: the rig to export */
} request;

static cf_status take(void *target, const char *name, const char *value) {
    request *r = target;
    int taken = 0;
    if (!name) {
        if (r->rig)
            return cf_fail(CF_ERR_INVALID,
                           "calibrate geometry: one rig at a time; '%s' is too many", value);
        r->rig = value;
        return CF_OK;
    }
    CF_TRY(cf_opencv_job_take(&r->opencv, name, value, &taken));
    if (!strcmp(name, "output"))
        r->output = value;
    r->opencv.json |= !strcmp(name, "json");
    return CF_OK;
}

static const cf_cli_option options[] = {
    {"output", 'o', "RIG", "the rig's folder to write into; made when it is missing"},
    CF_OPENCV_OPTIONS,
    {"json", 0, NULL, "print the record as JSON"},
    {0},
};

static const cf_cli cli = {
    .command = "calibrate geometry",
    .usage = "--import STEREO.yml [--import EXTRINSICS.yml] -o RIG\n"
             "       chromafuse calibrate geometry --export STEREO.yml RIG",
    .about =
        "Where the two cameras look, and through which lenses: two camera models in the rig's "
        "folder.\nTakes over what OpenCV's stereoCalibrate found, or writes a rig for OpenCV.\n",
    .examples = "  chromafuse calibrate geometry --import stereo.yml -o rig/\n"
                "  chromafuse calibrate geometry --import intrinsics.yml --import extrinsics.yml\n"
                "      --size 640x480 -o rig/\n"
                "  chromafuse calibrate geometry --export stereo.yml rig/\n",
    .options = options,
    .take = take,
};

static cf_status check(const request *r) {
    if (r->opencv.import_count && r->opencv.export_path)
        return cf_fail(CF_ERR_INVALID, "calibrate geometry: --import or --export, not both");
    if (r->opencv.export_path && (!r->rig || r->output))
        return cf_fail(CF_ERR_INVALID, "calibrate geometry --export FILE RIG: %s",
                       r->output ? "-o is not for exports" : "the rig is missing");
    if (r->opencv.export_path)
        return CF_OK;
    if (!r->opencv.import_count)
        return cf_fail(CF_ERR_INVALID, "calibrate geometry: say --import FILE or --export FILE");
    if (r->rig)
        return cf_fail(CF_ERR_INVALID, "calibrate geometry: what is '%s'? The rig is said with -o",
                       r->rig);
    return r->output ? CF_OK : cf_fail(CF_ERR_INVALID, "calibrate geometry: -o RIG is missing");
}

int cf_calibrate_geometry(int argc, char **argv) {
    request r = {.opencv = CF_OPENCV_JOB_DEFAULTS};
    cf_status status = cf_cli_parse(&cli, argc, argv, &r);
    if (status != CF_OK)
        return status == CF_ERR_CANCELLED ? CF_EXIT_OK : CF_EXIT_USAGE;
    if (check(&r) != CF_OK) {
        fprintf(stderr, "Try 'chromafuse calibrate geometry --help'.\n");
        return CF_EXIT_USAGE;
    }
    return cf_cli_exit(r.opencv.export_path ? cf_calibrate_export(&r.opencv, r.rig)
                                            : cf_calibrate_import(&r.opencv, r.output));
}
