/* SPDX-License-Identifier: Apache-2.0 */
/* A board calibration for people, for machines, and as files of the rig. */
#ifndef CHROMAFUSE_TOOLS_GEOMETRY_REPORT_H
#define CHROMAFUSE_TOOLS_GEOMETRY_REPORT_H

#include "calib/board_cover.h"
#include "calib/board_quality.h"
#include "tools/board_pictures.h"
#include "tools/json.h"
#include "tools/rig_folder.h"

/* Everything that is known at the end. */
typedef struct {
    const cf_board_pictures *pictures;
    const cf_board_solution *solution;
    const cf_board_quality *quality;
    const cf_board_cover *cover;
    const cf_board_advice *advice;
    cf_board_verdict verdict;
    const cf_record_source *sources; /* two: the lists on the command line */
    double vertical_px;              /* of the corners that were fitted */
} cf_geometry_facts;

/* "good", "usable", "shoot again". */
const char *cf_geometry_verdict(cf_board_verdict verdict);

/* The report as text: verdict, numbers, pictures that stand out, what to do next. */
void cf_geometry_print(const cf_geometry_facts *facts, FILE *to);

/* The record and report as JSON, whole. */
void cf_geometry_json(const cf_geometry_facts *facts, FILE *to);

/*
 * Puts both camera models, geometry.json, the plots and the rig's keys into the folder, to appear
 * with its commit. CF_ERR_IO, and as the plots fail.
 */
cf_status cf_geometry_write(const cf_geometry_facts *facts, cf_rig_folder *folder);

#endif
