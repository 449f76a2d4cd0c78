/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON writer (RFC 8259). */
#include "tools/json.h"

#include <math.h>

/* Bytes of the UTF-8 character at c (RFC 3629, section 4); 0 when it is none. */
static int utf8_length(const unsigned char *c) {
    if (c[0] < 0x80)
        return 1;
    int length = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
    if (c[0] < 0xc2 || c[0] > 0xf4)
        return 0;
    for (int i = 1; i < length; i++)
        if ((c[i] & 0xc0) != 0x80) /* a closing zero ends here too */
            return 0;
    if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f) ||
        (c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f))
        return 0; /* too long a form, half of a pair, beyond U+10FFFF */
    return length;
}

static void quote(cf_json *json, const char *text) {
    putc('"', json->to);
    for (const unsigned char *c = (const unsigned char *)text; *c;) {
        int length = utf8_length(c);
        if (!length)
            fputs("\\ufffd", json->to);
        else if (*c == '"' || *c == '\\')
            fprintf(json->to, "\\%c", *c);
        else if (*c < 0x20)
            fprintf(json->to, "\\u%04x", *c);
        else
            fwrite(c, 1, (size_t)length, json->to);
        c += length ? length : 1;
    }
    putc('"', json->to);
}

static void break_line(const cf_json *json) {
    if (!json->one_line)
        fprintf(json->to, "\n%*s", 2 * json->depth, "");
}

static void begin(cf_json *json, const char *key) {
    if (json->filled[json->depth])
        fputs(json->one_line ? ", " : ",", json->to);
    json->filled[json->depth] = 1;
    if (json->depth)
        break_line(json);
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
        break_line(json);
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
