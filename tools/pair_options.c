/* SPDX-License-Identifier: Apache-2.0 */
/* Two cameras from the command line. */
#include "tools/pair_options.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"

#define MAX_RIG ((size_t)1 << 20)

/* "VALUE" for both cameras or "MONO,COLOR", each in min..max. */
static cf_status take_two(const char *name, const char *value, double min, double max,
                          double out[2]) {
    char first[64];
    const char *comma = strchr(value, ',');
    size_t length = comma ? (size_t)(comma - value) : strlen(value);
    snprintf(first, sizeof first, "%.*s", length < sizeof first ? (int)length : 63, value);
    CF_TRY(cf_cli_float(name, first, min, max, &out[0]));
    return cf_cli_float(name, comma ? comma + 1 : first, min, max, &out[1]);
}

static cf_status take_exposure(cf_pair_options *o, const char *value) {
    double ms[2];
    CF_TRY(take_two("exposure-ms", value, 1e-3, 1e5, ms));
    for (int i = 0; i < 2; i++)
        o->stream.fixed[i].exposure_ns = (int64_t)(ms[i] * 1e6);
    return CF_OK;
}

static cf_status take_gain(cf_pair_options *o, const char *value) {
    double gain[2];
    CF_TRY(take_two("gain", value, 1e-3, 1e4, gain));
    for (int i = 0; i < 2; i++)
        o->stream.fixed[i].gain = gain[i];
    return CF_OK;
}

static cf_status take_flicker(cf_pair_options *o, const char *value) {
    if (strcmp(value, "50") != 0 && strcmp(value, "60") != 0)
        return cf_fail(CF_ERR_INVALID, "--flicker: mains have 50 or 60 Hz, not '%s'", value);
    o->stream.exposure.flicker_hz = *value == '5' ? 50 : 60;
    return CF_OK;
}

/* A time in `unit_ns`, in min..max units. */
static cf_status take_time(const char *name, const char *value, double min, double max,
                           double unit_ns, int64_t *out) {
    double number;
    CF_TRY(cf_cli_float(name, value, min, max, &number));
    *out = (int64_t)(number * unit_ns);
    return CF_OK;
}

/* --size, --mono-size, --color-size */
static cf_status take_size(cf_pair_options *o, const char *name, const char *value) {
    for (int i = 0; i < 2; i++)
        if (strcmp(name, i ? "mono-size" : "color-size") != 0)
            CF_TRY(
                cf_cli_size(name, value, &o->stream.source[i].width, &o->stream.source[i].height));
    return CF_OK;
}

static cf_status take_fps(cf_pair_options *o, const char *value) {
    double fps;
    CF_TRY(cf_cli_float("fps", value, 0.01, 10000, &fps));
    o->stream.source[0].fps = o->stream.source[1].fps = fps;
    return CF_OK;
}

static cf_status take_text(const char *name, const char *value, const char **out) {
    if (!*value)
        return cf_fail(CF_ERR_INVALID, "--%s needs a value", name);
    *out = value;
    return CF_OK;
}

static cf_status take_camera(cf_pair_options *o, const char *name, const char *value) {
    int camera = !strncmp(name, "color", 5);
    const char **out =
        strchr(name, '-') ? &o->stream.source[camera].format : &o->stream.uri[camera];
    return take_text(name, value, out);
}

static int is_flag(cf_pair_options *o, const char *name) {
    int is_auto = !strcmp(name, "auto-exposure");
    int is_free = !strcmp(name, "no-sync");
    int is_fast = !strcmp(name, "as-fast");
    o->stream.auto_exposure |= is_auto;
    o->stream.use_sync &= !is_free;
    o->stream.source[0].as_fast |= is_fast;
    o->stream.source[1].as_fast |= is_fast;
    return is_auto || is_free || is_fast;
}

