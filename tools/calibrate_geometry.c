/* SPDX-License-Identifier: Apache-2.0 */
/* `chromafuse calibrate geometry`: where the two cameras look, and through which lenses. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "tools/calibrate.h"
#include "tools/calibrate_board.h"
#include "tools/calibrate_opencv.h"
#include "tools/calibrate_scene.h"
#include "tools/command.h"

typedef struct {
    cf_calibrate_board_job board;
    cf_opencv_job opencv;
    cf_calibrate_scene_job scene;
    cf_input_list mono, color;   /* pictures */
    const char *output, *report; /* the rig's folder to write into; JSON */
    const char *rig;             /* operand: the rig to export */
} request;

/* Files; or, after --corners, a pattern of the table's names. */
static cf_status take_pictures(request *r, const char *name, const char *value) {
    int color = !strcmp(name, "color");
    if (!r->board.corners)
        return cf_input_list_add(color ? &r->color : &r->mono, name, value);
    *(color ? &r->board.color_pattern : &r->board.mono_pattern) = value;
    return CF_OK;
}

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
    if (!taken)
        CF_TRY(cf_calibrate_board_take(&r->board, name, value, &taken));
    if (!strcmp(name, "mono") || !strcmp(name, "color"))
        return take_pictures(r, name, value);
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
    CF_BOARD_OPTIONS,
    CF_SCENE_OPTIONS,
    {"output", 'o', "RIG", "the rig's folder to write into; made when it is missing"},
    CF_OPENCV_OPTIONS,
    {"report", 0, "FILE.json", "write the report as JSON"},
    {"json", 0, NULL, "print the record as JSON"},
    {0},
};

static const cf_cli cli = {
    .command = "calibrate geometry",
    .usage = "--board 9x6 --square 0.025 --mono 'left*.jpg' --color 'right*.jpg' -o RIG\n"
             "       chromafuse calibrate geometry --from-scene --mono PICTURES --color PICTURES "
             "[--focal PX] -o RIG\n"
             "       chromafuse calibrate geometry --import STEREO.yml [--import EXTRINSICS.yml] "
             "-o RIG\n"
             "       chromafuse calibrate geometry --export STEREO.yml RIG",
    .about =
        "Where the two cameras look, and through which lenses: two camera models in the rig's "
        "folder,\nwith a record, plots and a report of how good they are.\n"
        "From pictures of a chessboard (--board) that both cameras took at the same moments: 10 to "
        "20\npairs, the board large, in every corner of both pictures, tilted by up to 45 degrees "
        "to all four\nsides, sharp, held still; paired by the last number in the names, else in "
        "order. The report says\nhow good the result is on pictures it did not see, which "
        "pictures hurt, and what to photograph\nnext.\n"
        "From ordinary pictures (--from-scene): pairs of anything with texture all over, near and "
        "far,\nraw or not; the report says how sure the result is and what would make it better.\n"
        "Or takes over what OpenCV's stereoCalibrate found, or writes a rig for OpenCV.\n",
    .examples =
        "  chromafuse calibrate geometry --board 9x6 --square 0.025 --mono 'left*.jpg' --color "
        "'right*.jpg' -o rig/\n"
        "  chromafuse calibrate geometry --from-scene --mono 'mono*.dng' --color 'color*.dng' -o "
        "rig/\n"
        "  chromafuse calibrate geometry --import stereo.yml -o rig/\n"
        "  chromafuse calibrate geometry --import intrinsics.yml --import extrinsics.yml\n"
        "      --size 640x480 -o rig/\n"
        "  chromafuse calibrate geometry --export stereo.yml rig/\n",
    .options = options,
    .take = take,
};

static cf_status check_pictures(const request *r) {
    const cf_calibrate_board_job *b = &r->board;
    if (!b->corners && (!r->mono.count || !r->color.count))
        return cf_fail(CF_ERR_INVALID, "calibrate geometry: give pictures of both cameras, with "
                                       "--mono and --color");
    if (b->corners && (!b->mono_pattern || !b->color_pattern || !r->opencv.params.mono_size[0]))
        return cf_fail(CF_ERR_INVALID, "calibrate geometry: --corners needs --mono and --color "
                                       "after it, and --size");
    return CF_OK;
}

static cf_status check(const request *r) {
    if (r->opencv.import_count && r->opencv.export_path)
        return cf_fail(CF_ERR_INVALID, "calibrate geometry: --import or --export, not both");
    if (r->opencv.export_path && (!r->rig || r->output))
        return cf_fail(CF_ERR_INVALID, "calibrate geometry --export FILE RIG: %s",
                       r->output ? "-o is not for exports" : "the rig is missing");
    if (r->opencv.export_path)
        return CF_OK;
    if ((r->board.board.columns > 0) + r->scene.wanted + (r->opencv.import_count > 0) > 1)
        return cf_fail(CF_ERR_INVALID,
                       "calibrate geometry: --board, --from-scene or --import, not several");
    if (r->board.board.columns > 0 || r->scene.wanted)
        CF_TRY(check_pictures(r));
    else if (!r->opencv.import_count)
        return cf_fail(CF_ERR_INVALID, "calibrate geometry: say --board CxR, --from-scene, "
                                       "--import FILE or --export FILE");
    else if (r->mono.count || r->color.count)
        return cf_fail(CF_ERR_INVALID, "calibrate geometry: an --import takes no pictures; "
                                       "'calibrate check' holds the rig against them");
    if (r->rig)
        return cf_fail(
            CF_ERR_INVALID,
            "calibrate geometry: what is '%s'? The rig is said with -o, and patterns are "
            "put in quotes: --mono 'left*.jpg'",
            r->rig);
    return r->output ? CF_OK : cf_fail(CF_ERR_INVALID, "calibrate geometry: -o RIG is missing");
}

static cf_status run_board(request *r) {
    const int *m = r->opencv.params.mono_size, *c = r->opencv.params.color_size;
    for (int i = 0; i < 2; i++) {
        r->board.sizes[0][i] = m[i];
        r->board.sizes[1][i] = c[0] ? c[i] : m[i];
    }
    r->board.mono = &r->mono;
    r->board.color = &r->color;
    r->board.out = r->output;
    r->board.report = r->report;
    r->board.json = r->opencv.json;
    return cf_calibrate_board(&r->board);
}

static cf_status run(request *r) {
    if (r->opencv.export_path)
        return cf_calibrate_export(&r->opencv, r->rig);
    if (r->board.board.columns > 0)
        return run_board(r);
    r->opencv.report = r->report;
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
    request r = {.board = CF_CALIBRATE_BOARD_DEFAULTS, .opencv = CF_OPENCV_JOB_DEFAULTS};
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
