/* SPDX-License-Identifier: Apache-2.0 */
/* Places of YAML values in their text, from libyaml's marks. */
#include "calib/yaml_text.h"

#include <string.h>

#include "base/log.h"

#define MAX_DEPTH 32

/* What a tree hides: aliases, anchors, a second document, great depth. *depth follows the events.
 */
static int is_odd(const yaml_event_t *e, int *depth, int *documents) {
    switch (e->type) {
    case YAML_ALIAS_EVENT: return 1;
    case YAML_DOCUMENT_START_EVENT: return ++*documents > 1;
    case YAML_SCALAR_EVENT: return e->data.scalar.anchor != NULL;
    case YAML_MAPPING_START_EVENT: return ++*depth > MAX_DEPTH || e->data.mapping_start.anchor;
    case YAML_SEQUENCE_START_EVENT: return ++*depth > MAX_DEPTH || e->data.sequence_start.anchor;
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT: --*depth; return 0;
    default: return 0;
    }
}

static cf_status check_events(const char *path, yaml_parser_t *parser) {
    yaml_event_t event;
    int documents = 0, depth = 0, done = 0, odd = 0;
    while (!done && !odd && yaml_parser_parse(parser, &event)) {
        done = event.type == YAML_STREAM_END_EVENT;
        odd = is_odd(&event, &depth, &documents);
        yaml_event_delete(&event);
    }
    if (odd)
        return cf_fail(CF_ERR_UNSUPPORTED,
                       "%s: has anchors, aliases or several documents; write it as one plain "
                       "document",
                       path);
    if (done)
        return CF_OK;
    return cf_fail(CF_ERR_FORMAT, "%s: line %zu: %s", path, parser->problem_mark.line + 1,
                   parser->problem ? parser->problem : "not YAML");
}

static int start_parser(yaml_parser_t *parser, const char *text) {
    if (!yaml_parser_initialize(parser))
        return 0;
    yaml_parser_set_input_string(parser, (const unsigned char *)text, strlen(text));
    return 1;
}

cf_status cf_yaml_parse(const char *path, const char *text, cf_yaml *d) {
    yaml_parser_t parser;
    if (!strncmp(text, "\xff\xfe", 2) || !strncmp(text, "\xfe\xff", 2))
        return cf_fail(CF_ERR_FORMAT, "%s: is UTF-16; save it as UTF-8", path);
    if (!start_parser(&parser, text))
        return cf_fail(CF_ERR_MEMORY, "%s: out of memory", path);
    cf_status status = check_events(path, &parser);
    yaml_parser_delete(&parser);
    CF_TRY(status);
    if (!start_parser(&parser, text))
        return cf_fail(CF_ERR_MEMORY, "%s: out of memory", path);
    d->text = text;
    int ok = yaml_parser_load(&parser, &d->tree);
    yaml_parser_delete(&parser);
    if (!ok)
        return cf_fail(CF_ERR_FORMAT, "%s: not YAML", path);
    const yaml_node_t *root = cf_yaml_root(d);
    if (!root || root->type == YAML_MAPPING_NODE)
        return CF_OK;
    yaml_document_delete(&d->tree);
    return cf_fail(CF_ERR_FORMAT, "%s: holds no 'key: value' lines", path);
}

const yaml_node_t *cf_yaml_root(const cf_yaml *d) {
    return yaml_document_get_root_node((yaml_document_t *)&d->tree);
}

const yaml_node_t *cf_yaml_node(const cf_yaml *d, int index) {
    return yaml_document_get_node((yaml_document_t *)&d->tree, index);
}

int cf_yaml_is(const yaml_node_t *n, const char *value) {
    return n && n->type == YAML_SCALAR_NODE && n->data.scalar.length == strlen(value) &&
           !memcmp(n->data.scalar.value, value, n->data.scalar.length);
}

int cf_yaml_is_block(const yaml_node_t *n) {
    return (n->type == YAML_MAPPING_NODE && n->data.mapping.style != YAML_FLOW_MAPPING_STYLE) ||
           (n->type == YAML_SEQUENCE_NODE && n->data.sequence.style != YAML_FLOW_SEQUENCE_STYLE);
}

const yaml_node_pair_t *cf_yaml_find(const cf_yaml *d, const yaml_node_t *mapping,
                                     const char *key) {
    if (!mapping || mapping->type != YAML_MAPPING_NODE)
        return NULL;
    const yaml_node_pair_t *p = mapping->data.mapping.pairs.start;
    for (; p < mapping->data.mapping.pairs.top; p++)
        if (cf_yaml_is(cf_yaml_node(d, p->key), key))
            return p;
    return NULL;
}

