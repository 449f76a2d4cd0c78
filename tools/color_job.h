/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of `chromafuse calibrate color` share. */
#ifndef CHROMAFUSE_TOOLS_COLOR_JOB_H
#define CHROMAFUSE_TOOLS_COLOR_JOB_H

#include "calib/color_fit.h"
#include "tools/chart_measure.h"
#include "tools/findings.h"
#include "tools/rig_folder.h"

/* One picture of the chart. */
typedef struct {
    const char *path;
    cf_frame *frame;
    cf_chart_place place; /* in the raw's pixels */
    cf_chart_sample sample;
} cf_color_shot;

enum { CF_SHOT_COLOR, CF_SHOT_MONO };

/* CIEDE2000 of every patch, means over the pictures; NaN: not measured. */
typedef struct {
    double patch[CF_CHART_PATCHES];
    double mean, largest;
} cf_color_score;

typedef struct {
    /* what is asked for */
    cf_input_list lists[2];
    double corners[2][4][2]; /* raw pixels */
    int corner_count[2];     /* 0 or 4 */
    const char *reference_path;
    cf_chart_edition edition;

    /* what was measured; shots[CF_SHOT_MONO][i] belongs to shots[CF_SHOT_COLOR][i] */
    cf_chart_reference reference;
    cf_color_shot *shots[2]; /* owned */
    int count[2];
    cf_color_fit fit;
    cf_mono_fit mono;
    cf_color_score before, fitted, held_out;
    double exposure_ratio; /* colour exposure over mono exposure, 0 unknown */
    cf_findings findings;
} cf_color_job;

/* Reads the pictures, finds the chart in each and measures its patches. */
cf_status cf_color_measure(cf_color_job *job, const cf_rig *rig);

/* Fits, judges, and says what is doubtful. */
cf_status cf_color_solve(cf_color_job *job);

/* "good", ... */
const char *cf_color_verdict(const cf_color_job *job);

/* Relative distance of a raw's AsShotNeutral from the chart's own neutral: red, blue. */
void cf_color_neutral_error(const cf_color_job *job, int shot, double error[2]);

/* Picture of what was found and measured (CF_PIXEL_RGB8); free with cf_image_free. */
cf_status cf_color_picture(const cf_color_job *job, cf_image *out);

/* The record's and the report's body, inside an open object. */
void cf_color_write_body(const cf_color_job *job, cf_json *json);
void cf_color_print(const cf_color_job *job, FILE *to);

void cf_color_job_clear(cf_color_job *job);

#endif
