/* SPDX-License-Identifier: Apache-2.0 */
/* The official ONNX operator tests as files: a model, and tensors that go in and come out. */
#ifndef CHROMAFUSE_TESTS_CL_NET_ONNX_CASE_H
#define CHROMAFUSE_TESTS_CL_NET_ONNX_CASE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cl/net/graph.h"
#include "cl/net/wire.h"
#include "tests/test_main.h"

#define FOLDER "/usr/share/libonnx-testdata/data/node"
#define FILES 16 /* inputs or outputs of a case */

typedef struct {
    unsigned char *at;
    size_t size, room;
} bytes;

typedef struct {
    const char *name;
    bytes model, in[FILES], out[FILES];
    int inputs, outputs;
    char operators[256]; /* " Add Conv " */
} onnx_case;

static inline void add(bytes *b, const void *data, size_t size) {
    if (b->size + size > b->room) {
        unsigned char *grown = calloc(1, 2 * (b->size + size) + 64);
        ck_assert_ptr_nonnull(grown);
        if (b->size)
            memcpy(grown, b->at, b->size);
        free(b->at);
        b->at = grown;
        b->room = 2 * (b->size + size) + 64;
    }
    if (size)
        memcpy(b->at + b->size, data, size);
    b->size += size;
}

static inline void add_varint(bytes *b, uint64_t value) {
    for (; value > 127; value >>= 7)
        add(b, (unsigned char[]){(unsigned char)(value | 128)}, 1);
    add(b, (unsigned char[]){(unsigned char)value}, 1);
}

static inline void add_field(bytes *b, unsigned number, const void *data, size_t size) {
    add_varint(b, number << 3 | 2);
    add_varint(b, size);
    add(b, data, size);
}

