/* SPDX-License-Identifier: Apache-2.0 */
/* `chromafuse live`: the fused picture of two cameras, or of a recording, as it comes. */
#include <string.h>

#include "base/log.h"
#include "tools/live_job.h"

static const cf_cli_option options[] = {
    CF_PAIR_CLI_OPTIONS,
    {"output", 'o', "OUT",
     "window (default); - (Y4M on standard output); FILE.y4m; FILE.mkv, .mp4,\n"
     ".mov, .avi (?codec=ffv1 or mpeg4 behind the name: another codec);\n"
     "v4l2:/dev/videoN (an output device, as v4l2loopback makes)"},
    {"view", 0, "fused|provenance|mono|color",
     "what is shown: the result (default); each pixel's shares of invented\n"
     "(red), measured (green), guided (blue) chroma; one camera alone"},
    {"tone", 0, "none|auto",
     "none: sRGB transfer function and clip, nothing else;\n"
     "auto: exposed and toned for looking at (default)"},
    CF_TRANSFER_CLI_OPTIONS,
    {"temporal", 0, "on|off",
     "remember chroma from picture to picture, along the motion (default on)"},
    {"frames", 'n', "N", "stop after N pictures"},
    {"seconds", 0, "S", "stop after S seconds"},
    {"loop", 0, NULL, "recordings: start again at the end"},
    {"wait", 0, "S", "how long a camera may be gone before it ends (default 30)"},
    {"stats-every", 0, "S", "seconds between two lines about the stream; 0: none (default 1)"},
    {"json", 0, NULL,
     "those lines as JSON on standard output; on standard error where -o - needs\n"
     "standard output for the pictures"},
    {"set", 0, "STAGE.PARAMETER=VALUE", "change a stage's parameter; may be repeated"},
    {0},
};

static cf_status take_choice(cf_live_options *o, const char *name, const char *value) {
    static const struct {
        const char *name;
        cf_fuse_output output;
    } views[] = {{"fused", CF_FUSE_PICTURE},
                 {"provenance", CF_FUSE_PROVENANCE},
                 {"mono", CF_FUSE_MONO_PICTURE},
                 {"color", CF_FUSE_COLOR_ALONE}};
    if (!strcmp(name, "tone")) {
        o->tone_auto = !strcmp(value, "auto");
        return o->tone_auto || !strcmp(value, "none")
                   ? CF_OK
                   : cf_fail(CF_ERR_INVALID, "--tone is none or auto, not '%s'", value);
    }
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        if (!strcmp(value, views[i].name)) {
            o->view = views[i].output;
            return CF_OK;
        }
    return cf_fail(CF_ERR_INVALID, "--view is fused, provenance, mono or color, not '%s'", value);
}

static cf_status take_recording(cf_live_options *o, const char *value) {
    if (o->pair.stream.uri[0])
        return cf_fail(CF_ERR_INVALID,
                       "live: one recording, or --mono and --color; '%s' is too "
                       "much",
                       value);
    return cf_pair_option_take(&o->pair, "mono", value);
}

static cf_status take(void *target, const char *name, const char *value) {
    cf_live_options *o = target;
    if (!name)
        return take_recording(o, value);
    cf_status status = cf_pair_option_take(&o->pair, name, value);
    if (status != CF_ERR_UNSUPPORTED)
        return status;
    if (!strcmp(name, "transfer"))
        return cf_cli_transfer(value, &o->transfer);
    if (!strcmp(name, "model")) {
        o->model = value;
        return *value ? CF_OK : cf_fail(CF_ERR_INVALID, "--model needs a file name");
    }
    if (!strcmp(name, "view") || !strcmp(name, "tone"))
        return take_choice(o, name, value);
    if (!strcmp(name, "temporal"))
        return cf_temporal_parse(value, &o->temporal);
    if (!strcmp(name, "frames"))
        return cf_cli_int(name, value, 1, 1000000000, &o->frames);
    if (!strcmp(name, "seconds"))
        return cf_cli_float(name, value, 0.001, 1e9, &o->seconds);
    if (!strcmp(name, "wait"))
        return cf_cli_float(name, value, 0, 1e8, &o->wait);
    if (!strcmp(name, "stats-every"))
        return cf_cli_float(name, value, 0, 1e6, &o->stats_every);
    if (!strcmp(name, "output")) {
        o->output = value;
        return *value ? CF_OK : cf_fail(CF_ERR_INVALID, "--output needs a target");
    }
    if (!strcmp(name, "set")) {
        if (o->setting_count == CF_MAX_SETTINGS)
            return cf_fail(CF_ERR_INVALID, "--set: at most %d times", CF_MAX_SETTINGS);
        o->settings[o->setting_count++] = value;
        return CF_OK;
    }
    o->json |= !strcmp(name, "json");
    o->loop |= !strcmp(name, "loop");
    return CF_OK;
}

static const cf_cli cli = {
    .command = "live",
    .usage = "--mono URI --color URI --rig rig.yaml [-o OUT]\n"
             "       chromafuse live RECORDING [--rig rig.yaml] [-o OUT]",
    .about =
        "Fuses the pairs of two cameras as they come, or those of a recording, and shows them in "
        "a\n"
        "window or passes them on. Where the computer is slower than the cameras, pairs are left\n"
        "out and counted; of a recording that goes into a file or pipe none is. Once a second a\n"
        "line on standard error tells how it goes. Ctrl-C, a closed window (or Esc or q in it) "
        "end\n"
        "it; what was written stays.\n",
    .examples = "  chromafuse live --mono libcamera:1 --color libcamera:2 --rig rig.yaml\n"
                "  chromafuse live --mono sim:mono --color sim:color -o - | mpv -\n"
                "  chromafuse live night/ --rig rig.yaml --as-fast -o night.mkv\n"
                "  chromafuse live night/ --loop --view provenance\n",
    .options = options,
    .take = take,
};

/* A recording waits; what other cameras have seen is gone when it is not taken. */
static int is_recording(const char *uri) {
    return !strncmp(uri, "file:", 5) || !strchr(uri, ':');
}

static cf_status check(cf_live_options *o) {
    int keeps_all;
    CF_TRY(cf_pair_options_check(&o->pair, "live"));
    CF_TRY(cf_cli_check_model(o->model, o->transfer));
    CF_TRY(cf_sink_check(o->output, &keeps_all));
    if (cf_cli_quiet() && !o->json)
        o->stats_every = 0;
    o->pair.stream.latest = !keeps_all || !is_recording(o->pair.stream.uri[0]);
    if (o->pair.stream.latest)
        o->pair.stream.room = 1; /* no pair grows old while others wait before it */
    o->pair.stream.source[0].loop = o->pair.stream.source[1].loop = o->loop;
    return CF_OK;
}

int cf_command_live(int argc, char **argv) {
    cf_live_options o = {.pair = CF_PAIR_OPTIONS_DEFAULTS,
                         .output = "window",
                         .stats_every = 1,
                         .wait = 30,
                         .tone_auto = 1,
                         .view = CF_FUSE_PICTURE};
    cf_status status = cf_cli_parse(&cli, argc, argv, &o);
    if (status != CF_OK)
        return status == CF_ERR_CANCELLED ? CF_EXIT_OK : CF_EXIT_USAGE;
    if (check(&o) != CF_OK) {
        fprintf(stderr, "Try 'chromafuse live --help'.\n");
        return CF_EXIT_USAGE;
    }
    status = cf_pair_options_load(&o.pair, 0);
    if (status == CF_OK)
        status = cf_live_run(&o);
    cf_pair_options_clear(&o.pair);
    return cf_cli_exit(status);
}
