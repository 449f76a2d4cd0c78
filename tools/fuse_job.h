/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the `fuse` command share. */
#ifndef CHROMAFUSE_TOOLS_FUSE_JOB_H
#define CHROMAFUSE_TOOLS_FUSE_JOB_H

#include "fusion/fuse.h"
#include "tools/command.h"

#define CF_MAX_SETTINGS 32
#define CF_MAX_PROFILE 256

/* Whether chroma is remembered from picture to picture. */
typedef enum {
    CF_TEMPORAL_AUTO = 0, /* in recordings and videos */
    CF_TEMPORAL_ON,       /* in every folder, too */
    CF_TEMPORAL_OFF
} cf_temporal;

/* "on" or "off"; CF_ERR_INVALID, logged, for anything else. */
cf_status cf_temporal_parse(const char *value, cf_temporal *out);

typedef struct {
    const char *rig, *mono, *color, *out;
    const char *report, *provenance, *error_map, *write_linear, *write_mono, *disparity;
    const char *color_alone, *mono_picture;
    const char *settings[CF_MAX_SETTINGS];
    size_t setting_count;
    const char *model; /* NULL: the built-in network */
    cf_fuse_transfer transfer;
    long frames, depth, quality;
    int tone_auto, json, profile;
    cf_temporal temporal;
} cf_fuse_options;

/* The rows of --transfer and --model, which `fuse` and `live` share. */
#define CF_TRANSFER_CLI_OPTIONS                                                                    \
    {"transfer", 0, "network|guided",                                                              \
     "how chroma gets onto the mono picture: network, a mono-guided filter that a\n"               \
     "small network corrects and completes (default); guided, the filter alone"},                  \
    {                                                                                              \
        "model", 0, "FILE.onnx", "the network's weights, in place of those that are built in"      \
    }

/* Takes --transfer; CF_ERR_INVALID for another word. */
cf_status cf_cli_transfer(const char *value, cf_fuse_transfer *out);

/* --model needs a network that uses it. */
cf_status cf_cli_check_model(const char *model, cf_fuse_transfer transfer);

/* One pair of raw files and its result. */
typedef struct {
    char *mono, *color, *out;
    double mono_gain; /* as a recording tells it; 0: not */
    int is_recorded;  /* 1: the log of a recording tells that it follows the pair before it */
} cf_fuse_pair;

/*
 * The pairs that the options name: one of two files, or all of two folders in order of their names
 * (of one recording, or its mono/ and color/: as its log says; where that is missing or damaged, in
 * order of their names), results in the folder `out` under the mono files' names. Free with
 * cf_fuse_pairs_free.
 */
cf_status cf_fuse_pairs_find(const cf_fuse_options *options, cf_fuse_pair **pairs, size_t *count);
void cf_fuse_pairs_free(cf_fuse_pair *pairs, size_t count);

int cf_is_folder(const char *path);

/* How the registration came about, for the report. */
typedef struct {
    int from_rig;                    /* 0: estimated from the pictures alone */
    double residual_px, vertical_px; /* NAN: unknown */
    double confidence;               /* 0..1 */
} cf_fuse_registration;

typedef struct {
    const cf_fuse_options *options;
    cf_cl *cl;
    const cf_camera_profile *mono, *color;
    const cf_fuse_registration *registration;
    const double *frame_ms; /* one a frame */
    size_t frame_count;
    const cf_image *provenance, *linear, *mono_linear;
    size_t peak_bytes;
} cf_fuse_facts;

/* Writes the JSON report of DESIGN's keys to `to`. */
void cf_fuse_write_report(const cf_fuse_facts *facts, FILE *to);

/* Prints device times per kernel, slowest first. */
void cf_fuse_print_profile(cf_cl *cl, size_t frames, FILE *to);

#endif
