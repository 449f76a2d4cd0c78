/* SPDX-License-Identifier: Apache-2.0 */
/* The options that say which two cameras to open and how: common to `capture` and `live`. */
#ifndef CHROMAFUSE_TOOLS_PAIR_OPTIONS_H
#define CHROMAFUSE_TOOLS_PAIR_OPTIONS_H

#include "calib/rig.h"
#include "capture/pair_stream.h"
#include "tools/command.h"

/* What the options say; start with CF_PAIR_OPTIONS_DEFAULTS, free with cf_pair_options_clear. */
typedef struct {
    const char *rig_path;         /* NULL: none given */
    cf_rig *rig;                  /* read by cf_pair_options_load */
    cf_pair_stream_params stream; /* complete after cf_pair_options_load */
    int has_offset;               /* private: --offset-us was given */
    char folders[2][512];         /* private: the two cameras of a recording */
} cf_pair_options;
#define CF_PAIR_OPTIONS_DEFAULTS                                                                   \
    { .stream = CF_PAIR_STREAM_DEFAULTS }

/* Rows for a command's option table. */
#define CF_PAIR_CLI_OPTIONS                                                                        \
    {"mono", 'm', "URI",                                                                           \
     "the mono camera, as 'chromafuse devices' lists it: libcamera:ID,\n"                          \
     "v4l2:/dev/videoN, sim:mono, or a folder of raw files"},                                      \
        {"color", 'c', "URI", "the colour camera; may be left out where --mono is a recording"},   \
        {"rig", 'r', "RIG.yaml", "what was calibrated: time offset, levels, noise, colours"},      \
        {"fps", 0, "RATE", "frames a second, the nearest that the cameras can do"},                \
        {"size", 's', "WxH", "picture size of both cameras"},                                      \
        {"mono-size", 0, "WxH", "of the mono camera; its largest by default"},                     \
        {"color-size", 0, "WxH", "of the colour camera"},                                          \
        {"mono-format", 0, "F", "raw format as the system names it, for instance Y10P"},           \
        {"color-format", 0, "F", "the same of the colour camera, for instance RG12"},              \
        {"exposure-ms", 0, "MS[,MS]", "exposure time of both cameras, or of mono,colour"},         \
        {"gain", 'g', "G[,G]", "sensor gain as a factor, of both cameras or of mono,colour"},      \
        {"auto-exposure", 'a', NULL, "one brain sets both exposures and the white balance"},       \
        {"flicker", 0, "50|60",                                                                    \
         "mains frequency in Hz: auto-exposure takes times at which lamps do\n"                    \
         "not flicker"},                                                                           \
        {"longest-ms", 0, "MS", "longest exposure that auto-exposure may take, against blur"},     \
        {"offset-us", 0, "US",                                                                     \
         "how much later the colour camera's time stamps are in a pair that\n"                     \
         "belongs together (default: sync.offset_us of the rig, else 0)"},                         \
        {"limit-us", 0, "US",                                                                      \
         "frames farther apart are never a pair (default: a third of a frame, or\n"                \
         "5 ms where the cameras tell no rate)"},                                                  \
        {"no-sync", 0, NULL, "let the cameras run free, in step or not"}, {                        \
        "as-fast", 0, NULL, "recordings and sim: do not wait for the times of the frames"          \
    }

/*
 * Takes an option of those rows. CF_OK; CF_ERR_UNSUPPORTED: not one of them, the command's own
 * (not logged); CF_ERR_INVALID: bad usage, logged.
 */
cf_status cf_pair_option_take(cf_pair_options *options, const char *name, const char *value);

/* Whether the options fit together, `command` in front of the line; CF_ERR_INVALID: bad usage. */
cf_status cf_pair_options_check(const cf_pair_options *options, const char *command);

/*
 * Reads the rig (with is_draft one without camera models will do) and completes options->stream but
 * for room, latest and reconnect. A recording as --mono without --color stands for its mono/ and
 * color/. As cf_rig_parse fails.
 */
cf_status cf_pair_options_load(cf_pair_options *options, int is_draft);

/*
 * Lays what the rig says of levels, noise and colours over a pair that this program alone holds;
 * cheap, for every frame. Not: shading and defects, which DNGs do not carry and pipelines take from
 * the rig once. With auto-exposure the mono frame keeps the brain's gain. CF_ERR_INVALID: levels
 * that do not fit the frames.
 */
cf_status cf_pair_options_apply_rig(const cf_pair_options *options, cf_frame *const pair[2]);

void cf_pair_options_clear(cf_pair_options *options);

#endif
