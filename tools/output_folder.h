/* SPDX-License-Identifier: Apache-2.0 */
/* Folders as results: all files appear in them, or none. */
#ifndef CHROMAFUSE_TOOLS_OUTPUT_FOLDER_H
#define CHROMAFUSE_TOOLS_OUTPUT_FOLDER_H

#include "base/status.h"

/*
 * Calls fill(folder, context) with a temporary folder beside path, then moves what it wrote to
 * path: as the folder itself where path is new or empty, else file by file, each replacing its
 * namesake, other files staying. Missing parents are made. Where fill or anything else fails, what
 * it wrote is removed. Ctrl-C and SIGTERM wait until it is over: keep long work out of fill.
 */
cf_status cf_output_folder(const char *path, cf_status (*fill)(const char *folder, void *context),
                           void *context);

/* CF_ERR_INVALID where a folder that is not there yet is called like a picture: a slip. */
cf_status cf_output_folder_check(const char *path);

/* Makes the folders above a file that are missing. What goes wrong shows when the file is made. */
void cf_output_make_parents(const char *file);

#endif
