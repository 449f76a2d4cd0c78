/* SPDX-License-Identifier: Apache-2.0 */
/* A rig's folder while a calibration writes its results into it: all of them, or none. */
#ifndef CHROMAFUSE_TOOLS_RIG_FOLDER_H
#define CHROMAFUSE_TOOLS_RIG_FOLDER_H

#include <stdio.h>

#include "base/file.h"
#include "calib/rig.h"
#include "calib/rig_edit.h"
#include "tools/input_list.h"
#include "tools/json.h"

#define CF_RIG_FOLDER_FILES 32

typedef struct cf_rig_folder cf_rig_folder;

/*
 * Opens the folder `path`, or the folder of `path` where that ends in .yaml or .yml and is the rig
 * file itself (else it is rig.yaml in it), and makes it with its parents when it is missing. What
 * is there is read and checked. CF_ERR_IO, or as cf_rig_edit_open and cf_rig_parse_draft fail.
 */
cf_status cf_rig_folder_open(const char *path, cf_rig_folder **out);

/* What the rig said when it was opened: models and all else may be missing. */
const cf_rig *cf_rig_folder_rig(const cf_rig_folder *folder);

/* The rig file, to set keys in; written by cf_rig_folder_commit when a key was set. */
cf_rig_edit *cf_rig_folder_edit(cf_rig_folder *folder);

/* A file of the folder to be written; its stream lives until the commit. */
cf_status cf_rig_folder_create(cf_rig_folder *folder, const char *name, FILE **stream);

/* A file somewhere else (a report) that is to appear with those of the folder, or not at all. */
cf_status cf_rig_folder_report(cf_rig_folder *folder, const char *path, FILE **stream);

/* A file's path in the folder ("" folder name when the result is too long, logged): for
 * cf_picture_prepare, whose file is then given to cf_rig_folder_take. */
cf_status cf_rig_folder_path(const cf_rig_folder *folder, const char *name, char *path,
                             size_t room);

/* Takes a prepared file over; discards it where that fails. */
cf_status cf_rig_folder_take(cf_rig_folder *folder, cf_file_out *file);

/* The name, a constant, of a file that an earlier calibration may have left and that would no
 * longer be true: removed with the commit. */
void cf_rig_folder_outdate(cf_rig_folder *folder, const char *name);

/*
 * Puts all files in place, the rig file last, and frees the folder. CF_ERR_IO: what was not yet in
 * place is discarded. Ctrl-C and SIGTERM wait meanwhile, and after a success for good: what is left
 * to do is to print.
 */
cf_status cf_rig_folder_commit(cf_rig_folder **folder);

/* Removes what was being written, and the folder where it was made for this. Safe on NULL. */
void cf_rig_folder_discard(cf_rig_folder **folder);

/*
 * The head of a calibration's record, a JSON object that is left open: "calibration": what,
 * "made" (UTC; SOURCE_DATE_EPOCH counts where it is set), "by" (program and version), "from":
 * {"mono": [files], "color": [files], ...} for each list that is not empty. The caller goes on with
 * "verdict", one short phrase for people (`calibrate check` shows it), and its own numbers.
 */
typedef struct {
    const char *name;
    const cf_input_list *list;
} cf_record_source;
void cf_record_begin(cf_json *json, const char *what, const cf_record_source *sources,
                     size_t count);

#endif