cf_status cf_pair_option_take(cf_pair_options *o, const char *name, const char *value) {
    if (is_flag(o, name))
        return CF_OK;
    if (!strcmp(name, "mono") || !strcmp(name, "color") || !strcmp(name, "mono-format") ||
        !strcmp(name, "color-format"))
        return take_camera(o, name, value);
    if (!strcmp(name, "rig"))
        return take_text(name, value, &o->rig_path);
    if (!strcmp(name, "fps"))
        return take_fps(o, value);
    if (!strcmp(name, "size") || !strcmp(name, "mono-size") || !strcmp(name, "color-size"))
        return take_size(o, name, value);
    if (!strcmp(name, "exposure-ms"))
        return take_exposure(o, value);
    if (!strcmp(name, "gain"))
        return take_gain(o, value);
    if (!strcmp(name, "flicker"))
        return take_flicker(o, value);
    if (!strcmp(name, "longest-ms"))
        return take_time(name, value, 1e-3, 1e5, 1e6, &o->stream.exposure.longest_ns);
    if (!strcmp(name, "limit-us"))
        return take_time(name, value, 1, 1e7, 1e3, &o->stream.limit_ns);
    if (!strcmp(name, "offset-us")) {
        o->has_offset = 1;
        return take_time(name, value, -1e7, 1e7, 1e3, &o->stream.offset_ns);
    }
    return CF_ERR_UNSUPPORTED;
}

cf_status cf_pair_options_check(const cf_pair_options *o, const char *command) {
    const cf_pair_stream_params *s = &o->stream;
    if (!s->uri[0])
        return cf_fail(CF_ERR_INVALID,
                       "%s: --mono is missing: which camera? 'chromafuse devices' lists them",
                       command);
    if (s->auto_exposure && (s->fixed[0].exposure_ns || s->fixed[0].gain > 0))
        return cf_fail(CF_ERR_INVALID,
                       "%s: --auto-exposure sets exposure and gain itself; leave --exposure-ms and "
                       "--gain out",
                       command);
    if (!s->auto_exposure && (s->exposure.flicker_hz > 0 || s->exposure.longest_ns))
        return cf_fail(CF_ERR_INVALID, "%s: --flicker and --longest-ms are for --auto-exposure",
                       command);
    return CF_OK;
}

static cf_status read_rig(cf_pair_options *o, int is_draft) {
    char *text;
    size_t size;
    if (!is_draft)
        return cf_rig_load(o->rig_path, &o->rig);
    CF_TRY(cf_file_read(o->rig_path, MAX_RIG, &text, &size));
    cf_status status = cf_rig_parse_draft(o->rig_path, text, size, &o->rig);
    cf_free(text);
    return status;
}

/* One folder with mono/ and color/ stands for both cameras. */
static cf_status split_recording(cf_pair_options *o) {
    static const char *const names[2] = {"mono", "color"};
    const char *path = o->stream.uri[0];
    if (!strncmp(path, "file:", 5))
        path += 5;
    for (int i = 0; i < 2; i++) {
        struct stat info;
        int n = snprintf(o->folders[i], sizeof o->folders[i], "%s/%s", path, names[i]);
        if (n < 0 || (size_t)n >= sizeof o->folders[i] || stat(o->folders[i], &info) ||
            !S_ISDIR(info.st_mode))
            return cf_fail(CF_ERR_INVALID,
                           "%s: is no recording (a folder with mono/ and color/): which is the "
                           "colour camera? Give --color",
                           path);
        o->stream.uri[i] = o->folders[i];
    }
    return CF_OK;
}

cf_status cf_pair_options_load(cf_pair_options *o, int is_draft) {
    if (!o->stream.uri[1])
        CF_TRY(split_recording(o));
    if (!o->rig_path)
        return CF_OK;
    CF_TRY(read_rig(o, is_draft));
    if (!o->has_offset)
        o->stream.offset_ns = (int64_t)(o->rig->offset_us * 1e3);
    return CF_OK;
}

cf_status cf_pair_options_apply_rig(const cf_pair_options *o, cf_frame *const pair[2]) {
    if (!o->rig)
        return CF_OK;
    cf_rig only = *o->rig; /* a shallow copy without the files, which are not for every frame */
    only.mono.shading = only.mono.defects = only.color.shading = only.color.defects = NULL;
    if (o->stream.auto_exposure)
        only.mono.gain = (double)pair[0]->profile.gain;
    CF_TRY(cf_rig_apply(&only, CF_RIG_MONO, pair[0]->gain, &pair[0]->profile));
    return cf_rig_apply(&only, CF_RIG_COLOR, pair[1]->gain, &pair[1]->profile);
}

void cf_pair_options_clear(cf_pair_options *o) {
    cf_rig_destroy(&o->rig);
}
