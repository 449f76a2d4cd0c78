/* SPDX-License-Identifier: Apache-2.0 */
/* From YAML's tree to numbers. */
#include "calib/opencv_yaml.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "calib/yaml_text.h"

static void copy_text(const yaml_node_t *n, char out[64]) {
    snprintf(out, 64, "%s", n->type == YAML_SCALAR_NODE ? (char *)n->data.scalar.value : "");
}

static void refuse(cf_opencv_value *v, const char *why) {
    if (v->count >= 0)
        v->wrong = why;
    v->count = -1;
}

static void add_number(const yaml_node_t *n, cf_opencv_value *v) {
    const char *text = (const char *)n->data.scalar.value;
    char *end = NULL;
    double number = strtod(text, &end);
    if (v->count < 0)
        return;
    if (v->count == CF_OPENCV_NUMBERS)
        refuse(v, "has more numbers than any such value");
    else if (end == text || *end || !isfinite(number) || strpbrk(text, "xX"))
        refuse(v, "has something that is no finite number");
    else
        v->number[v->count++] = number;
}

/* Lists in lists, as deep as cf_yaml_parse lets them be. */
static void add_all(const cf_yaml *d, const yaml_node_t *n, cf_opencv_value *v) {
    if (n->type == YAML_SCALAR_NODE)
        add_number(n, v);
    if (n->type == YAML_MAPPING_NODE)
        refuse(v, "is no matrix and no list of numbers");
    if (n->type != YAML_SEQUENCE_NODE)
        return;
    const yaml_node_item_t *i = n->data.sequence.items.start;
    for (; i < n->data.sequence.items.top && v->count >= 0; i++)
        add_all(d, cf_yaml_node(d, *i), v);
}

/* A whole number 0..10000 of a matrix' mapping; -1 when it is none. */
static int extent(const cf_yaml *d, const yaml_node_t *mapping, const char *key) {
    const yaml_node_pair_t *p = cf_yaml_find(d, mapping, key);
    const yaml_node_t *n = p ? cf_yaml_node(d, p->value) : NULL;
    if (!n || n->type != YAML_SCALAR_NODE || !n->data.scalar.length || n->data.scalar.length > 5)
        return -1;
    char *end = NULL;
    long value = strtol((const char *)n->data.scalar.value, &end, 10);
    return !*end && value >= 0 && value <= 10000 ? (int)value : -1;
}

/* Numbers per element: "d" 1, "3f" 3; where dt is missing 1. */
static int channels(const cf_yaml *d, const yaml_node_t *mapping) {
    const yaml_node_pair_t *p = cf_yaml_find(d, mapping, "dt");
    const yaml_node_t *n = p ? cf_yaml_node(d, p->value) : NULL;
    if (!n || n->type != YAML_SCALAR_NODE)
        return 1;
    long value = strtol((const char *)n->data.scalar.value, NULL, 10);
    return value >= 1 && value <= 512 ? (int)value : 1; /* OpenCV's CV_CN_MAX */
}

static void read_matrix(const cf_yaml *d, const yaml_node_t *n, cf_opencv_value *v) {
    int rows = extent(d, n, "rows"), columns = extent(d, n, "cols");
    const yaml_node_pair_t *p = cf_yaml_find(d, n, "data");
    if (rows < 0 || columns < 0 || !p) {
        refuse(v, "is no matrix: it needs rows, cols and data");
        return;
    }
    add_all(d, cf_yaml_node(d, p->value), v);
    if (v->count >= 0 && (long)rows * columns * channels(d, n) != v->count)
        refuse(v, "is no matrix: data has not rows times cols numbers");
}

static cf_status walk(const cf_yaml *d, cf_status (*take)(void *, cf_opencv_value *),
                      void *target) {
    const yaml_node_t *root = cf_yaml_root(d);
    if (!root)
        return CF_OK;
    const yaml_node_pair_t *p = root->data.mapping.pairs.start;
    for (; p < root->data.mapping.pairs.top; p++) {
        const yaml_node_t *value = cf_yaml_node(d, p->value);
        cf_opencv_value v = {.wrong = ""};
        copy_text(cf_yaml_node(d, p->key), v.key);
        copy_text(value, v.text);
        if (value->type == YAML_MAPPING_NODE)
            read_matrix(d, value, &v);
        else
            add_all(d, value, &v);
        for (int i = v.count < 0 ? 0 : v.count; i < CF_OPENCV_NUMBERS; i++)
            v.number[i] = 0;
        CF_TRY(take(target, &v));
    }
    return CF_OK;
}

cf_status cf_opencv_yaml_read(const char *name, const char *text, size_t size,
                              cf_status (*take)(void *target, cf_opencv_value *value),
                              void *target) {
    cf_yaml d;
    size_t start = size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0;
    if (size > start && text[start] == '<')
        return cf_fail(CF_ERR_FORMAT, "%s: is XML; let OpenCV write it as .yml", name);
    if (size && memchr(text, 0, size))
        return cf_fail(CF_ERR_FORMAT, "%s: is not a text file", name);
    char *copy = cf_alloc(size + 1, 1);
    if (!copy)
        return CF_ERR_MEMORY;
    memcpy(copy, text, size);
    if (!strncmp(copy + start, "%YAML", 5))
        copy[start] = '#'; /* a comment keeps the line numbers */
    cf_status status = cf_yaml_parse(name, copy, &d);
    if (status == CF_OK) {
        status = walk(&d, take, target);
        yaml_document_delete(&d.tree);
    }
    cf_free(copy);
    return status;
}
