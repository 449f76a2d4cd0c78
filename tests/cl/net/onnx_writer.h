/* SPDX-License-Identifier: Apache-2.0 */
/* Writes small ONNX models by hand (protobuf's wire format), well-formed or not as a test likes. */
#ifndef CHROMAFUSE_TESTS_CL_NET_ONNX_WRITER_H
#define CHROMAFUSE_TESTS_CL_NET_ONNX_WRITER_H

#include <assert.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    unsigned char at[8192];
    size_t size;
} onnx_bytes;

static inline void onnx_varint(onnx_bytes *b, uint64_t value) {
    assert(b->size + 10 <= sizeof b->at);
    for (; value > 127; value >>= 7)
        b->at[b->size++] = (unsigned char)(value | 128);
    b->at[b->size++] = (unsigned char)value;
}

static inline void onnx_int(onnx_bytes *b, unsigned field, int64_t value) {
    onnx_varint(b, field << 3);
    onnx_varint(b, (uint64_t)value);
}

static inline void onnx_data(onnx_bytes *b, unsigned field, const void *data, size_t size) {
    onnx_varint(b, field << 3 | 2);
    onnx_varint(b, size);
    assert(b->size + size <= sizeof b->at);
    if (size)
        memcpy(b->at + b->size, data, size);
    b->size += size;
}

static inline void onnx_text(onnx_bytes *b, unsigned field, const char *text) {
    onnx_data(b, field, text, strlen(text));
}

static inline void onnx_part(onnx_bytes *b, unsigned field, const onnx_bytes *part) {
    onnx_data(b, field, part->at, part->size);
}

static inline void onnx_float(onnx_bytes *b, unsigned field, float value) {
    onnx_varint(b, field << 3 | 5);
    memcpy(b->at + b->size, &value, sizeof value);
    b->size += sizeof value;
}

/* TensorProto with raw data; dims end with -1. */
static inline onnx_bytes onnx_tensor(const char *name, int type, const int64_t *dims,
                                     const void *data, size_t size) {
    onnx_bytes b = {.size = 0};
    for (; *dims >= 0; dims++)
        onnx_int(&b, 1, *dims);
    onnx_int(&b, 2, type);
    onnx_text(&b, 8, name);
    onnx_data(&b, 9, data, size);
    return b;
}

/* ValueInfoProto of a tensor; a dimension of 0 is written by name ("n"). */
static inline onnx_bytes onnx_value(const char *name, int type, const int64_t *dims) {
    onnx_bytes b = {.size = 0}, shape = {.size = 0}, tensor = {.size = 0}, kind = {.size = 0};
    for (; *dims >= 0; dims++) {
        onnx_bytes dim = {.size = 0};
        if (*dims)
            onnx_int(&dim, 1, *dims);
        else
            onnx_text(&dim, 2, "n");
        onnx_part(&shape, 1, &dim);
    }
    onnx_int(&tensor, 1, type);
    onnx_part(&tensor, 2, &shape);
    onnx_part(&kind, 1, &tensor);
    onnx_text(&b, 1, name);
    onnx_part(&b, 2, &kind);
    return b;
}

/* NodeProto without attributes; lists of names separated by spaces, "-" for one left out. */
static inline onnx_bytes onnx_node(const char *op, const char *name, const char *in,
                                   const char *out) {
    onnx_bytes b = {.size = 0};
    for (unsigned field = 1; field <= 2; field++) {
        const char *at = field == 1 ? in : out;
        while (*at) {
            size_t n = strcspn(at, " ");
            onnx_data(&b, field, at, n == 1 && *at == '-' ? 0 : n);
            at += n + (at[n] == ' ');
        }
    }
    onnx_text(&b, 3, name);
    onnx_text(&b, 4, op);
    return b;
}

/* AttributeProto with its kind (1 float, 2 int, 3 string, 4 tensor, 6 floats, 7 ints), no value. */
static inline onnx_bytes onnx_attribute(const char *name, int kind) {
    onnx_bytes b = {.size = 0};
    onnx_text(&b, 1, name);
    onnx_int(&b, 20, kind);
    return b;
}

/* ModelProto around a graph. */
static inline onnx_bytes onnx_model(const onnx_bytes *graph, int opset) {
    onnx_bytes b = {.size = 0}, set = {.size = 0};
    onnx_int(&b, 1, 8);
    onnx_text(&b, 2, "hand");
    onnx_text(&b, 3, "1.0");
    onnx_part(&b, 7, graph);
    onnx_int(&set, 2, opset);
    onnx_part(&b, 8, &set);
    return b;
}

#endif
