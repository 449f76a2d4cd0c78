/* SPDX-License-Identifier: Apache-2.0 */
/* A scanner for the Python literals that mrcal writes. */
#include "calib/model_text.h"

#include <ctype.h>
#include <math.h>
#include <mrcal/mrcal.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define MAX_DEPTH 16
#define MAX_KNOTS 512

typedef struct {
    const char *name, *at, *end;
    int have_lens, intrinsics, extrinsics, imagersize; /* list lengths, -1 not seen */
    mrcal_lensmodel_t lens;
} scanner;

static void skip_space(scanner *s) {
    while (s->at < s->end) {
        if (*s->at == '#')
            while (s->at < s->end && *s->at != '\n')
                s->at++;
        else if (!isspace((unsigned char)*s->at))
            return;
        else
            s->at++;
    }
}

static int take(scanner *s, char c) {
    skip_space(s);
    if (s->at >= s->end || *s->at != c)
        return 0;
    s->at++;
    return 1;
}

static cf_status broken(const scanner *s, const char *what) {
    return cf_fail(CF_ERR_FORMAT, "%s: not a camera model: %s", s->name, what);
}

/* A quoted string, raw between its quotes; bytes literals (b'...') too. */
static int take_string(scanner *s, const char **start, size_t *length) {
    skip_space(s);
    if (s->at + 1 < s->end && *s->at == 'b')
        s->at++;
    if (s->at >= s->end || (*s->at != '\'' && *s->at != '"'))
        return 0;
    char quote = *s->at++;
    *start = s->at;
    while (s->at < s->end && *s->at != quote)
        s->at++;
    if (s->at >= s->end)
        return 0;
    *length = (size_t)(s->at++ - *start);
    return 1;
}

static int take_number(scanner *s, double *value) {
    skip_space(s);
    char *after;
    if (s->at >= s->end || !strchr("+-.0123456789", *s->at))
        return 0;
    *value = strtod(s->at, &after);
    if (after == s->at || after > s->end)
        return 0;
    s->at = after;
    return isfinite(*value);
}

/* Passes over any value; lists may nest. */
static int skip_value(scanner *s) {
    int depth = 0;
    do {
        const char *start;
        size_t length;
        skip_space(s);
        if (s->at >= s->end)
            return 0;
        if (*s->at == '[' || *s->at == '(') {
            if (++depth > MAX_DEPTH)
                return 0;
            s->at++;
        } else if (*s->at == ']' || *s->at == ')') {
            depth--;
            s->at++;
        } else if (*s->at == ',' && depth) {
            s->at++;
        } else if (!take_string(s, &start, &length)) {
            const char *word = s->at;
            while (s->at < s->end && (isalnum((unsigned char)*s->at) || strchr("+-._", *s->at)))
                s->at++;
            if (s->at == word)
                return 0;
        }
    } while (depth > 0);
    return depth == 0;
}

/* A flat list of finite numbers: its length, or -1. integers: 1 when each must be whole and > 0. */
static int take_list(scanner *s, int integers) {
    int count = 0;
    if (!take(s, '[') && !take(s, '('))
        return -1;
    while (!take(s, ']') && !take(s, ')')) {
        double value;
        if ((count && !take(s, ',')) || count > 2 * MAX_KNOTS * MAX_KNOTS + 64)
            return -1;
        if (take(s, ']') || take(s, ')'))
            return count; /* a comma after the last one */
        const char *start = s->at;
        if (!take_number(s, &value))
            return -1;
        for (; integers && start < s->at; start++)
            if (!isspace((unsigned char)*start) && !isdigit((unsigned char)*start))
                return -1;
        if (integers && (value < 1 || value > 1e6))
            return -1;
        count++;
    }
    return count;
}

/* mrcal multiplies the knot counts in an int and indexes by them without checks. */
static int lens_sane(const mrcal_lensmodel_t *lens) {
    if (lens->type == MRCAL_LENSMODEL_CAHVORE)
        return isfinite(lens->LENSMODEL_CAHVORE__config.linearity);
    if (lens->type != MRCAL_LENSMODEL_SPLINED_STEREOGRAPHIC)
        return 1;
    const mrcal_LENSMODEL_SPLINED_STEREOGRAPHIC__config_t *c =
        &lens->LENSMODEL_SPLINED_STEREOGRAPHIC__config;
    return (c->order == 2 || c->order == 3) && c->Nx > c->order && c->Ny > c->order &&
           c->Nx <= MAX_KNOTS && c->Ny <= MAX_KNOTS && c->fov_x_deg >= 1 && c->fov_x_deg < 360;
}

