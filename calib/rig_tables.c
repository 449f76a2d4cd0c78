/* SPDX-License-Identifier: Apache-2.0 */
/* Readers of whitespace-separated number tables with # comments. */
#include "calib/rig_tables.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"

#define MAX_FILE ((size_t)64 << 20)
#define MAX_GRID 256

typedef struct {
    const char *path, *at;
    int line;
} reader;

static void skip_blank(reader *r) {
    for (;; r->at++) {
        if (*r->at == '#')
            while (*r->at && *r->at != '\n')
                r->at++;
        if (*r->at == '\n')
            r->line++;
        if (!*r->at || !isspace((unsigned char)*r->at))
            return;
    }
}

/* 1 with a number, 0 at the end, -1 (logged) for anything else. */
static int next_number(reader *r, double min, double max, int whole, double *out) {
    skip_blank(r);
    if (!*r->at)
        return 0;
    char *after;
    double v = strtod(r->at, &after);
    if (after == r->at || (*after && !isspace((unsigned char)*after) && *after != '#') ||
        !(v >= min && v <= max) || (whole && v > floor(v))) {
        cf_fail(CF_ERR_FORMAT, "%s: line %d: expected a %snumber from %g to %g", r->path, r->line,
                whole ? "whole " : "", min, max);
        return -1;
    }
    r->at = after;
    *out = v;
    return 1;
}

static cf_status cut_short(const reader *r) {
    return cf_fail(CF_ERR_FORMAT, "%s: ends in the middle", r->path);
}

static cf_status parse_defects(reader *r, cf_camera_profile *profile) {
    size_t limit = (size_t)profile->width * (size_t)profile->height / 100 + 16, count = 0;
    size_t room = 0;
    cf_defect *list = NULL;
    double x, y = 0;
    int got, status = 0;
    while ((got = next_number(r, 0, profile->width - 1, 1, &x)) > 0 &&
           (status = next_number(r, 0, profile->height - 1, 1, &y)) > 0) {
        if (count == room) { /* grows by doubling up to the limit */
            room = room ? room * 2 : 64;
            cf_defect *more = count < limit ? cf_alloc(room, sizeof *more) : NULL;
            for (size_t i = 0; more && i < count; i++)
                more[i] = list[i];
            cf_free(list);
            list = more;
            if (!list)
                return cf_fail(CF_ERR_FORMAT, "%s: more than 1 %% of the pixels are defects",
                               r->path);
        }
        list[count++] = (cf_defect){(int)x, (int)y};
    }
    if (got != 0) {
        cf_free(list);
        return got > 0 && status == 0 ? cut_short(r) : CF_ERR_FORMAT;
    }
    cf_free(profile->defects);
    profile->defects = list;
    profile->defect_count = (int)count;
    return CF_OK;
}

static cf_status parse_shading(reader *r, cf_camera_profile *profile) {
    double size[3] = {0}, extra;
    for (int i = 0; i < 3; i++) {
        int got = next_number(r, i == 2 ? 1 : 2, i == 2 ? 4 : MAX_GRID, 1, &size[i]);
        if (got <= 0)
            return got ? CF_ERR_FORMAT : cut_short(r);
    }
    int planes = (int)size[2];
    if (planes != 1 && !(planes == 4 && profile->is_color))
        return cf_fail(CF_ERR_FORMAT, "%s: a %s camera cannot have %d planes of shading", r->path,
                       profile->is_color ? "colour" : "mono", planes);
    size_t count = (size_t)size[0] * (size_t)size[1] * (size_t)planes;
    float *gains = cf_alloc(count, sizeof *gains);
    if (!gains)
        return CF_ERR_MEMORY;
    int got = 1;
    for (size_t i = 0; i < count && got > 0; i++) {
        double gain = 1;
        got = next_number(r, 0.01, 100, 0, &gain);
        gains[i] = (float)gain;
    }
    int rest = got > 0 ? next_number(r, 0.01, 100, 0, &extra) : 0;
    if (got <= 0 || rest) {
        cf_free(gains);
        return rest > 0 ? cf_fail(CF_ERR_FORMAT, "%s: more numbers than %zu", r->path, count)
                        : (got == 0 ? cut_short(r) : CF_ERR_FORMAT);
    }
    cf_free(profile->shading.gains);
    profile->shading = (cf_shading){(int)size[0], (int)size[1], planes, gains};
    return CF_OK;
}

static cf_status read_table(const char *path, cf_status (*parse)(reader *, cf_camera_profile *),
                            cf_camera_profile *profile) {
    char *text;
    size_t size;
    CF_TRY(cf_file_read(path, MAX_FILE, &text, &size));
    reader r = {path, text, 1};
    cf_status status = parse(&r, profile);
    cf_free(text);
    return status;
}

cf_status cf_rig_read_defects(const char *path, cf_camera_profile *profile) {
    return read_table(path, parse_defects, profile);
}

cf_status cf_rig_read_shading(const char *path, cf_camera_profile *profile) {
    return read_table(path, parse_shading, profile);
}

void cf_rig_write_shading(const cf_shading *s, FILE *to) {
    int nodes = s->width * s->height;
    fprintf(to, "# lens shading: columns rows planes, then gains row by row, plane after plane\n");
    fprintf(to, "%d %d %d\n", s->width, s->height, s->planes);
    for (int i = 0; i < nodes * s->planes; i++)
        fprintf(to, "%.5g%c", (double)s->gains[i], (i + 1) % s->width ? ' ' : '\n');
}
