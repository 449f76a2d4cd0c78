/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON writer (RFC 8259). */
#include "tools/json.h"

#include <math.h>

static void quote(cf_json *json, const char *text) {
    putc('"', json->to);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(json->to, "\\%c", *c);
        else if (*c < 0x20)
            fprintf(json->to, "\\u%04x", *c);
        else
            putc(*c, json->to);
    }
    putc('"', json->to);
}

static void begin(cf_json *json, const char *key) {
    if (json->filled[json->depth])
        putc(',', json->to);
    json->filled[json->depth] = 1;
    if (json->depth)
        fprintf(json->to, "\n%*s", 2 * json->depth, "");
    if (key) {
        quote(json, key);
        fputs(": ", json->to);
    }
}

void cf_json_open(cf_json *json, const char *key, char bracket) {
    begin(json, key);
    putc(bracket, json->to);
    if (json->depth < CF_JSON_DEPTH)
        json->depth++;
    json->filled[json->depth] = 0;
}

void cf_json_close(cf_json *json, char bracket) {
    int filled = json->filled[json->depth];
    json->depth--;
    if (filled)
        fprintf(json->to, "\n%*s", 2 * json->depth, "");
    putc(bracket, json->to);
    if (!json->depth)
        putc('\n', json->to);
}

void cf_json_text(cf_json *json, const char *key, const char *value) {
    begin(json, key);
    quote(json, value);
}

void cf_json_number(cf_json *json, const char *key, double value) {
    begin(json, key);
    if (isfinite(value))
        fprintf(json->to, "%.9g", value);
    else
        fputs("null", json->to);
}

void cf_json_bool(cf_json *json, const char *key, int value) {
    begin(json, key);
    fputs(value ? "true" : "false", json->to);
}