static inline int read_file(const char *folder, const char *name, bytes *out) {
    char path[1024], chunk[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    if (!f)
        return 0;
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
        add(out, chunk, n);
    fclose(f);
    return 1;
}

static inline int read_case(const char *name, onnx_case *c) {
    char folder[768], file[64];
    *c = (onnx_case){.name = name};
    snprintf(folder, sizeof folder, "%s/%s", FOLDER, name);
    if (!read_file(folder, "model.onnx", &c->model))
        return 0;
    for (; c->inputs < FILES; c->inputs++) {
        snprintf(file, sizeof file, "test_data_set_0/input_%d.pb", c->inputs);
        if (!read_file(folder, file, &c->in[c->inputs]))
            break;
    }
    for (; c->outputs < FILES; c->outputs++) {
        snprintf(file, sizeof file, "test_data_set_0/output_%d.pb", c->outputs);
        if (!read_file(folder, file, &c->out[c->outputs]))
            break;
    }
    return 1;
}

static inline void free_case(onnx_case *c) {
    free(c->model.at);
    for (int i = 0; i < FILES; i++) {
        free(c->in[i].at);
        free(c->out[i].at);
    }
}

static inline int is_text(cf_span span, const char *text) {
    return span.size == strlen(text) && !memcmp(span.at, text, span.size);
}

/* Whether all operators are ours; the reader is not asked, for it may refuse the file. */
static inline int is_ours(onnx_case *c) {
    cf_wire_field model, graph, node;
    cf_span m = {c->model.at, c->model.size};
    int ours = 1;
    while (cf_wire_next(&m, &model) > 0) {
        cf_span g = model.bytes;
        while (model.number == 7 && cf_wire_next(&g, &graph) > 0) {
            cf_span n = graph.bytes;
            char name[64] = "";
            while (graph.number == 1 && cf_wire_next(&n, &node) > 0) {
                if (node.number == 4)
                    snprintf(name, sizeof name, "%.*s", (int)node.bytes.size,
                             (const char *)node.bytes.at);
                if (node.number == 7 && node.bytes.size && !is_text(node.bytes, "ai.onnx"))
                    ours = 0;
            }
            if (!*name)
                continue;
            ours = ours && (cf_operator_find(name) || !strcmp(name, "Constant")); /* the reader's */
            char word[72];
            snprintf(word, sizeof word, " %s ", name);
            size_t used = strlen(c->operators);
            if (!strstr(c->operators, word) && used + strlen(word) < sizeof c->operators)
                snprintf(c->operators + used, sizeof c->operators - used, "%s",
                         used ? word + 1 : word);
        }
    }
    return ours && *c->operators;
}

/* A GraphProto with at most `outputs` outputs of its own and of its nodes. */
static inline void add_graph(bytes *b, cf_span graph, int outputs) {
    cf_wire_field field, inner;
    int own = 0;
    while (cf_wire_next(&graph, &field) > 0) {
        bytes node = {0};
        int made = 0;
        cf_span n = field.bytes;
        while (field.number == 1 && cf_wire_next(&n, &inner) > 0)
            if (inner.number != 2 || made++ < outputs)
                add(&node, inner.whole.at, inner.whole.size);
        if (field.number == 1)
            add_field(b, 1, node.at, node.size);
        else if (field.number != 12 || own++ < outputs)
            add(b, field.whole.at, field.whole.size);
        free(node.at);
    }
}

/* The case's model with inputs whose bit is set in `fixed` given as initializers, at most `outputs`
 * outputs, and opsets before 11 called 11: where an operator has changed since, the case is in the
 * list of those that are not run. */
static inline bytes make_model(const onnx_case *c, unsigned fixed, int outputs) {
    bytes out = {0}, graph = {0}, set = {0};
    cf_wire_field field, inner;
    cf_span m = {c->model.at, c->model.size};
    while (cf_wire_next(&m, &field) > 0) {
        if (field.number == 7)
            add_graph(&graph, field.bytes, outputs);
        else if (field.number != 8)
            add(&out, field.whole.at, field.whole.size);
        cf_span s = field.bytes;
        uint64_t version = 11;
        while (field.number == 8 && cf_wire_next(&s, &inner) > 0)
            if (inner.number == 2)
                version = inner.value;
        if (field.number == 8) {
            add_varint(&set, 2 << 3);
            add_varint(&set, version < 11 ? 11 : version);
            add_field(&out, 8, set.at, set.size);
            set.size = 0;
        }
    }
    for (int i = 0; i < c->inputs; i++)
        if (fixed >> i & 1)
            add_field(&graph, 5, c->in[i].at, c->in[i].size);
    add_field(&out, 7, graph.at, graph.size);
    free(graph.at);
    free(set.at);
    return out;
}

/* A stored tensor, as the one constant of a model; NULL where we do not read its type. */
static inline cf_model *read_tensor(const bytes *file) {
    bytes model = {0}, graph = {0}, value = {0};
    cf_wire_field field;
    cf_span walk = {file->at, file->size}, name = {0};
    while (cf_wire_next(&walk, &field) > 0)
        if (field.number == 8)
            name = field.bytes;
    add_field(&value, 1, name.at, name.size);
    add_field(&graph, 5, file->at, file->size);
    add_field(&graph, 12, value.at, value.size);
    add(&model, "\x08\x08\x42\x02\x10\x0b", 6); /* IR version 8, opset 11 */
    add_field(&model, 7, graph.at, graph.size);
    cf_model *out;
    if (cf_model_parse(model.at, model.size, "tensor", &out) != CF_OK)
        out = NULL;
    free(value.at);
    free(graph.at);
    if (out) /* its elements lie in there */
        out->mapping = NULL;
    static bytes kept[2 * FILES];
    static int next;
    free(kept[next].at);
    kept[next] = model;
    next = (next + 1) % (2 * FILES);
    return out;
}

static inline const cf_tensor *tensor_of(const cf_model *m) {
    return &m->values[m->output_values[0]].constant;
}

#endif
