/* SPDX-License-Identifier: Apache-2.0 */
/* Checks and parses parameter structs by their option tables. */
#include "base/option.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

static double load(const cf_option *o, const void *params, int i) {
    const char *at = (const char *)params + o->offset;
    if (o->type == CF_OPTION_INT)
        return ((const int *)(const void *)at)[i];
    return (double)((const float *)(const void *)at)[i];
}

static void store(const cf_option *o, void *params, int i, double value) {
    char *at = (char *)params + o->offset;
    if (o->type == CF_OPTION_INT)
        ((int *)(void *)at)[i] = (int)value;
    else
        ((float *)(void *)at)[i] = (float)value;
}

static cf_status in_range(const char *owner, const cf_option *o, double value) {
    if (isfinite(value) && value >= o->min && value <= o->max)
        return CF_OK;
    return cf_fail(CF_ERR_INVALID, "%s: %s is %g, but must lie in %g..%g (%s)", owner, o->name,
                   value, o->min, o->max, o->help);
}

cf_status cf_options_check(const char *owner, const cf_option *options, const void *params) {
    for (const cf_option *o = options; o && o->name; o++)
        for (int i = 0; i < o->count; i++)
            CF_TRY(in_range(owner, o, load(o, params, i)));
    return CF_OK;
}

/* Only checks the text when write is 0. */
static cf_status parse_list(const char *owner, const cf_option *o, void *params, const char *text,
                            int write) {
    for (int i = 0; i < o->count; i++) {
        char *end;
        errno = 0;
        double value =
            o->type == CF_OPTION_INT ? (double)strtol(text, &end, 10) : strtod(text, &end);
        char expected = i + 1 < o->count ? ',' : '\0';
        if (end == text || errno || *end != expected)
            return cf_fail(CF_ERR_INVALID, "%s: %s needs %d number%s separated by commas, got '%s'",
                           owner, o->name, o->count, o->count > 1 ? "s" : "", text);
        CF_TRY(in_range(owner, o, value));
        if (write)
            store(o, params, i, value);
        text = end + 1;
    }
    return CF_OK;
}

cf_status cf_options_parse(const char *owner, const cf_option *options, void *params,
                           const char *name, const char *text) {
    for (const cf_option *o = options; o && o->name; o++)
        if (!strcmp(o->name, name)) {
            CF_TRY(parse_list(owner, o, params, text, 0));
            return parse_list(owner, o, params, text, 1);
        }
    return cf_fail(CF_ERR_INVALID, "%s has no parameter '%s'", owner, name);
}

cf_status cf_options_parse_words(const char *owner, const cf_option *options, void *params,
                                 const char *words) {
    char line[128], *rest = NULL;
    if (snprintf(line, sizeof line, "%s", words) >= (int)sizeof line)
        return cf_fail(CF_ERR_INVALID, "%s: '%.40s...' is too long", owner, words);
    for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(word, '=');
        if (!value)
            return cf_fail(CF_ERR_INVALID, "%s: '%s' is not name=value", owner, word);
        *value = '\0';
        CF_TRY(cf_options_parse(owner, options, params, word, value + 1));
    }
    return CF_OK;
}
