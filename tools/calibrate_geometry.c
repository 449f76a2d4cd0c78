/* SPDX-License-Identifier: Apache-2.0 */
/* `chromafuse calibrate geometry`: where the two cameras look, and through which lenses. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "tools/calibrate.h"
#include "tools/calibrate_opencv.h"
#include "tools/calibrate_scene.h"
#include "tools/command.h"

typedef struct {
    cf_opencv_job opencv;
    cf_calibrate_scene_job scene;
    cf_input_list mono, color;   /* pictures */
    const char *output, *report; /* the rig's folder to write into; JSON */
    const char *rig;             /* operand: the rig to export */
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
    if (!taken)
        CF_TRY(cf_calibrate_scene_take(&r->scene, name, value, &taken));
    if (!strcmp(name, "mono"))
        return cf_input_list_add(&r->mono, name, value);
    if (!strcmp(name, "color"))
        return cf_input_list_add(&r->color, name, value);
    if (!strcmp(name, "report"))
        r->report = value;
    if (!strcmp(name, "output"))
        r->output = value;
    r->opencv.json |= !strcmp(name, "json");
    return CF_OK;
}

static const cf_cli_option options[] = {
    {"mono", 'm', "PICTURES",
     "the mono camera's pictures: file, folder, or quoted pattern; may be\nrepeated"},
    {"color", 'c', "PICTURES", "the colour camera's, as many, pair by pair in the order of names"},
    CF_SCENE_OPTIONS,
    {"output", 'o', "RIG", "the rig's folder to write into; made when it is missing"},
    CF_OPENCV_OPTIONS,
    {"report", 0, "FILE.json", "write the report as JSON"},
    {"json", 0, NULL, "print the record as JSON"},
    {0},
};

static const cf_cli cli = {
    .command = "calibrate geometry",
    .usage = "--from-scene --mono PICTURES --color PICTURES [--focal PX] -o RIG\n"
             "       chromafuse calibrate geometry --import STEREO.yml [--import EXTRINSICS.yml] "
             "-o RIG\n"
             "       chromafuse calibrate geometry --export STEREO.yml RIG",
    .about =
        "Where the two cameras look, and through which lenses: two camera models in the rig's "
        "folder.\nFrom ordinary pictures (--from-scene): pairs of anything with texture all over, "
        "near and "
        "far,\nraw or not; the report says how sure the result is and what would make it better. "
        "Or takes\nover what OpenCV's stereoCalibrate found, or writes a rig for OpenCV.\n",
    .examples =
        "  chromafuse calibrate geometry --from-scene --mono 'mono*.dng' --color 'color*.dng' -o "
        "rig/\n"
        "  chromafuse calibrate geometry --import stereo.yml -o rig/\n"
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
    if (r->scene.wanted && (!r->mono.count || !r->color.count))
        return cf_fail(CF_ERR_INVALID,
                       "calibrate geometry --from-scene: give pictures of both cameras, with "
                       "--mono and --color");
    if (!r->opencv.import_count && !r->scene.wanted)
        return cf_fail(CF_ERR_INVALID, "calibrate geometry: say --from-scene, --import FILE "
                                       "or --export FILE");
    if (r->rig)
        return cf_fail(CF_ERR_INVALID, "calibrate geometry: what is '%s'? The rig is said with -o",
                       r->rig);
    return r->output ? CF_OK : cf_fail(CF_ERR_INVALID, "calibrate geometry: -o RIG is missing");
}

static cf_status run(request *r) {
    if (r->opencv.export_path)
        return cf_calibrate_export(&r->opencv, r->rig);
    if (!r->scene.wanted)
        return cf_calibrate_import(&r->opencv, r->output);
    r->scene.mono = &r->mono;
    r->scene.color = &r->color;
    r->scene.out = r->output;
    r->scene.report = r->report;
    r->scene.json = r->opencv.json;
    return cf_calibrate_scene(&r->scene);
}

int cf_calibrate_geometry(int argc, char **argv) {
    request r = {.opencv = CF_OPENCV_JOB_DEFAULTS};
    cf_status status = cf_cli_parse(&cli, argc, argv, &r);
    int code = status == CF_ERR_CANCELLED ? CF_EXIT_OK : CF_EXIT_USAGE;
    if (status == CF_OK && check(&r) == CF_OK)
        code = cf_cli_exit(run(&r));
    else if (status == CF_OK)
        fprintf(stderr, "Try 'chromafuse calibrate geometry --help'.\n");
    cf_input_list_clear(&r.mono);
    cf_input_list_clear(&r.color);
    return code;
}
