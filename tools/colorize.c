/* SPDX-License-Identifier: Apache-2.0 */
/* `chromafuse colorize`: black-and-white photographs in, coloured ones out. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "capture/picture_out.h"
#include "cl/profile.h"
#include "tools/colorize_job.h"
#include "tools/colorize_video.h"
#include "tools/command.h"
#include "tools/fuse_job.h"
#include "tools/hints_file.h"
#include "tools/output_folder.h"

static const cf_cli_option options[] = {
    {"output", 'o', "OUT",
     "result: .png, .jpg or .tif; a folder for folders and several files;\n"
     "of a video: .mkv, .mp4, .mov, .avi or .y4m; - for standard output"},
    {"hints", 0, "FILE.json",
     "colours that you know, as points: {\"points\": [{\"x\": 10, \"y\": 20,\n"
     "\"size\": 7, \"rgb\": [200, 30, 40]}]}; pixels, sRGB 0..255;\n"
     "of a video with \"frame\": 120, too (default 0): from there on they go\n"
     "along with what moves"},
    {"decode", 0, "vivid|mean",
     "colours where nothing is known: vivid, as the world has them (default),\n"
     "or mean, duller and on average nearer the truth"},
    {"transfer", 0, "network|guided",
     "network: everything is coloured (default); guided: only what hints say,\n"
     "spread along the picture's surfaces"},
    {"model", 0, "FILE.onnx",
     "another network than the built-in one: of the same kind, or a published\n"
     "colorizer from L* to Lab's a and b (ECCV16), or from L*, ab of hints and a\n"
     "mask (SIGGRAPH17); its ports tell which (docs/networks.md)"},
    {"model-grid", 0, "WxH",
     "the grid that a published one runs on, where its file leaves that open\n"
     "(default 256x256)"},
    {"model-lightness", 0, "LOW,HIGH",
     "what it takes for black and white (default: as its file says, else 0,100)"},
    {"model-ab", 0, "UNITS", "Lab units per 1 of its planes (default: as its file says, else 1)"},
    {"force", 0, NULL, "colour anew what has colours of its own"},
    {"again", 0, NULL, "make again what is in the folder already (default: go on)"},
    {"format", 0, "png|jpg|tif",
     "of results in a folder or on standard output (default: as the\n"
     "picture, PNG where that cannot be written)"},
    {"depth", 0, "8|16",
     "bits of a sample in PNG and TIFF (default 8); of videos 16 is 10 in h264, 16 in\n"
     "ffv1 and .y4m"},
    {"quality", 0, "N", "of JPEG and H.264, 1..100 (default 92)"},
    {"codec", 0, "h264|ffv1|mpeg4",
     "of videos (default h264; ffv1 is lossless; .y4m and - are not coded)"},
    {"temporal", 0, "on|off",
     "videos: remember colour from frame to frame, along the motion, so that it\n"
     "does not flicker (default on)"},
    {"provenance", 0, "FILE.png",
     "write each pixel's shares of invented (red) and guided (blue) chroma"},
    {"error-map", 0, "FILE.tif", "write the predicted chroma error, float32, in Lab ab units"},
    {"report", 0, "FILE", "write what was done, measured and warned of, as JSON"},
    {"json", 0, NULL, "print the report on standard output"},
    {"grid", 0, "N",
     "longest side of the grid that colour is worked out on, 64..4096\n"
     "pixels (default 768); brightness keeps the picture's own"},
    {"set", 0, "STAGE.PARAMETER=VALUE", "change a stage's parameter; may be repeated"},
    {0},
};

static const cf_cli_text texts[] = {
    {"output", offsetof(cf_colorize_options, out)},
    {"hints", offsetof(cf_colorize_options, hints)},
    {"model", offsetof(cf_colorize_options, model)},
    {"provenance", offsetof(cf_colorize_options, provenance)},
    {"error-map", offsetof(cf_colorize_options, error_map)},
    {"report", offsetof(cf_colorize_options, report)},
    {0},
};

static cf_status take_operand(cf_colorize_options *o, const char *value) {
    if (o->input_count == CF_COLORIZE_OPERANDS)
        return cf_fail(CF_ERR_INVALID, "colorize: more than %d names; name their folder",
                       CF_COLORIZE_OPERANDS);
    if (!*value)
        return cf_fail(CF_ERR_INVALID, "colorize: '' is no name of a picture");
    o->inputs[o->input_count++] = value;
    return CF_OK;
}

static cf_status take_format(cf_colorize_options *o, const char *value) {
    if (strcmp(value, "png") && strcmp(value, "jpg") && strcmp(value, "tif"))
        return cf_fail(CF_ERR_INVALID, "--format is png, jpg or tif, not '%s'", value);
    o->format = value;
    return CF_OK;
}

static cf_status take_codec(cf_colorize_options *o, const char *value) {
    if (strcmp(value, "h264") && strcmp(value, "ffv1") && strcmp(value, "mpeg4"))
        return cf_fail(CF_ERR_INVALID, "--codec is h264, ffv1 or mpeg4, not '%s'", value);
    o->codec = value;
    return CF_OK;
}

static cf_status take_decode(cf_colorize_options *o, const char *value) {
    o->mean = !strcmp(value, "mean");
    return o->mean || !strcmp(value, "vivid")
               ? CF_OK
               : cf_fail(CF_ERR_INVALID, "--decode is vivid or mean, not '%s'", value);
}

static cf_status take(void *target, const char *name, const char *value) {
    cf_colorize_options *o = target;
    cf_status status;
    if (!name)
        return take_operand(o, value);
    if (cf_cli_take_text(texts, o, name, value, &status))
        return status;
    if (!strcmp(name, "format"))
        return take_format(o, value);
    if (!strcmp(name, "decode"))
        return take_decode(o, value);
    if (!strcmp(name, "transfer"))
        return cf_cli_transfer(value, &o->transfer);
    if (!strcmp(name, "codec"))
        return take_codec(o, value);
    if (!strcmp(name, "temporal"))
        return cf_temporal_parse(value, &o->temporal);
    if (!strcmp(name, "quality"))
        return cf_cli_int(name, value, 1, 100, &o->quality);
    if (!strcmp(name, "grid"))
        return cf_cli_int(name, value, 64, 4096, &o->grid);
    if (!strcmp(name, "depth"))
        return cf_cli_depth(name, value, &o->depth);
    if (!strcmp(name, "set"))
        return cf_colorize_add_setting(o, value);
    if (!strncmp(name, "model-", 6))
        return cf_colorize_take_model(o, name, value);
    o->force |= !strcmp(name, "force");
    o->again |= !strcmp(name, "again");
    o->json |= !strcmp(name, "json");
    return CF_OK;
}

static const cf_cli cli = {
    .command = "colorize",
    .usage = "PICTURE... -o OUT\n"
             "       chromafuse colorize VIDEO -o OUT.mkv",
    .about =
        "Colours black-and-white photographs: PNG, JPEG, TIFF and raws of mono sensors; also\n"
        "yellowed, sepia and blue ones, whose tone is put away first. Brightness stays as it is,\n"
        "pixel for pixel. And videos that FFmpeg reads: sound and times stay as they are, colour\n"
        "follows the motion; Ctrl-C ends one early, and what is done until then is kept.\n"
        "Of folders, all pictures and videos in them, with the same names below OUT; what is\n"
        "there already is not made again, so that a run that was broken off goes on.\n",
    .examples =
        "  chromafuse colorize grandmother.jpg -o grandmother_colour.jpg\n"
        "  chromafuse colorize album/ -o coloured/\n"
        "  chromafuse colorize portrait.tif -o portrait_colour.tif --depth 16 --hints "
        "dress.json\n"
        "  chromafuse colorize film.mp4 -o film_colour.mkv\n"
        "  ffmpeg -v error -i film.mp4 -f yuv4mpegpipe - | chromafuse colorize - -o - | mpv -\n"
        "  chromafuse colorize old.jpg --model eccv16.onnx -o new.jpg\n"
        "  curl -s https://example.org/old.jpg | chromafuse colorize - -o - > new.png\n",
    .options = options,
    .take = take,
};

/* Everything that can be wrong with the command line is said before any work. */
static cf_status check_options(const cf_colorize_options *o) {
    int is_pipe = 0;
    if (!o->input_count)
        return cf_fail(CF_ERR_INVALID, "colorize: a picture is missing");
    if (!o->out)
        return cf_fail(CF_ERR_INVALID, "colorize: --output is missing");
    for (size_t i = 0; i < o->input_count; i++)
        is_pipe |= !strcmp(o->inputs[i], "-");
    if (is_pipe && o->input_count > 1)
        return cf_fail(CF_ERR_INVALID, "colorize: standard input comes alone");
    if (!strcmp(o->out, "-") && o->json)
        return cf_fail(CF_ERR_INVALID, "--json: standard output is the picture's; use --report");
    if (o->model_setting_count && !o->model)
        return cf_fail(CF_ERR_INVALID, "--model-grid, --model-lightness and --model-ab are for "
                                       "--model, which is missing");
    if (o->format && !strcmp(o->format, "jpg") && o->depth == 16)
        return cf_fail(CF_ERR_INVALID, "--depth 16: JPEG holds 8 bits; use png or tif");
    CF_TRY(cf_cli_check_model(o->model, o->transfer));
    if (o->provenance)
        CF_TRY(cf_picture_out_supported(o->provenance, 8));
    return o->error_map ? cf_picture_out_supported(o->error_map, 32) : CF_OK;
}

