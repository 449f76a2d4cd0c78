/* SPDX-License-Identifier: Apache-2.0 */
/* Splices values into a rig's YAML text. */
#include "calib/rig_edit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "calib/yaml_text.h"

#define MAX_FILE ((size_t)1 << 20)

struct cf_rig_edit {
    char *path, *text;
};

/* A key and its value to be written, with the column that the key's mapping begins at. */
typedef struct {
    const char *key, *value;
    size_t column;
} entry;

/* Text that grows; line breaks that are put into it are the document's own. */
typedef struct {
    FILE *to;
    char *text;
    size_t size;
    const char *newline;
} writer;

static int writer_open(writer *w, const cf_yaml *d) {
    *w = (writer){.newline = strstr(d->text, "\r\n") ? "\r\n" : "\n"};
    w->to = open_memstream(&w->text, &w->size);
    return w->to != NULL;
}

/* The text so far as one of ours; NULL when memory was out. */
static char *writer_close(writer *w) {
    int failed = ferror(w->to);
    char *out = fclose(w->to) || failed ? NULL : cf_strdup(w->text);
    free(w->text);
    return out;
}

static void new_line(writer *w, size_t indent) {
    fprintf(w->to, "%s%*s", w->newline, (int)indent, "");
}

static void put_value(writer *w, const char *value, size_t indent) {
    for (; *value; value++)
        if (*value == '\n')
            new_line(w, indent);
        else
            putc(*value, w->to);
}

static void put_entry(writer *w, const entry *e) {
    fprintf(w->to, "%s: ", e->key);
    put_value(w, e->value, e->column + 2);
}

static void put_old(writer *w, const cf_yaml *d, size_t from, size_t to) {
    fwrite(d->text + from, 1, to - from, w->to);
}

static void put_rest(writer *w, const cf_yaml *d, size_t from) {
    fputs(d->text + from, w->to);
}

/* A block collection makes place for a value behind the colon; a comment between them stays.
 * 0 where no colon parts key and value ("? key"). */
static int replace(writer *w, const cf_yaml *d, const yaml_node_pair_t *p, const entry *e) {
    const yaml_node_t *key = cf_yaml_node(d, p->key), *old = cf_yaml_node(d, p->value);
    size_t start = cf_yaml_start(d, old), end = cf_yaml_end(d, old);
    size_t colon = cf_yaml_end(d, key);
    colon += strcspn(d->text + colon, ":");
    if (!d->text[colon] || (start < end && colon >= start))
        return 0;
    colon++;
    if (start == end) /* "key:" and nothing behind it */
        start = end = colon;
    size_t kept = start;
    while (kept > colon && strchr(" \t\r\n", d->text[kept - 1]))
        kept--;
    int moved = cf_yaml_is_block(old);
    put_old(w, d, 0, moved || start == colon ? colon : start);
    if (moved || start == colon)
        putc(' ', w->to);
    put_value(w, e->value, e->column + 2);
    if (moved)
        put_old(w, d, colon, kept);
    put_rest(w, d, end);
    return 1;
}

/* Adds the entry as the last of a mapping, in a section of its own where that is named. */
static void append_flow(writer *w, const cf_yaml *d, const yaml_node_t *mapping,
                        const char *section, const entry *e) {
    size_t brace = cf_yaml_end(d, mapping) - 1, at = brace;
    while (at && strchr(" \t\r\n", d->text[at - 1]))
        at--;
    put_old(w, d, 0, at);
    if (mapping->data.mapping.pairs.start < mapping->data.mapping.pairs.top)
        fputs(d->text[at - 1] == ',' ? " " : ", ", w->to);
    if (section)
        fprintf(w->to, "%s: {", section);
    put_entry(w, e);
    if (section)
        putc('}', w->to);
    put_rest(w, d, at);
}

static void append_line(writer *w, const cf_yaml *d, size_t at, const char *section,
                        const entry *e) {
    entry inner = *e;
    at += strcspn(d->text + at, "\r\n");
    put_old(w, d, 0, at);
    new_line(w, e->column);
    if (section) {
        inner.column += 2;
        fprintf(w->to, "%s:", section);
        new_line(w, inner.column);
    }
    put_entry(w, &inner);
    put_rest(w, d, at);
}

static void append(writer *w, const cf_yaml *d, const yaml_node_t *mapping, const char *section,
                   entry *e) {
    if (!cf_yaml_is_block(mapping)) {
        append_flow(w, d, mapping, section, e);
        return;
    }
    e->column = cf_yaml_node(d, mapping->data.mapping.pairs.start->key)->start_mark.column;
    append_line(w, d, cf_yaml_end(d, mapping), section, e);
}

static cf_status refuse(const cf_rig_edit *edit, const char *section, const entry *e) {
    return cf_fail(CF_ERR_UNSUPPORTED,
                   "%s: cannot put a key into this file; write by hand, under '%s': %s: %s",
                   edit->path, section, e->key, e->value);
}

