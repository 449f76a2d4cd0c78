/* SPDX-License-Identifier: Apache-2.0 */
/* `chromafuse calibrate geometry --from-scene`: camera models from ordinary pictures. */
#ifndef CHROMAFUSE_TOOLS_CALIBRATE_SCENE_H
#define CHROMAFUSE_TOOLS_CALIBRATE_SCENE_H

#include "calib/scene.h"
#include "tools/findings.h"
#include "tools/input_list.h"
#include "tools/rig_folder.h"

typedef struct {
    int wanted;                                  /* --from-scene was said */
    const cf_input_list *mono, *color;           /* pair by pair; raws, JPEG, PNG, TIFF */
    double focal_px, color_focal_px, baseline_m; /* 0: not told */
    const char *rig;                             /* whose models to begin with; NULL: none */
    const char *out, *report;                    /* folder; JSON file or NULL */
    int json;
} cf_calibrate_scene_job;

/* Rows of an option table, and what takes them: *taken is 1 for an option of these. */
#define CF_SCENE_OPTIONS                                                                           \
    {"from-scene", 0, NULL, "from ordinary pictures, without a board"},                            \
        {"focal", 0, "PX", "from a scene: the mono lens' focal length in pixels, where known"},    \
        {"color-focal", 0, "PX", "from a scene: the colour lens' focal length in pixels"},         \
        {"baseline", 0, "METRES", "from a scene: between the two lenses, where known"}, {          \
        "rig", 'r', "RIG", "from a scene: begin with this rig's models and refine them"            \
    }
cf_status cf_calibrate_scene_take(cf_calibrate_scene_job *job, const char *name, const char *value,
                                  int *taken);

/* Measures, writes the models, the record and the rig, and prints the report. Nothing is written
 * when the pictures do not tell the geometry. */
cf_status cf_calibrate_scene(const cf_calibrate_scene_job *job);

/* Reads a pair for registration; rig: levels and spectral weights for raws. CF_ERR_INVALID: a raw
 * of the wrong kind; else as cf_raw_read, cf_picture_read, cf_rig_apply. */
cf_status cf_scene_pair_read(const char *mono, const char *color, const cf_rig *rig, int columns,
                             cf_scene_pair *out);

typedef enum { CF_SCENE_GOOD = 0, CF_SCENE_USABLE, CF_SCENE_GUESS } cf_scene_verdict;

/* Everything that is told. */
typedef struct {
    const cf_calibrate_scene_job *job;
    const cf_scene_pair *pairs;
    const cf_scene_result *result;
    cf_scene_verdict verdict;
    double worst_px; /* of the error grid */
    cf_findings findings;
} cf_scene_report;

/* Verdict, and what a person should know and do. */
void cf_scene_report_judge(cf_scene_report *report);
void cf_scene_report_print(const cf_scene_report *report, FILE *to);
/* The keys of the record and of the report, into an open object. */
void cf_scene_report_json(const cf_scene_report *report, cf_json *json);

#endif
