/* SPDX-License-Identifier: Apache-2.0 */
/* Reads tables of board corners in mrcal's format; frees what was seen of boards. */
#include <ctype.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "tools/board_pictures.h"

#define MAX_FILE ((size_t)64 << 20)
#define MAX_NAMES (2 * CF_BOARD_MAX_VIEWS)

/* The corners of one picture. */
typedef struct {
    char *name; /* owned until the result takes it */
    int camera, corners;
    double *xy; /* owned */
} entry;

typedef struct {
    const char *file, *patterns[2];
    const cf_board *board;
    entry *list;
    int count, line;
} table;

static cf_status broken(const table *t, const char *what) {
    return cf_fail(CF_ERR_FORMAT, "%s: line %d: %s", t->file, t->line, what);
}

/* The next word of a line; its length, 0 at the end. */
static size_t word(const char **at, const char *end, const char **start) {
    while (*at < end && isspace((unsigned char)**at))
        ++*at;
    *start = *at;
    while (*at < end && !isspace((unsigned char)**at))
        ++*at;
    return (size_t)(*at - *start);
}

/* A number, or "-" for none (not-a-number); 0 for anything else. */
static int number(const char *start, size_t length, double *value) {
    char text[64], *after;
    *value = NAN;
    if (length == 1 && *start == '-')
        return 1;
    if (!length || length >= sizeof text)
        return 0;
    memcpy(text, start, length);
    text[length] = '\0';
    *value = strtod(text, &after);
    return !*after && isfinite(*value) && fabs(*value) < 1e6;
}

/* The picture of a name: the last one, for its lines are together, or a new one. */
static cf_status picture_of(table *t, const char *name, size_t length, entry **out) {
    entry *last = t->count ? &t->list[t->count - 1] : NULL;
    *out = last;
    if (last && strlen(last->name) == length && !memcmp(last->name, name, length))
        return CF_OK;
    if (t->count == MAX_NAMES)
        return broken(t, "too many pictures");
    entry *e = &t->list[t->count];
    e->name = cf_alloc(length + 1, 1);
    e->xy = cf_alloc((size_t)t->board->columns * (size_t)t->board->rows, 2 * sizeof *e->xy);
    if (!e->name || !e->xy) {
        cf_free(e->name);
        cf_free(e->xy);
        return CF_ERR_MEMORY;
    }
    memcpy(e->name, name, length);
    t->count++;
    e->camera = !fnmatch(t->patterns[0], e->name, 0)   ? CF_BOARD_MONO
                : !fnmatch(t->patterns[1], e->name, 0) ? CF_BOARD_COLOR
                                                       : -1;
    *out = e;
    return CF_OK;
}

static cf_status take_line(table *t, const char *at, const char *end) {
    const char *name, *x, *y, *level;
    size_t length = word(&at, end, &name), lx = word(&at, end, &x), ly = word(&at, end, &y),
           ll = word(&at, end, &level);
    double v[3] = {NAN, NAN, 0};
    entry *e;
    if (!length || *name == '#')
        return CF_OK;
    if (!number(x, lx, &v[0]) || !number(y, ly, &v[1]) || (ll && !number(level, ll, &v[2])))
        return broken(t, "expected: filename x y level");
    CF_TRY(picture_of(t, name, length, &e));
    if (isnan(v[0]) && isnan(v[1]) && !e->corners) { /* "name - -": no board in this picture */
        e->corners = -1;
        return CF_OK;
    }
    if (e->corners < 0 || e->corners == t->board->columns * t->board->rows)
        return broken(t, "more corners of this picture than the board has");
    int good = !isnan(v[0]) && !isnan(v[1]) && !isnan(v[2]);
    e->xy[2 * e->corners] = good ? v[0] : NAN;
    e->xy[2 * e->corners++ + 1] = good ? v[1] : NAN;
    return CF_OK;
}

static cf_status take_text(table *t, const char *text) {
    while (*text) {
        size_t length = strcspn(text, "\n");
        t->line++;
        CF_TRY(take_line(t, text, text + length));
        text += length + (text[length] == '\n');
    }
    for (int i = 0; i < t->count; i++)
        if (t->list[i].corners >= 0 && t->list[i].corners < t->board->columns * t->board->rows)
            return cf_fail(CF_ERR_FORMAT, "%s: %s has %d corners, the board has %dx%d", t->file,
                           t->list[i].name, t->list[i].corners, t->board->columns, t->board->rows);
    return CF_OK;
}