/* Byte at which a character begins: libyaml counts those of UTF-8, without a byte order mark. */
static size_t byte_of(const cf_yaml *d, size_t character) {
    size_t at = strncmp(d->text, "\xef\xbb\xbf", 3) ? 0 : 3;
    for (; character && d->text[at]; character--)
        for (at++; ((unsigned char)d->text[at] & 0xC0) == 0x80;)
            at++;
    return at;
}

size_t cf_yaml_start(const cf_yaml *d, const yaml_node_t *n) {
    return byte_of(d, n->start_mark.index);
}

/* The last member of a block collection, whose own end mark lies behind the comments after it. */
static const yaml_node_t *last_member(const cf_yaml *d, const yaml_node_t *n) {
    if (n->type == YAML_MAPPING_NODE && n->data.mapping.pairs.top > n->data.mapping.pairs.start)
        return cf_yaml_node(d, n->data.mapping.pairs.top[-1].value);
    if (n->type == YAML_SEQUENCE_NODE && n->data.sequence.items.top > n->data.sequence.items.start)
        return cf_yaml_node(d, n->data.sequence.items.top[-1]);
    return NULL;
}

size_t cf_yaml_end(const cf_yaml *d, const yaml_node_t *n) {
    for (const yaml_node_t *last; cf_yaml_is_block(n) && (last = last_member(d, n)) != NULL;)
        n = last;
    size_t start = cf_yaml_start(d, n), end = byte_of(d, n->end_mark.index);
    while (end > start && strchr(" \t\r\n", d->text[end - 1])) /* block scalars */
        end--;
    return end;
}

static int same(const cf_yaml *a, const yaml_node_t *x, const cf_yaml *b, const yaml_node_t *y);

/* The next pair whose key is not `but`; NULL at the end. */
static const yaml_node_pair_t *next_pair(const cf_yaml *d, const yaml_node_t *n, size_t *index,
                                         const char *but) {
    const yaml_node_pair_t *p = n->data.mapping.pairs.start, *end = n->data.mapping.pairs.top;
    for (p += *index; p < end; p++) {
        ++*index;
        if (!but || !cf_yaml_is(cf_yaml_node(d, p->key), but))
            return p;
    }
    return NULL;
}

/* Two mappings, or an empty value and a mapping, hold the same pairs in the same order, leaving
 * out those of key `but`. */
static int same_pairs(const cf_yaml *a, const yaml_node_t *x, const cf_yaml *b,
                      const yaml_node_t *y, const char *but) {
    size_t i = 0, j = 0;
    if (cf_yaml_is(x, "") && y->type == YAML_MAPPING_NODE)
        return !next_pair(b, y, &j, but);
    if (x->type != YAML_MAPPING_NODE || y->type != YAML_MAPPING_NODE)
        return 0;
    for (;;) {
        const yaml_node_pair_t *p = next_pair(a, x, &i, but), *q = next_pair(b, y, &j, but);
        if (!p || !q)
            return !p && !q;
        if (!same(a, cf_yaml_node(a, p->key), b, cf_yaml_node(b, q->key)) ||
            !same(a, cf_yaml_node(a, p->value), b, cf_yaml_node(b, q->value)))
            return 0;
    }
}

static int same_items(const cf_yaml *a, const yaml_node_t *x, const cf_yaml *b,
                      const yaml_node_t *y) {
    const yaml_node_item_t *i = x->data.sequence.items.start, *j = y->data.sequence.items.start;
    for (; i < x->data.sequence.items.top && j < y->data.sequence.items.top; i++, j++)
        if (!same(a, cf_yaml_node(a, *i), b, cf_yaml_node(b, *j)))
            return 0;
    return i == x->data.sequence.items.top && j == y->data.sequence.items.top;
}

static int same(const cf_yaml *a, const yaml_node_t *x, const cf_yaml *b, const yaml_node_t *y) {
    if (x->type != y->type)
        return 0;
    if (x->type == YAML_MAPPING_NODE)
        return same_pairs(a, x, b, y, NULL);
    if (x->type == YAML_SEQUENCE_NODE)
        return same_items(a, x, b, y);
    return x->data.scalar.length == y->data.scalar.length &&
           !memcmp(x->data.scalar.value, y->data.scalar.value, x->data.scalar.length);
}

int cf_yaml_same_but(const cf_yaml *a, const cf_yaml *b, const char *section, const char *key) {
    const yaml_node_t *x = cf_yaml_root(a), *y = cf_yaml_root(b);
    const yaml_node_pair_t *p = cf_yaml_find(a, x, section), *q = cf_yaml_find(b, y, section);
    if (!x || !y || !q || !same_pairs(a, x, b, y, section))
        return 0;
    size_t none = 0;
    const yaml_node_t *now = cf_yaml_node(b, q->value);
    if (!p)
        return now->type == YAML_MAPPING_NODE && !next_pair(b, now, &none, key);
    return same_pairs(a, cf_yaml_node(a, p->value), b, now, key);
}
