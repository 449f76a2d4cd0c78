/* SPDX-License-Identifier: Apache-2.0 */
/* Changes single keys of a rig file and leaves every other byte of it as its owner wrote it. */
#ifndef CHROMAFUSE_CALIB_RIG_EDIT_H
#define CHROMAFUSE_CALIB_RIG_EDIT_H

#include <stddef.h>

#include "base/status.h"

/* The text of a rig.yaml being edited in memory. */
typedef struct cf_rig_edit cf_rig_edit;

/*
 * Reads path; a file that is not there is taken as an empty rig ("version: 1"). CF_ERR_IO: there
 * but unreadable, or larger than 1 MB; CF_ERR_FORMAT: not YAML, or its top is no mapping;
 * CF_ERR_UNSUPPORTED: anchors, aliases or several documents, which no rig may have.
 */
cf_status cf_rig_edit_open(const char *path, cf_rig_edit **out);

/* The same from size bytes of text; path stands for the file in messages. */
cf_status cf_rig_edit_parse(const char *path, const char *text, size_t size, cf_rig_edit **out);

void cf_rig_edit_destroy(cf_rig_edit **edit);

/*
 * Sets section.key ("mono", "black") to value, a YAML value in flow style ("[63.9]"); a line break
 * in it is followed by the right indentation. The section is made when it is missing. Comments, the
 * order of keys and all other values stay: the result is parsed again and compared, and where that
 * fails (CF_ERR_UNSUPPORTED) the line says what to write by hand and the text is as before.
 * CF_ERR_FORMAT: the section is there and is no mapping.
 */
cf_status cf_rig_edit_set(cf_rig_edit *edit, const char *section, const char *key,
                          const char *value);

/* The text as it is now; lives until the next change. */
const char *cf_rig_edit_text(const cf_rig_edit *edit);

/* Writes the text to `path` (NULL: where it was read from), by way of a temporary file. CF_ERR_IO.
 */
cf_status cf_rig_edit_write(const cf_rig_edit *edit, const char *path);

#endif
