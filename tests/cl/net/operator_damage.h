/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of operator tests changed at random: other numbers, kinds of inputs and opsets. */
#ifndef CHROMAFUSE_TESTS_CL_NET_OPERATOR_DAMAGE_H
#define CHROMAFUSE_TESTS_CL_NET_OPERATOR_DAMAGE_H

#include <ctype.h>

#include "tests/cl/net/operator_case.h"

#define TEXT 512

/* What a damaged row points into. */
typedef struct {
    char inputs[TEXT], attributes[TEXT];
} damaged_text;

static const char *const numbers[] = {"0",          "1",
                                      "-1",         "2",
                                      "3",          "7",
                                      "-2",         "16",
                                      "100",        "65536",
                                      "2147483647", "-2147483648",
                                      "4294967296", "1073741824",
                                      "1048577",    "9223372036854775807",
                                      "999999937",  "-9223372036854775808"};
static const char *const reals[] = {"0.0", "-1.0", "1.e39", "-1.e39", "1.e-39", "0.5", "1000000.0"};
static const char *const sizes[] = {"0", "1", "2", "3", "5", "8", "16", "17", "33"};

static inline const char *pick(cf_random *random, const char *const *list, size_t count) {
    return list[(size_t)(cf_random_uniform(random) * (double)count)];
}
#define PICK(random, list) pick(random, list, sizeof(list) / sizeof *(list))

/* Exchanges one number of the text for another: a size in a shape stays small enough to be given at
 * a run, everything else may become anything. */
static inline void damage(cf_random *random, const char *text, int inputs, char out[TEXT]) {
    size_t starts[64], count = 0;
    for (size_t i = 0; text[i] && count < 64; i++)
        if (isdigit((unsigned char)text[i]) &&
            (!i || (!isdigit((unsigned char)text[i - 1]) && !strchr(".e", text[i - 1]))) &&
            (i < 2 || text[i - 1] != '-' || text[i - 2] != 'e'))
            starts[count++] = i;
    snprintf(out, TEXT, "%s", text);
    if (!count)
        return;
    size_t at = starts[(size_t)(cf_random_uniform(random) * (double)count)];
    size_t end = at + strspn(text + at, "0123456789");
    int real = text[end] == '.';
    if (real)
        end += strspn(text + end, ".e-0123456789");
    if (at && text[at - 1] == '-')
        at--;
    size_t token = at;
    while (token && text[token - 1] != ' ')
        token--;
    int shape = inputs && islower((unsigned char)text[token]);
    const char *with = real    ? PICK(random, reals)
                       : shape ? PICK(random, sizes)
                               : PICK(random, numbers);
    snprintf(out, TEXT, "%.*s%s%s", (int)at, text, with, text + end);
}

/* Leaves an input out, or gives it as another kind. */
static inline void change_kind(cf_random *random, char *text) {
    size_t starts[CASE_PORTS], count = 0;
    for (size_t i = 0; text[i] && count < CASE_PORTS; i++)
        if (!i || text[i - 1] == ' ')
            starts[count++] = i;
    char *token = text + starts[(size_t)(cf_random_uniform(random) * (double)count)];
    if (strchr("xucpskb", *token) && cf_random_uniform(random) < 0.6)
        *token = "xcksb"[(size_t)(cf_random_uniform(random) * 5)];
    else if (cf_random_uniform(random) < 0.5) {
        size_t length = strcspn(token, ";");
        *token = '-';
        memmove(token + 1, token + length, strlen(token + length) + 1);
    }
}

/* The row with some of it changed. */
static inline operator_row damaged_row(cf_random *random, const operator_row *row,
                                       damaged_text *text) {
    static const int opsets[] = {11, 12, 13, 17, 18, 19, 20};
    operator_row out = *row;
    char again[TEXT];
    damage(random, row->inputs, 1, text->inputs);
    damage(random, row->attributes ? row->attributes : "", 0, text->attributes);
    if (cf_random_uniform(random) < 0.5)
        snprintf(text->inputs, TEXT, "%s", row->inputs);
    if (cf_random_uniform(random) < 0.3) {
        damage(random, text->inputs, 1, again);
        memcpy(text->inputs, again, TEXT);
    }
    if (cf_random_uniform(random) < 0.2)
        change_kind(random, text->inputs);
    if (cf_random_uniform(random) < 0.2)
        out.opset = opsets[(size_t)(cf_random_uniform(random) * 7)];
    out.inputs = text->inputs;
    out.attributes = text->attributes;
    return out;
}

#endif