static cf_status compose(const cf_rig_edit *edit, const cf_yaml *d, const char *section, entry *e,
                         char **out) {
    const yaml_node_pair_t *s = cf_yaml_find(d, cf_yaml_root(d), section);
    const yaml_node_t *mapping = s ? cf_yaml_node(d, s->value) : cf_yaml_root(d);
    const yaml_node_pair_t *p = s ? cf_yaml_find(d, mapping, e->key) : NULL;
    writer w;
    int composed = 1;
    if (s && !cf_yaml_is(mapping, "") && mapping->type != YAML_MAPPING_NODE)
        return cf_fail(CF_ERR_FORMAT, "%s: key '%s' must hold keys of its own", edit->path,
                       section);
    if (!writer_open(&w, d))
        return CF_ERR_MEMORY;
    if (s && mapping->type != YAML_MAPPING_NODE) { /* "mono:" and nothing below it */
        const yaml_node_t *name = cf_yaml_node(d, s->key);
        e->column = name->start_mark.column + 2;
        append_line(&w, d, cf_yaml_end(d, name), NULL, e);
    } else if (p) {
        e->column = cf_yaml_node(d, p->key)->start_mark.column;
        composed = replace(&w, d, p, e);
    } else {
        append(&w, d, mapping, s ? NULL : section, e);
    }
    *out = writer_close(&w);
    if (!*out)
        return CF_ERR_MEMORY;
    return composed ? CF_OK : refuse(edit, section, e);
}

/* Parses the new text and sees that just the one value changed. */
static int verify(const cf_rig_edit *edit, const cf_yaml *old, const char *text,
                  const char *section, const char *key) {
    cf_yaml now;
    if (cf_yaml_parse(edit->path, text, &now) != CF_OK)
        return 0;
    const yaml_node_pair_t *s = cf_yaml_find(&now, cf_yaml_root(&now), section);
    int ok = s && cf_yaml_find(&now, cf_yaml_node(&now, s->value), key) &&
             cf_yaml_same_but(old, &now, section, key);
    yaml_document_delete(&now.tree);
    return ok;
}

cf_status cf_rig_edit_set(cf_rig_edit *edit, const char *section, const char *key,
                          const char *value) {
    cf_yaml d;
    char *text = NULL;
    entry e = {key, value, 0};
    CF_TRY(cf_yaml_parse(edit->path, edit->text, &d));
    cf_status status = compose(edit, &d, section, &e, &text);
    if (status == CF_OK && !verify(edit, &d, text, section, key))
        status = refuse(edit, section, &e);
    yaml_document_delete(&d.tree);
    if (status != CF_OK) {
        cf_free(text);
        return status;
    }
    cf_free(edit->text);
    edit->text = text;
    return CF_OK;
}

/* A text with nothing in it but comments gets its first key. */
static cf_status begin(cf_rig_edit *edit, const char *text, size_t size) {
    static const char version[] = "version: 1\n";
    cf_yaml d;
    edit->text = cf_alloc(size + sizeof version + 1, 1);
    if (!edit->text)
        return CF_ERR_MEMORY;
    memcpy(edit->text, text, size);
    CF_TRY(cf_yaml_parse(edit->path, edit->text, &d));
    int empty = !cf_yaml_root(&d);
    yaml_document_delete(&d.tree);
    if (empty) {
        if (size && edit->text[size - 1] != '\n')
            edit->text[size++] = '\n';
        memcpy(edit->text + size, version, sizeof version);
    }
    return CF_OK;
}

cf_status cf_rig_edit_parse(const char *path, const char *text, size_t size, cf_rig_edit **out) {
    *out = NULL;
    if (size > MAX_FILE || memchr(text, 0, size))
        return cf_fail(CF_ERR_FORMAT, "%s: is no rig file", path);
    cf_rig_edit *edit = cf_alloc(1, sizeof *edit);
    if (!edit)
        return CF_ERR_MEMORY;
    edit->path = cf_strdup(path);
    cf_status status = edit->path ? begin(edit, text, size) : CF_ERR_MEMORY;
    if (status != CF_OK)
        cf_rig_edit_destroy(&edit);
    *out = edit;
    return status;
}

cf_status cf_rig_edit_open(const char *path, cf_rig_edit **out) {
    char *text;
    size_t size;
    struct stat info;
    *out = NULL;
    if (stat(path, &info) && errno == ENOENT)
        return cf_rig_edit_parse(path, "", 0, out);
    CF_TRY(cf_file_read(path, MAX_FILE, &text, &size));
    cf_status status = cf_rig_edit_parse(path, text, size, out);
    cf_free(text);
    return status;
}

void cf_rig_edit_destroy(cf_rig_edit **edit) {
    if (!edit || !*edit)
        return;
    cf_free((*edit)->path);
    cf_free((*edit)->text);
    cf_free(*edit);
    *edit = NULL;
}

const char *cf_rig_edit_text(const cf_rig_edit *edit) {
    return edit->text;
}

cf_status cf_rig_edit_write(const cf_rig_edit *edit, const char *path) {
    cf_file_out *file;
    CF_TRY(cf_file_create(path ? path : edit->path, &file));
    fputs(edit->text, cf_file_stream(file));
    return cf_file_commit(&file);
}
