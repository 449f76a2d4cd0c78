/* SPDX-License-Identifier: Apache-2.0 */
/* Writes JSON to a stream: commas and escapes are its business, the caller's is the nesting. */
#ifndef CHROMAFUSE_TOOLS_JSON_H
#define CHROMAFUSE_TOOLS_JSON_H

#include <stdio.h>

#define CF_JSON_DEPTH 16

/* Start with {.to = stream}. */
typedef struct {
    FILE *to;
    int one_line; /* 1: the document on one line, for streams of documents */
    int depth;
    int filled[CF_JSON_DEPTH + 1]; /* has this level an element already? */
} cf_json;

/* key NULL: an element of an array, or the whole document. bracket is '{' or '['. */
void cf_json_open(cf_json *json, const char *key, char bracket);
/* bracket is '}' or ']'; the document ends with a line break. */
void cf_json_close(cf_json *json, char bracket);
/* Bytes that are not UTF-8 (file names may have any) become U+FFFD. */
void cf_json_text(cf_json *json, const char *key, const char *value);
/* Not-a-number and infinities become null. */
void cf_json_number(cf_json *json, const char *key, double value);
void cf_json_bool(cf_json *json, const char *key, int value);

#endif
