/* SPDX-License-Identifier: Apache-2.0 */
/* `chromafuse fuse`: raw pairs in, pictures out. */
#include "fusion/fuse.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "capture/picture_out.h"
#include "tools/command.h"
#include "tools/fuse_job.h"
#include "tools/fuse_session.h"
#include "tools/output_folder.h"

static const cf_cli_option options[] = {
    {"rig", 'r', "rig.yaml",
     "calibration of the two cameras; without it the registration is\n"
     "estimated from the pictures, and said how sure that is"},
    {"mono", 'm', "M",
     "the mono camera's raw (DNG or any raw LibRaw reads), a folder of them,\n"
     "or a recording (a folder with mono/ and color/)"},
    {"color", 'c', "C", "the colour camera's raw, or folder"},
    {"output", 'o', "OUT", "result: .png, .jpg or .tif; a folder for folders"},
    {"tone", 0, "none|auto",
     "none: sRGB transfer function and clip, nothing else (for measuring);\n"
     "auto: exposed and toned for looking at (default)"},
    {"depth", 0, "8|16", "bits of a sample in PNG and TIFF (default 8)"},
    {"quality", 0, "N", "JPEG quality, 1..100 (default 92)"},
    CF_TRANSFER_CLI_OPTIONS,
    {"temporal", 0, "on|off",
     "remember chroma from picture to picture, along the motion: on in\n"
     "recordings; on: in every folder, in order of the names; off: never"},
    {"report", 0, "FILE", "write what was done, measured and warned of, as JSON"},
    {"provenance", 0, "FILE.png",
     "write each pixel's shares of invented (red), measured (green),\n"
     "guided (blue) chroma"},
    {"error-map", 0, "FILE.tif", "write the predicted chroma error, float32, in Lab ab units"},
    {"write-linear", 0, "FILE.tif", "write the result before tone, float32 linear Rec.709"},
    {"write-mono", 0, "FILE.tif", "write the denoised mono picture, float32 linear"},
    {"disparity", 0, "FILE.tif", "write the disparity on the matching grid, float32 pixels"},
    {"color-alone", 0, "FILE.png", "write what the colour camera gives by itself, on its own grid"},
    {"mono-picture", 0, "FILE.png", "write the mono picture as a viewer sees it"},
    {"frames", 'n', "N", "process the pair N times, for timing (default 1)"},
    {"profile", 0, NULL, "print device times per kernel"},
    {"set", 0, "STAGE.PARAMETER=VALUE", "change a stage's parameter; may be repeated"},
    {"json", 0, NULL, "print the report on standard output"},
    {0},
};

static const cf_cli_text texts[] = {
    {"rig", offsetof(cf_fuse_options, rig)},
    {"mono", offsetof(cf_fuse_options, mono)},
    {"color", offsetof(cf_fuse_options, color)},
    {"output", offsetof(cf_fuse_options, out)},
    {"model", offsetof(cf_fuse_options, model)},
    {"report", offsetof(cf_fuse_options, report)},
    {"provenance", offsetof(cf_fuse_options, provenance)},
    {"error-map", offsetof(cf_fuse_options, error_map)},
    {"write-linear", offsetof(cf_fuse_options, write_linear)},
    {"write-mono", offsetof(cf_fuse_options, write_mono)},
    {"disparity", offsetof(cf_fuse_options, disparity)},
    {"color-alone", offsetof(cf_fuse_options, color_alone)},
    {"mono-picture", offsetof(cf_fuse_options, mono_picture)},
    {0},
};

cf_status cf_cli_transfer(const char *value, cf_fuse_transfer *out) {
    *out = strcmp(value, "guided") ? CF_FUSE_NETWORK : CF_FUSE_GUIDED;
    return *out == CF_FUSE_GUIDED || !strcmp(value, "network")
               ? CF_OK
               : cf_fail(CF_ERR_INVALID, "--transfer is network or guided, not '%s'", value);
}

cf_status cf_cli_check_model(const char *model, cf_fuse_transfer transfer) {
    return model && transfer == CF_FUSE_GUIDED
               ? cf_fail(CF_ERR_INVALID, "--model names a network, and --transfer guided uses none")
               : CF_OK;
}

static cf_status take_tone(cf_fuse_options *o, const char *value) {
    o->tone_auto = !strcmp(value, "auto");
    return o->tone_auto || !strcmp(value, "none")
               ? CF_OK
               : cf_fail(CF_ERR_INVALID, "--tone is none or auto, not '%s'", value);
}

static cf_status take(void *target, const char *name, const char *value) {
    cf_fuse_options *o = target;
    cf_status status;
    if (!name)
        return cf_fail(CF_ERR_INVALID,
                       "fuse: '%s' is no option; pictures are named by --mono and --color", value);
    if (cf_cli_take_text(texts, o, name, value, &status))
        return status;
    if (!strcmp(name, "tone"))
        return take_tone(o, value);
    if (!strcmp(name, "transfer"))
        return cf_cli_transfer(value, &o->transfer);
    if (!strcmp(name, "temporal"))
        return cf_temporal_parse(value, &o->temporal);
    if (!strcmp(name, "frames"))
        return cf_cli_int(name, value, 1, 1000000, &o->frames);
    if (!strcmp(name, "quality"))
        return cf_cli_int(name, value, 1, 100, &o->quality);
    if (!strcmp(name, "depth"))
        return cf_cli_depth(name, value, &o->depth);
    if (!strcmp(name, "set")) {
        if (o->setting_count == CF_MAX_SETTINGS)
            return cf_fail(CF_ERR_INVALID, "--set: at most %d times", CF_MAX_SETTINGS);
        o->settings[o->setting_count++] = value;
        return CF_OK;
    }
    o->profile |= !strcmp(name, "profile");
    o->json |= !strcmp(name, "json");
    return CF_OK;
}

