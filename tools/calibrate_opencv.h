/* SPDX-License-Identifier: Apache-2.0 */
/* `calibrate geometry --import` and `--export`: rigs that OpenCV's stereoCalibrate measured. */
#ifndef CHROMAFUSE_TOOLS_CALIBRATE_OPENCV_H
#define CHROMAFUSE_TOOLS_CALIBRATE_OPENCV_H

#include <stddef.h>

#include "calib/opencv_stereo.h"

#define CF_OPENCV_IMPORTS 4 /* left, right, extrinsics, and one to spare */

/* What the command line asked for. Start with CF_OPENCV_JOB_DEFAULTS. */
typedef struct {
    char *imports[CF_OPENCV_IMPORTS]; /* --import: the command line's own strings */
    size_t import_count;
    const char *export_path; /* --export; NULL: none */
    const char *report;      /* import: JSON file to write too; NULL: none */
    cf_opencv_params params;
    int json;
} cf_opencv_job;
#define CF_OPENCV_JOB_DEFAULTS                                                                     \
    { .params = CF_OPENCV_DEFAULTS }

/* Rows of the command's table of options. */
#define CF_OPENCV_OPTIONS                                                                          \
    {"import", 0, "STEREO.yml",                                                                    \
     "take what OpenCV's stereoCalibrate gave (M1 D1 M2 D2 R T) instead of\n"                      \
     "measuring; once for each file (intrinsics.yml, extrinsics.yml)"},                            \
        {"export", 0, "STEREO.yml", "write the rig's geometry for OpenCV's cv::FileStorage"},      \
        {"size", 0, "WxH", "import: size of the pictures, where the file does not tell it"},       \
        {"color-size", 0, "WxH", "import: the same of the colour camera, where that differs"},     \
        {"unit", 0, "M", "import: metres of one unit of T, as 0.001 for mm (default 1)"}, {        \
        "swap", 0, NULL, "import, export: OpenCV's camera 2 is the mono one (else camera 1 is)"    \
    }

/* Takes one of these options; *taken 0: it is another one. */
cf_status cf_opencv_job_take(cf_opencv_job *job, const char *name, const char *value, int *taken);

/*
 * Reads the files and writes both models, geometry.json and the rig's keys into the folder `rig`;
 * says on standard output what they hold. Fails as cf_opencv_stereo_read, cf_opencv_stereo_models
 * and cf_rig_folder_commit do, having written nothing.
 */
cf_status cf_calibrate_import(const cf_opencv_job *job, const char *rig);

/* Writes the geometry of a rig (its folder, or its rig.yaml) to job->export_path. */
cf_status cf_calibrate_export(const cf_opencv_job *job, const char *rig);

#endif