/* Indices of the entries of one camera. */
static size_t of_camera(const table *t, int camera, const char **names, int *indices) {
    size_t n = 0;
    for (int i = 0; i < t->count; i++)
        if (t->list[i].camera == camera) {
            names[n] = t->list[i].name;
            indices[n++] = i;
        }
    return n;
}

static cf_status fill(const table *t, const int *indices[2], int (*pairs)[2],
                      cf_board_pictures *out) {
    for (int i = 0; i < out->count; i++)
        for (int c = 0; c < 2; c++) {
            cf_board_picture *p = &out->pictures[c][i];
            if (pairs[i][c] < 0)
                continue;
            const entry *e = &t->list[indices[c][pairs[i][c]]];
            p->path = e->name;
            p->found = e->corners > 0;
            if (p->found)
                CF_TRY(cf_board_set_add(&out->set, i, c, e->xy));
            else
                strcpy(p->note, "the table has no corners of it");
        }
    return CF_OK;
}

/* Pairs the entries and moves them over; the names become the result's. */
static cf_status deliver(table *t, const int sizes[2][2], cf_board_pictures *out) {
    const char **names = cf_alloc(2 * MAX_NAMES, sizeof *names);
    int *indices = cf_alloc(2 * MAX_NAMES, sizeof *indices);
    int(*pairs)[2] = cf_alloc(2 * MAX_NAMES, sizeof *pairs);
    out->names = cf_alloc(MAX_NAMES, sizeof *out->names);
    cf_status status = names && indices && pairs && out->names ? CF_OK : CF_ERR_MEMORY;
    if (status == CF_OK) {
        const int *each[2] = {indices, indices + MAX_NAMES};
        size_t m = of_camera(t, CF_BOARD_MONO, names, indices),
               n = of_camera(t, CF_BOARD_COLOR, names + MAX_NAMES, indices + MAX_NAMES);
        status = !m || !n
                     ? cf_fail(CF_ERR_INVALID, "%s: %zu names fit --mono %s and %zu fit --color %s",
                               t->file, m, t->patterns[0], n, t->patterns[1])
                     : cf_pair_names(names, m, names + MAX_NAMES, n, pairs, &out->count,
                                     &out->by_number);
        if (status == CF_OK)
            status = cf_board_set_create(t->board, out->count, &out->set);
        for (int c = 0; c < 2 && status == CF_OK; c++) {
            memcpy(out->set.size[c], sizes[c], sizeof out->set.size[c]);
            out->pictures[c] = cf_alloc((size_t)out->count, sizeof *out->pictures[c]);
            status = out->pictures[c] ? CF_OK : CF_ERR_MEMORY;
        }
        if (status == CF_OK)
            status = fill(t, each, pairs, out);
    }
    for (int i = 0; i < t->count && out->names; i++) {
        out->names[out->name_count++] = t->list[i].name;
        t->list[i].name = NULL;
    }
    cf_free(names);
    cf_free(indices);
    cf_free(pairs);
    return status;
}

cf_status cf_board_corners_parse(const char *name, const char *text, const char *mono,
                                 const char *color, const int sizes[2][2], const cf_board *board,
                                 cf_board_pictures *out) {
    table t = {.file = name, .patterns = {mono, color}, .board = board};
    *out = (cf_board_pictures){0};
    CF_TRY(cf_board_set_create(board, 1, &out->set)); /* judges the board before room is made */
    cf_board_set_clear(&out->set);
    t.list = cf_alloc(MAX_NAMES, sizeof *t.list);
    cf_status status = t.list ? take_text(&t, text) : CF_ERR_MEMORY;
    if (status == CF_OK)
        status = deliver(&t, sizes, out);
    for (int i = 0; i < t.count; i++) {
        cf_free(t.list[i].name);
        cf_free(t.list[i].xy);
    }
    cf_free(t.list);
    if (status != CF_OK)
        cf_board_pictures_clear(out);
    return status;
}

cf_status cf_board_corners_read(const char *path, const char *mono, const char *color,
                                const int sizes[2][2], const cf_board *board,
                                cf_board_pictures *out) {
    char *text;
    size_t size;
    *out = (cf_board_pictures){0};
    CF_TRY(cf_file_read(path, MAX_FILE, &text, &size));
    cf_status status = cf_board_corners_parse(path, text, mono, color, sizes, board, out);
    cf_free(text);
    return status;
}

void cf_board_pictures_clear(cf_board_pictures *pictures) {
    for (int i = 0; i < pictures->name_count; i++)
        cf_free(pictures->names[i]);
    cf_free(pictures->names);
    cf_free(pictures->pictures[0]);
    cf_free(pictures->pictures[1]);
    cf_board_set_clear(&pictures->set);
    *pictures = (cf_board_pictures){0};
}
