/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the `colorize` command share. */
#ifndef CHROMAFUSE_TOOLS_COLORIZE_JOB_H
#define CHROMAFUSE_TOOLS_COLORIZE_JOB_H

#include <stddef.h>
#include <stdio.h>

#include "base/status.h"
#include "fusion/colorize.h"
#include "tools/fuse_job.h"

#define CF_COLORIZE_SETTINGS 32
#define CF_COLORIZE_OPERANDS 4096

typedef struct {
    const char *inputs[CF_COLORIZE_OPERANDS]; /* files, folders, "-" */
    size_t input_count;
    const char *out, *hints, *format, *model, *codec;
    const char *report, *provenance, *error_map;
    int model_grid[2]; /* 0: not given */
    char model_settings[3][64];
    size_t model_setting_count;
    const char *settings[CF_COLORIZE_SETTINGS];
    size_t setting_count;
    long depth, quality, grid;
    cf_fuse_transfer transfer;
    cf_temporal temporal; /* of videos */
    int mean, force, again, json;
} cf_colorize_options;

/* Takes a --set; CF_ERR_INVALID when there are too many. */
cf_status cf_colorize_add_setting(cf_colorize_options *o, const char *setting);
/* Takes --model-grid, --model-lightness or --model-ab. */
cf_status cf_colorize_take_model(cf_colorize_options *o, const char *name, const char *value);
/* What is wrong with the file of --model is said once, before any picture is read. */
cf_status cf_colorize_check_model(const cf_colorize_options *o);

/* One picture or video and its result. */
typedef struct {
    char *in, *out;
    int is_video;
} cf_colorize_item;

typedef struct {
    cf_colorize_item *items;
    size_t count, room;
    int is_folder; /* results go to a folder: what is there is not made again */
} cf_colorize_list;

/*
 * What the operands stand for: files as they are; of folders, and of the folders in them, all files
 * with the ending of a picture or a video, under the same relative paths below `out` (below a
 * folder of its name where there are several operands). A result keeps its picture's ending where
 * that can be written, else it is a PNG, or .mkv; two that would be one file keep both names. Makes
 * no folders. Files left out are told in a warning each. CF_ERR_IO: nothing there; CF_ERR_INVALID:
 * a result would replace what it is made of, or one file for many pictures. Free with
 * cf_colorize_list_clear.
 */
cf_status cf_colorize_list_make(const cf_colorize_options *options, cf_colorize_list *list);
void cf_colorize_list_clear(cf_colorize_list *list);

/* How a picture or a video ended. */
typedef enum { CF_COLORIZE_SKIPPED = 0, CF_COLORIZE_FAILED, CF_COLORIZE_DONE } cf_colorize_end;

/* What is known of one of them when it is done; read_ms is 0 of videos, which are read as they are
 * coloured. */
typedef struct {
    cf_colorize_end end;
    int width, height;
    long frames;             /* of a video: done */
    double chroma, residual; /* of its toning (tools/toning.h), Lab ab units */
    double read_ms, color_ms, write_ms;
} cf_colorize_fact;

typedef struct {
    const cf_colorize_options *options;
    const cf_colorize_list *list;
    cf_colorize_fact *facts; /* one an item */
    double seconds;
    cf_image provenance; /* of a single picture, where a report is wanted */
} cf_colorize_facts;

/* Colours all pictures of the list, then its videos; facts->facts is allocated. One that fails does
 * not stop the others. The first failure, or CF_ERR_CANCELLED after Ctrl-C, which leaves no video
 * half done. */
cf_status cf_colorize_run_all(cf_cl *cl, const cf_hint_point *points, size_t point_count,
                              cf_colorize_facts *facts);

/* What is known of a video when it is done. */
typedef struct {
    const cf_colorize_options *options;
    const char *in, *out;
    int width, height, depth; /* depth: bits of a sample in the file */
    double fps;
    long frames;             /* done */
    double chroma, residual; /* of the toning of the frame that has most colour of its own */
    double noise;            /* of the square root of the first frame, standard deviation */
    double seconds;
    int is_whole; /* 0: ended by Ctrl-C */
} cf_colorize_video_facts;

/* Collects device times and writes the JSON report where the options want it, if anywhere. */
cf_status cf_colorize_report(cf_cl *cl, const cf_colorize_facts *facts);
cf_status cf_colorize_report_video(cf_cl *cl, const cf_colorize_video_facts *facts);

#endif
