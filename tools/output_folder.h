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

#endif