static cf_status take_lens(scanner *s) {
    const char *start;
    size_t length;
    char text[128];
    if (s->have_lens)
        return broken(s, "key 'lensmodel' comes twice");
    if (!take_string(s, &start, &length) || length >= sizeof text)
        return broken(s, "key 'lensmodel' must be a name in quotes");
    memcpy(text, start, length);
    text[length] = 0;
    /* A name without its configuration makes mrcal print; none of its own writers makes one. */
    int configured = !!strchr(text, '=');
    mrcal_lensmodel_type_t type = mrcal_lensmodel_type_from_name(text);
    int wants = type == MRCAL_LENSMODEL_CAHVORE || type == MRCAL_LENSMODEL_SPLINED_STEREOGRAPHIC;
    if ((wants && !configured) || !mrcal_lensmodel_from_name(&s->lens, text) ||
        !mrcal_lensmodel_type_is_valid(s->lens.type) || !lens_sane(&s->lens))
        return cf_fail(CF_ERR_FORMAT, "%s: 'lensmodel': mrcal knows no lens '%s'", s->name, text);
    s->have_lens = 1;
    return CF_OK;
}

static cf_status take_pair(scanner *s) {
    const char *key;
    size_t length;
    if (!take_string(s, &key, &length) || !take(s, ':'))
        return broken(s, "expected 'key': value");
    if (length == 9 && !memcmp(key, "lensmodel", 9))
        return take_lens(s);
    int *list = NULL, integers = 0;
    if (length == 10 && !memcmp(key, "intrinsics", 10))
        list = &s->intrinsics;
    else if (length == 10 && !memcmp(key, "extrinsics", 10))
        list = &s->extrinsics;
    else if (length == 10 && !memcmp(key, "imagersize", 10)) {
        list = &s->imagersize;
        integers = 1;
    }
    if (!list)
        return skip_value(s) ? CF_OK : broken(s, "damaged value");
    if (*list >= 0)
        return cf_fail(CF_ERR_FORMAT, "%s: key '%.10s' comes twice", s->name, key);
    *list = take_list(s, integers);
    if (*list < 0)
        return cf_fail(CF_ERR_FORMAT, "%s: key '%.10s' must be a list of %s numbers", s->name, key,
                       integers ? "whole positive" : "finite");
    return CF_OK;
}

static cf_status check_length(const scanner *s, const char *key, int have, int want) {
    if (have < 0)
        return cf_fail(CF_ERR_FORMAT, "%s: key '%s' is missing", s->name, key);
    if (have != want)
        return cf_fail(CF_ERR_FORMAT, "%s: key '%s' has %d numbers, needs %d", s->name, key, have,
                       want);
    return CF_OK;
}

cf_status cf_model_text_check(const char *name, const char *text, size_t size) {
    scanner s = {.name = name,
                 .at = text,
                 .end = text + size,
                 .intrinsics = -1,
                 .extrinsics = -1,
                 .imagersize = -1};
    if (memchr(text, 0, size))
        return broken(&s, "it is not text");
    if (!take(&s, '{'))
        return broken(&s, "it does not begin with '{'");
    while (!take(&s, '}')) {
        CF_TRY(take_pair(&s));
        if (!take(&s, ',')) {
            if (!take(&s, '}'))
                return broken(&s, "expected ',' or '}'");
            break;
        }
    }
    skip_space(&s);
    if (s.at < s.end)
        return broken(&s, "something follows the closing '}'");
    if (!s.have_lens)
        return cf_fail(CF_ERR_FORMAT, "%s: key 'lensmodel' is missing", name);
    CF_TRY(check_length(&s, "imagersize", s.imagersize, 2));
    CF_TRY(check_length(&s, "extrinsics", s.extrinsics, 6));
    return check_length(&s, "intrinsics", s.intrinsics, mrcal_lensmodel_num_params(&s.lens));
}
