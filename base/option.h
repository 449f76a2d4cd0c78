/* SPDX-License-Identifier: Apache-2.0 */
/* Tables that describe the fields of a parameter struct: their names, ranges, help; they check and
 * parse for everybody. */
#ifndef CHROMAFUSE_BASE_OPTION_H
#define CHROMAFUSE_BASE_OPTION_H

#include <stddef.h>

#include "base/status.h"

typedef enum { CF_OPTION_INT, CF_OPTION_FLOAT } cf_option_type;

/* One field (or a run of count equal fields) of a parameter struct. A table ends with a NULL name.
 */
typedef struct {
    const char *name; /* as on a command line: lower case, dashes */
    cf_option_type type;
    size_t offset;    /* offsetof the first element */
    int count;        /* elements in a row; 1 for a plain field */
    double min, max;  /* inclusive */
    const char *help; /* one line, with the unit */
} cf_option;

#define CF_OPTION_END                                                                              \
    { 0 }

/* CF_ERR_INVALID, with a log line naming `owner` and the field, when a field is out of range or not
 * finite. */
cf_status cf_options_check(const char *owner, const cf_option *options, const void *params);

/* Sets name (all its elements, comma separated) from text. CF_ERR_INVALID for an unknown name, junk
 * or out of range; the parameters are then as they were. */
cf_status cf_options_parse(const char *owner, const cf_option *options, void *params,
                           const char *name, const char *text);

/* The same for words "name=value" with blanks between them. */
cf_status cf_options_parse_words(const char *owner, const cf_option *options, void *params,
                                 const char *words);

#endif
