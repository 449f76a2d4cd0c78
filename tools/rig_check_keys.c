/* SPDX-License-Identifier: Apache-2.0 */
/* Judges a rig file key by key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "calib/yaml_text.h"
#include "tools/rig_check.h"

#define MAX_FILE ((size_t)1 << 20)

/* A rig text that is put together from single keys. */
typedef struct {
    FILE *to;
    char *text;
    size_t size;
} draft;

static void put_key(FILE *to, const cf_yaml *d, const yaml_node_pair_t *p) {
    const yaml_node_t *key = cf_yaml_node(d, p->key);
    size_t start = cf_yaml_start(d, key), end = cf_yaml_end(d, cf_yaml_node(d, p->value));
    if (end < cf_yaml_end(d, key))
        end = cf_yaml_end(d, key);
    int column = (int)key->start_mark.column;
    fprintf(to, "%*s%.*s\n", column > 0 ? column : 1, "", (int)(end - start), d->text + start);
}

/* The key alone in its section, parsed; what is wrong with it becomes a finding. */
static int key_is_good(const char *path, const cf_yaml *d, const char *section,
                       const yaml_node_pair_t *p, cf_findings *f) {
    char about[64];
    draft one = {0};
    cf_rig *rig;
    const yaml_node_t *key = cf_yaml_node(d, p->key);
    one.to = open_memstream(&one.text, &one.size);
    if (!one.to || key->type != YAML_SCALAR_NODE)
        return 0;
    fprintf(one.to, "version: 1\n%s:\n", section);
    put_key(one.to, d, p);
    fclose(one.to);
    snprintf(about, sizeof about, "%s.%.50s", section, (const char *)key->data.scalar.value);
    cf_findings_capture(f, about, path);
    int good = cf_rig_parse_draft(path, one.text, one.size, &rig) == CF_OK;
    cf_findings_capture(NULL, NULL, NULL);
    cf_rig_destroy(&rig);
    free(one.text);
    return good;
}

static void check_section(const char *path, const cf_yaml *d, const char *section, FILE *good,
                          cf_findings *f) {
    const yaml_node_pair_t *s = cf_yaml_find(d, cf_yaml_root(d), section);
    const yaml_node_t *mapping = s ? cf_yaml_node(d, s->value) : NULL;
    if (!s || cf_yaml_is(mapping, ""))
        return;
    if (mapping->type != YAML_MAPPING_NODE) {
        cf_findings_add(f, CF_FINDING_ERROR, section,
                        "must hold keys of its own, as 'model: file', not a single value.");
        return;
    }
    const yaml_node_pair_t *p = mapping->data.mapping.pairs.start;
    int any = 0;
    for (; p < mapping->data.mapping.pairs.top; p++) {
        const yaml_node_t *key = cf_yaml_node(d, p->key);
        const char *name = key->type == YAML_SCALAR_NODE ? (char *)key->data.scalar.value : "";
        if (cf_yaml_find(d, mapping, name) != p) {
            cf_findings_add(f, CF_FINDING_ERROR, section,
                            "the key '%.60s' is there twice, or is no plain word.", name);
        } else if (key_is_good(path, d, section, p, f)) {
            if (!any++)
                fprintf(good, "%s:\n", section);
            put_key(good, d, p);
        }
    }
}

static void check_top(const cf_yaml *d, cf_findings *f) {
    static const char *const known[] = {"version", "mono", "color", "sync", "scene"};
    const yaml_node_t *root = cf_yaml_root(d);
    const yaml_node_pair_t *version = cf_yaml_find(d, root, "version");
    const yaml_node_pair_t *p = root->data.mapping.pairs.start;
    if (!version || !cf_yaml_is(cf_yaml_node(d, version->value), "1"))
        cf_findings_add(f, CF_FINDING_ERROR, "version", "the file must say 'version: 1'.");
    for (; p < root->data.mapping.pairs.top; p++) {
        const yaml_node_t *key = cf_yaml_node(d, p->key);
        int found = 0;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            found |= cf_yaml_is(key, known[i]);
        if (found && cf_yaml_find(d, root, (char *)key->data.scalar.value) != p)
            cf_findings_add(f, CF_FINDING_ERROR, (char *)key->data.scalar.value,
                            "is there twice; only one of them can count.");
        else if (!found)
            cf_findings_add(f, CF_FINDING_WARNING,
                            key->type == YAML_SCALAR_NODE ? (char *)key->data.scalar.value : "?",
                            "is no key that a rig has, and is ignored; a misspelling? Known are "
                            "version, mono, color, sync and scene.");
    }
}

static cf_status check_text(const char *path, const char *text, cf_rig **rig, cf_findings *f) {
    static const char *const sections[] = {"mono", "color", "sync", "scene"};
    cf_yaml d;
    draft good = {0};
    cf_findings_capture(f, "rig file", path);
    cf_status status = cf_yaml_parse(path, text, &d);
    cf_findings_capture(NULL, NULL, NULL);
    if (status != CF_OK)
        return CF_OK; /* it is a finding now */
    good.to = open_memstream(&good.text, &good.size);
    if (!good.to || !cf_yaml_root(&d)) {
        if (good.to) {
            cf_findings_add(f, CF_FINDING_ERROR, "rig file", "there is nothing in it.");
            fclose(good.to);
            free(good.text);
        }
        yaml_document_delete(&d.tree);
        return good.to ? CF_OK : CF_ERR_MEMORY;
    }
    fputs("version: 1\n", good.to);
    check_top(&d, f);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        check_section(path, &d, sections[i], good.to, f);
    fclose(good.to);
    static cf_findings said; /* all of it was said already */
    cf_findings_capture(&said, "", path);
    status = cf_rig_parse_draft(path, good.text, good.size, rig);
    cf_findings_capture(NULL, NULL, NULL);
    free(good.text);
    yaml_document_delete(&d.tree);
    return status == CF_ERR_MEMORY ? status : CF_OK;
}

cf_status cf_rig_check_keys(const char *path, cf_rig **rig, cf_findings *f) {
    char *text;
    size_t size;
    *rig = NULL;
    CF_TRY(cf_file_read(path, MAX_FILE, &text, &size));
    if (memchr(text, 0, size))
        cf_findings_add(f, CF_FINDING_ERROR, "rig file", "is no text file.");
    cf_status status = memchr(text, 0, size) ? CF_OK : check_text(path, text, rig, f);
    cf_free(text);
    return status;
}
