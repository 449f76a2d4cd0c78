/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs pictures of two cameras by the numbers in their names, or by order. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "tools/board_pictures.h"
#include "tools/input_list.h"

/* The last number of a file's name as text, without leading zeros; its length, 0: none. */
static size_t number_of(const char *path, const char **start) {
    const char *name = cf_input_name(path), *dot = strrchr(name, '.');
    const char *end = dot && dot > name ? dot : name + strlen(name);
    while (end > name && !isdigit((unsigned char)end[-1]))
        end--;
    const char *first = end;
    while (first > name && isdigit((unsigned char)first[-1]))
        first--;
    while (first + 1 < end && *first == '0')
        first++;
    *start = first;
    return (size_t)(end - first);
}

static int same_number(const char *a, const char *b) {
    const char *x, *y;
    size_t m = number_of(a, &x), n = number_of(b, &y);
    return m && m == n && !memcmp(x, y, m);
}

/* Index of the only name with the same number; -1: none, -2: several. */
static int partner(const char *name, const char *const *list, size_t count) {
    int found = -1;
    for (size_t i = 0; i < count; i++)
        if (same_number(name, list[i]))
            found = found == -1 ? (int)i : -2;
    return found;
}

/* How many of the names have exactly one partner, and are its only one. */
static size_t count_partners(const char *const *a, size_t m, const char *const *b, size_t n) {
    size_t matched = 0;
    for (size_t i = 0; i < m; i++) {
        int k = partner(a[i], b, n);
        matched += k >= 0 && partner(b[k], a, m) == (int)i;
    }
    return matched;
}

static void pair_by_number(const char *const *mono, size_t m, const char *const *color, size_t n,
                           int (*pairs)[2], int *count) {
    for (size_t i = 0; i < m; i++) {
        int k = partner(mono[i], color, n);
        int mutual = k >= 0 && partner(color[k], mono, m) == (int)i;
        pairs[*count][0] = (int)i;
        pairs[(*count)++][1] = mutual ? k : -1;
    }
    for (size_t i = 0; i < n; i++) {
        int k = partner(color[i], mono, m);
        if (k >= 0 && partner(mono[k], color, n) == (int)i)
            continue;
        pairs[*count][0] = -1;
        pairs[(*count)++][1] = (int)i;
    }
}

cf_status cf_pair_names(const char *const *mono, size_t mono_count, const char *const *color,
                        size_t color_count, int (*pairs)[2], int *count, int *by_number) {
    size_t matched = count_partners(mono, mono_count, color, color_count);
    size_t fewer = mono_count < color_count ? mono_count : color_count;
    *count = 0;
    *by_number = matched == fewer || (matched >= 3 && 2 * matched >= fewer);
    if (*by_number) {
        pair_by_number(mono, mono_count, color, color_count, pairs, count);
        return CF_OK;
    }
    if (mono_count != color_count)
        return cf_fail(CF_ERR_INVALID,
                       "%zu mono and %zu colour pictures: which belong together? Give as many of "
                       "both in the same order, or names with the same numbers (left07.png, "
                       "right07.png)",
                       mono_count, color_count);
    for (size_t i = 0; i < mono_count; i++, ++*count)
        pairs[i][0] = pairs[i][1] = (int)i;
    return CF_OK;
}