/* The same, once it is known what the names stand for. */
static cf_status check_list(const cf_colorize_options *o, const cf_colorize_list *list) {
    if (list->is_folder && (o->hints || o->provenance || o->error_map))
        return cf_fail(CF_ERR_INVALID, "--%s is for one picture or video, with a file as --output",
                       o->hints        ? "hints"
                       : o->provenance ? "provenance"
                                       : "error-map");
    if (list->is_folder)
        return strcmp(o->out, "-") ? cf_output_folder_check(o->out)
                                   : cf_fail(CF_ERR_INVALID, "standard output takes one picture");
    return strcmp(o->out, "-") ? cf_picture_out_supported(o->out, o->depth == 16 ? 16 : 0) : CF_OK;
}

/* What happened to the files of a folder, in one line. */
static void sum_up(const cf_colorize_facts *facts, cf_status status) {
    size_t counts[3] = {0}, all = facts->list->count;
    for (size_t i = 0; i < all; i++)
        counts[facts->facts[i].end]++;
    if (status == CF_ERR_CANCELLED)
        cf_log(CF_LOG_ERROR, "interrupted: %zu files are done; the same command goes on",
               counts[CF_COLORIZE_DONE]);
    else if (counts[CF_COLORIZE_FAILED])
        cf_log(CF_LOG_ERROR, "%zu of %zu files failed", counts[CF_COLORIZE_FAILED], all);
    else
        cf_log(CF_LOG_INFO, "%zu files coloured, %zu were there already", counts[CF_COLORIZE_DONE],
               counts[CF_COLORIZE_SKIPPED]);
}

