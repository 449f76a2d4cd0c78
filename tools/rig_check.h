/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of `calibrate check`: each looks at one side of a rig and adds what it finds. */
#ifndef CHROMAFUSE_TOOLS_RIG_CHECK_H
#define CHROMAFUSE_TOOLS_RIG_CHECK_H

#include "calib/camera_model.h"
#include "calib/rig.h"
#include "tools/findings.h"
#include "tools/input_list.h"

/*
 * Reads the rig file and judges every key by itself, so that one mistake hides no other. *rig holds
 * what could be used (owned, models may be missing), NULL where nothing could.
 */
cf_status cf_rig_check_keys(const char *path, cf_rig **rig, cf_findings *f);

/* Both cameras; NULL where the model is missing or damaged. */
typedef struct {
    cf_camera_model *mono, *color;
} cf_rig_models;

/* Loads the models and judges each and how they stand to each other. */
void cf_rig_check_models(const cf_rig *rig, cf_rig_models *models, cf_findings *f);

/* Noise, levels, colours, defects, shading: plausible, and fit for the models' picture sizes. */
void cf_rig_check_values(const cf_rig *rig, const cf_rig_models *models, cf_findings *f);

/* What a calibration wrote about itself. */
typedef struct {
    char file[64], calibration[32], made[32], verdict[128];
    int pictures;
} cf_rig_record;

/* Reads the records that lie beside the rig file; returns how many (at most room). */
int cf_rig_check_records(const cf_rig *rig, cf_rig_record *records, int room, cf_findings *f);

/* What pictures told of the geometry. */
typedef struct {
    int pairs, points; /* that could be opened; matched points that agree */
    double
        vertical_px; /* median vertical offset of the points under the rig's models; NaN unknown */
} cf_rig_pictures;

/* Raw pairs taken with the rig: sizes, levels, and whether the geometry still holds, judged on the
 * first CF_SCENE_MAX_PAIRS of them together. */
cf_status cf_rig_check_pictures(const cf_rig *rig, const cf_rig_models *models,
                                const cf_input_list *mono, const cf_input_list *color,
                                cf_rig_pictures *seen, cf_findings *f);

#endif