static const cf_cli cli = {
    .command = "fuse",
    .usage = "--rig rig.yaml --mono M --color C -o OUT",
    .about = "Fuses a mono and a colour sensor's raw pictures: detail and brightness come from the "
             "mono one,\n"
             "chroma from the colour one, on the mono camera's own pixel grid.\n",
    .examples = "  chromafuse fuse --rig rig.yaml --mono mono.dng --color color.dng -o fused.png\n"
                "  chromafuse fuse --rig rig.yaml --mono night/mono --color night/color -o fused/\n"
                "  chromafuse fuse --mono mono.dng --color color.dng -o fused.tif --depth 16\n"
                "      --provenance shares.png --report report.json\n",
    .options = options,
    .take = take,
};

static cf_status check_output(const char *path, int depth) {
    return path ? cf_picture_out_supported(path, depth) : CF_OK;
}

/* Everything that can be wrong with the command line is said before any work. */
static cf_status check_options(const cf_fuse_options *o, int many) {
    CF_TRY(cf_cli_check_model(o->model, o->transfer));
    if (!many)
        CF_TRY(check_output(o->out, o->depth == 16 ? 16 : 0));
    else if (o->provenance || o->error_map || o->write_linear || o->write_mono || o->color_alone ||
             o->mono_picture || o->disparity)
        return cf_fail(CF_ERR_INVALID, "with folders only --output and --report can be written");
    if (many && (!o->color || cf_is_folder(o->color)))
        CF_TRY(cf_output_folder_check(o->out));
    CF_TRY(check_output(o->provenance, 8));
    CF_TRY(check_output(o->color_alone, 8));
    CF_TRY(check_output(o->mono_picture, 8));
    CF_TRY(check_output(o->error_map, 32));
    CF_TRY(check_output(o->write_linear, 32));
    CF_TRY(check_output(o->write_mono, 32));
    return check_output(o->disparity, 32);
}

static cf_status fuse_pairs(const cf_fuse_options *o, cf_cl *cl, const cf_fuse_pair *pairs,
                            size_t count) {
    cf_status first_failure = CF_OK;
    cf_fuse *before = NULL; /* what remembers the pair before */
    size_t failed = 0;
    for (size_t i = 0; i < count; i++) {
        cf_cli_progress("fuse", i, count);
        int is_sequence = count > 1 && (o->temporal == CF_TEMPORAL_ON ||
                                        (o->temporal == CF_TEMPORAL_AUTO && pairs[i].is_recorded));
        cf_status status = cf_fuse_session_run(o, cl, &pairs[i], is_sequence ? &before : NULL);
        if (status != CF_OK && first_failure == CF_OK)
            first_failure = status;
        failed += status != CF_OK;
        if (status == CF_ERR_DEVICE)
            break; /* what failed once on the device will fail for every pair */
    }
    cf_fuse_destroy(&before);
    cf_cli_progress("fuse", count, count);
    if (failed && count > 1)
        cf_log(CF_LOG_ERROR, "%zu of %zu pairs failed", failed, count);
    return first_failure;
}

static int usage_error(void) {
    fprintf(stderr, "Try 'chromafuse fuse --help'.\n");
    return CF_EXIT_USAGE;
}

int cf_command_fuse(int argc, char **argv) {
    cf_fuse_options o = {.frames = 1, .depth = 8, .quality = 92, .tone_auto = 1};
    cf_fuse_pair *pairs;
    size_t count;
    cf_cl *cl;
    cf_status status = cf_cli_parse(&cli, argc, argv, &o);
    if (status != CF_OK)
        return status == CF_ERR_CANCELLED ? CF_EXIT_OK : CF_EXIT_USAGE;
    if (!o.mono || !o.out) {
        cf_log(CF_LOG_ERROR, "fuse: --%s is missing", o.mono ? "output" : "mono");
        return usage_error();
    }
    int is_recording = !o.color;
    if (is_recording && !cf_is_folder(o.mono)) {
        cf_log(CF_LOG_ERROR, "fuse: --color is missing (for one picture alone there is no fusion)");
        return usage_error();
    }
    if (check_options(&o, cf_is_folder(o.mono)) != CF_OK)
        return usage_error();
    int makes_folder = cf_is_folder(o.mono) && !cf_is_folder(o.out);
    if (cf_fuse_pairs_find(&o, &pairs, &count) != CF_OK)
        return CF_EXIT_FAILED;
    const cf_cl_params params = {.device = cf_cli_device};
    status = cf_cl_open(&params, &cl);
    if (status == CF_OK) {
        status = fuse_pairs(&o, cl, pairs, count);
        cf_cl_close(&cl);
    }
    cf_fuse_pairs_free(pairs, count);
    if (status != CF_OK && makes_folder)
        rmdir(o.out); /* goes only where no pair succeeded */
    return cf_cli_exit(status);
}
