/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of input files: what a name, a folder or a pattern on the command line stands for. */
#ifndef CHROMAFUSE_TOOLS_INPUT_LIST_H
#define CHROMAFUSE_TOOLS_INPUT_LIST_H

#include <stddef.h>

#include "base/status.h"

#define CF_INPUT_MAX 4096 /* files of one list */

/* Start with {0}. */
typedef struct {
    char **paths; /* owned */
    size_t count;
    unsigned long long (*ids)[2]; /* private: device and inode of each */
} cf_input_list;

/*
 * Adds what `value` of --option stands for: an existing file; a folder's files (without hidden ones
 * and without what cannot be a picture: text, JSON, YAML, models, logs); or a shell pattern
 * ("left*.jpg"). Files of a folder or pattern are in natural order (left2 before left10). A file
 * that is in the list already is left out with a warning: two looks at one picture are no two
 * pictures. CF_ERR_IO names option and value when there is no such file, CF_ERR_INVALID when the
 * list gets longer than CF_INPUT_MAX.
 */
cf_status cf_input_list_add(cf_input_list *list, const char *option, const char *value);

/* CF_ERR_INVALID, naming it, when a file is in both cameras' lists: a slip of the command line. */
cf_status cf_input_lists_distinct(const cf_input_list *mono, const cf_input_list *color);

/* Frees the paths and clears the list; safe on an empty one. */
void cf_input_list_clear(cf_input_list *list);

/* Whether both names are there and lead to one regular file. */
int cf_input_is_same(const char *a, const char *b);

/* The part of a path behind its last slash. */
const char *cf_input_name(const char *path);

#endif
