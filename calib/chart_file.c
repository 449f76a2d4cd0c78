/* SPDX-License-Identifier: Apache-2.0 */
/* Reader of a chart's measured colours: CGATS, or rows of numbers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "calib/chart.h"
#include "calib/lab.h"

#define MAX_FILE ((size_t)1 << 20)
#define MAX_FIELDS 64
#define FAR 25.0 /* CIEDE2000: no edition or ageing moves a patch so far, another order does */

/* One line cut into fields; the text is not the file's own. */
typedef struct {
    char text[4096];
    const char *field[MAX_FIELDS];
    int count;
} line_fields;

typedef struct {
    const char *name, *at;
    int line;
    int cgats, in_data, in_format; /* a CGATS file; inside its DATA, its DATA_FORMAT */
    int column[3], is_xyz;         /* where L a b or X Y Z stand */
} reader;

/* Cuts at blanks, commas and semicolons; "quoted text" is one field. */
static void cut(line_fields *f) {
    char *p = f->text;
    f->count = 0;
    for (;;) {
        p += strspn(p, " \t\r,;");
        if (!*p || *p == '#' || f->count == MAX_FIELDS)
            return;
        int quoted = *p == '"';
        p += quoted;
        f->field[f->count++] = p;
        p += strcspn(p, quoted ? "\"" : " \t\r,;");
        if (!*p)
            return;
        *p++ = '\0';
    }
}

/* 0 at the end of the file. */
static int next_line(reader *r, line_fields *f) {
    if (!*r->at)
        return 0;
    size_t length = strcspn(r->at, "\n");
    size_t kept = length < sizeof f->text - 1 ? length : sizeof f->text - 1;
    memcpy(f->text, r->at, kept);
    f->text[kept] = '\0';
    r->at += length + (r->at[length] == '\n');
    r->line++;
    cut(f);
    return 1;
}

static int number(const char *text, double *out) {
    char *end;
    *out = strtod(text, &end);
    return end > text && !*end && isfinite(*out) && fabs(*out) < 1000;
}

/* Which columns of a CGATS file hold the colour. */
static void take_format(reader *r, const line_fields *f) {
    static const char *const lab[3] = {"LAB_L", "LAB_A", "LAB_B"};
    static const char *const xyz[3] = {"XYZ_X", "XYZ_Y", "XYZ_Z"};
    for (int i = 0; i < f->count; i++)
        for (int c = 0; c < 3; c++) {
            if (!strcmp(f->field[i], lab[c]))
                r->column[c] = i;
            if (!strcmp(f->field[i], xyz[c]) && r->column[c] < 0) {
                r->column[c] = i;
                r->is_xyz = 1;
            }
        }
}

/* 1: the line steers the reading and holds no colour. */
static int take_keyword(reader *r, const line_fields *f) {
    const char *word = f->count ? f->field[0] : "";
    r->cgats |= !strncmp(word, "CGATS", 5);
    int begins = !strncmp(word, "BEGIN_DATA", 10), ends = !strncmp(word, "END_DATA", 8);
    int format = begins || ends ? strstr(word, "FORMAT") != NULL : 0;
    if (begins || ends) {
        r->cgats = 1;
        *(format ? &r->in_format : &r->in_data) = begins;
        return 1;
    }
    if (r->in_format)
        take_format(r, f);
    return !f->count || r->in_format || (r->cgats && !r->in_data);
}

/* The colour of a row: 1 taken, 0 it holds no numbers. */
static int take_row(const reader *r, const line_fields *f, double lab[3]) {
    for (int c = 0; c < 3; c++) {
        int i = r->cgats ? r->column[c] : f->count - 3 + c;
        if (i < 0 || i >= f->count || !number(f->field[i], &lab[c]))
            return 0;
    }
    if (r->is_xyz) {
        const double xyz[3] = {lab[0] / 100, lab[1] / 100, lab[2] / 100};
        cf_lab_of_xyz(xyz, lab);
    }
    return 1;
}

static cf_status check_order(const char *name, const cf_chart_reference *got) {
    cf_chart_reference known;
    cf_chart_reference_of(CF_CHART_AFTER_2014, &known);
    for (int i = 0; i < CF_CHART_PATCHES; i++)
        if (!(cf_ciede2000(known.lab[i], got->lab[i]) < FAR))
            return cf_fail(
                CF_ERR_FORMAT,
                "%s: patch %d should be '%s' (L*a*b* about %.0f %.0f %.0f), the file has "
                "%.1f %.1f %.1f; rows must run from dark skin to black, D50",
                name, i + 1, cf_chart_name(i), known.lab[i][0], known.lab[i][1], known.lab[i][2],
                got->lab[i][0], got->lab[i][1], got->lab[i][2]);
    return CF_OK;
}

cf_status cf_chart_reference_parse(const char *name, const char *text, cf_chart_reference *out) {
    reader r = {.name = name, .at = text, .column = {-1, -1, -1}};
    line_fields f;
    int rows = 0;
    while (next_line(&r, &f)) {
        double lab[3];
        if (take_keyword(&r, &f))
            continue;
        if (!take_row(&r, &f, lab)) {
            if (rows || r.in_data)
                return cf_fail(CF_ERR_FORMAT, "%s: line %d: no three numbers L*, a*, b* in it",
                               name, r.line);
            continue; /* headings, or a CGATS file's preamble */
        }
        if (rows == CF_CHART_PATCHES)
            return cf_fail(CF_ERR_FORMAT, "%s: line %d: more than 24 rows", name, r.line);
        memcpy(out->lab[rows], lab, sizeof lab);
        cf_rec709_of_lab(lab, out->rgb[rows++]);
    }
    if (rows < CF_CHART_PATCHES)
        return cf_fail(
            CF_ERR_FORMAT,
            "%s: %d rows of colours, a chart has 24; give a CSV of L*,a*,b* or CGATS with "
            "LAB_L LAB_A LAB_B",
            name, rows);
    return check_order(name, out);
}

cf_status cf_chart_reference_load(const char *path, cf_chart_reference *out) {
    char *text;
    size_t size;
    CF_TRY(cf_file_read(path, MAX_FILE, &text, &size));
    cf_status status = cf_chart_reference_parse(path, text, out);
    cf_free(text);
    return status;
}
