/* SPDX-License-Identifier: Apache-2.0 */
/* Reading of colour points: JSON by jansson, values checked here. */
#include "tools/hints_file.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"

#define MAX_BYTES ((size_t)8 << 20)
#define MAX_SIDE 65536.0

/* 0: no number in min..max. */
static int take_number(const json_t *value, double min, double max, float *out) {
    double v = json_is_number(value) ? json_number_value(value) : NAN;
    *out = (float)v;
    return v >= min && v <= max; /* not for NaN */
}

/* What is wrong with the point; NULL: nothing. */
static const char *take_point(const json_t *entry, cf_hint_point *p) {
    const json_t *size = json_object_get(entry, "size"), *rgb = json_object_get(entry, "rgb");
    *p = (cf_hint_point){.size = CF_HINTS_SIZE};
    if (!json_is_object(entry))
        return "is no object {\"x\": ..., \"y\": ..., \"rgb\": [...]}";
    if (!take_number(json_object_get(entry, "x"), -MAX_SIDE, MAX_SIDE, &p->x) ||
        !take_number(json_object_get(entry, "y"), -MAX_SIDE, MAX_SIDE, &p->y))
        return "has no x and y that are numbers of pixels, 65536 at the most";
    if (size && (!take_number(size, 0, MAX_SIDE, &p->size) || !(p->size > 0)))
        return "has a size that is no number of pixels above 0";
    if (json_array_size(rgb) != 3)
        return "has no \"rgb\" of three numbers";
    for (size_t c = 0; c < 3; c++)
        if (!take_number(json_array_get(rgb, c), 0, 255, &p->rgb[c]))
            return "has an \"rgb\" that is not in 0..255";
    return NULL;
}

static cf_status take_frame(const char *path, size_t index, const json_t *entry, long *out) {
    const json_t *frame = json_object_get(entry, "frame");
    json_int_t v = json_is_integer(frame) ? json_integer_value(frame) : -1;
    *out = frame ? (long)v : 0;
    return !frame || (v >= 0 && v <= CF_HINTS_FRAMES)
               ? CF_OK
               : cf_fail(CF_ERR_FORMAT, "%s: point %zu has a \"frame\" that is no count from 0 on",
                         path, index + 1);
}

static cf_status take_points(const char *path, const json_t *root, cf_hint_point **points,
                             long *frames, size_t *count) {
    const json_t *list = json_object_get(root, "points");
    size_t n = json_array_size(list);
    if (!json_is_array(list))
        return cf_fail(CF_ERR_FORMAT, "%s: there is no list \"points\" in it", path);
    if (n > CF_HINTS_MAX)
        return cf_fail(CF_ERR_FORMAT, "%s: %zu points; at most %d", path, n, CF_HINTS_MAX);
    *points = cf_alloc(n, sizeof **points);
    if (!*points)
        return CF_ERR_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const char *wrong = take_point(json_array_get(list, i), &(*points)[i]);
        if (wrong)
            return cf_fail(CF_ERR_FORMAT, "%s: point %zu %s", path, i + 1, wrong);
        CF_TRY(take_frame(path, i, json_array_get(list, i), &frames[i]));
    }
    *count = n;
    return CF_OK;
}

static cf_status parse(const char *path, cf_hint_point **points, long *frames, size_t *count) {
    char *text;
    size_t size;
    json_error_t error;
    CF_TRY(cf_file_read(path, MAX_BYTES, &text, &size));
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    cf_free(text);
    if (!root)
        return cf_fail(CF_ERR_FORMAT, "%s: line %d: no JSON: %s", path, error.line, error.text);
    cf_status status = take_points(path, root, points, frames, count);
    json_decref(root);
    return status;
}

cf_status cf_hints_file_read(const char *path, cf_hint_point **points, long **frames,
                             size_t *count) {
    long *found = cf_alloc(CF_HINTS_MAX, sizeof *found);
    *points = NULL;
    *count = 0;
    cf_status status = found ? parse(path, points, found, count) : CF_ERR_MEMORY;
    if (frames)
        *frames = status == CF_OK ? found : NULL;
    if (!frames || status != CF_OK)
        cf_free(found);
    if (status != CF_OK) {
        cf_free(*points);
        *points = NULL;
    }
    return status;
}

cf_status cf_hints_inside(const char *path, const cf_hint_point *points, size_t count, int width,
                          int height) {
    for (size_t i = 0; i < count; i++) {
        const cf_hint_point *p = &points[i];
        if (!(p->x >= -0.5F && p->x <= (float)width - 0.5F && p->y >= -0.5F &&
              p->y <= (float)height - 0.5F))
            return cf_fail(CF_ERR_INVALID,
                           "%s: point %zu at %g, %g is outside the picture of %dx%d pixels", path,
                           i + 1, (double)p->x, (double)p->y, width, height);
    }
    return CF_OK;
}