static cf_status colorize(const cf_colorize_options *o, const cf_colorize_list *list) {
    const cf_cl_params params = {.device = cf_cli_device};
    cf_colorize_facts facts = {.options = o, .list = list};
    cf_hint_point *points = NULL;
    size_t count = 0;
    cf_cl *cl;
    if (o->model)
        CF_TRY(cf_colorize_check_model(o));
    if (o->hints)
        CF_TRY(cf_hints_file_read(o->hints, &points, NULL, &count));
    cf_status status = cf_cl_open(&params, &cl);
    if (status == CF_OK) {
        cf_profile_enable(cl, o->report || o->json);
        status = cf_colorize_run_all(cl, points, count, &facts);
        if (facts.facts && list->is_folder)
            sum_up(&facts, status);
        if (facts.facts && (list->is_folder || status == CF_OK)) {
            cf_status written = cf_colorize_report(cl, &facts);
            status = status != CF_OK ? status : written;
        }
        cf_cl_close(&cl);
    }
    cf_image_free(&facts.provenance);
    cf_free(facts.facts);
    cf_free(points);
    return status;
}

/* One video; of a part that Ctrl-C left there is a report, too. */
static cf_status colorize_video(const cf_colorize_options *o) {
    const cf_cl_params params = {.device = cf_cli_device};
    cf_colorize_video_facts facts = {.options = o, .in = o->inputs[0], .out = o->out};
    cf_cl *cl;
    cf_cli_end_gently();
    if (o->model)
        CF_TRY(cf_colorize_check_model(o));
    CF_TRY(cf_cl_open(&params, &cl));
    cf_profile_enable(cl, o->report || o->json);
    cf_status status = cf_colorize_run_video(cl, 1, &facts);
    if (facts.frames && (status == CF_OK || status == CF_ERR_CANCELLED)) {
        cf_status written = cf_colorize_report_video(cl, &facts);
        status = status != CF_OK ? status : written;
    }
    cf_cl_close(&cl);
    return status;
}

static int usage_error(void) {
    fprintf(stderr, "Try 'chromafuse colorize --help'.\n");
    return CF_EXIT_USAGE;
}

static int run(cf_colorize_options *o) {
    cf_colorize_list list;
    if (check_options(o) != CF_OK)
        return usage_error();
    if (cf_colorize_is_video(o))
        return cf_colorize_check_video(o) == CF_OK ? cf_cli_exit(colorize_video(o)) : usage_error();
    cf_status status = cf_colorize_list_make(o, &list);
    if (status == CF_OK && check_list(o, &list) != CF_OK) {
        cf_colorize_list_clear(&list);
        return usage_error();
    }
    if (status == CF_OK && list.is_folder)
        cf_cli_end_gently(); /* what is being written is still written */
    if (status == CF_OK)
        status = colorize(o, &list);
    cf_colorize_list_clear(&list);
    return cf_cli_exit(status);
}

int cf_command_colorize(int argc, char **argv) {
    cf_colorize_options *o = cf_alloc(1, sizeof *o);
    if (!o)
        return CF_EXIT_FAILED;
    *o = (cf_colorize_options){.depth = 8, .quality = 92, .grid = 768};
    cf_status status = cf_cli_parse(&cli, argc, argv, o);
    int code = status == CF_OK ? run(o) : status == CF_ERR_CANCELLED ? CF_EXIT_OK : CF_EXIT_USAGE;
    cf_free(o);
    return code;
}
