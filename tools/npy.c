/* SPDX-License-Identifier: Apache-2.0 */
/* The .npy format as numpy.lib.format defines it: magic, version, a Python dictionary, the data. */
#include "tools/npy.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"

/* NumPy's letter and size, and what ONNX calls the same thing. */
static const struct {
    char code[3];
    int onnx;
} types[] = {{"f2", 10}, {"f4", 1}, {"f8", 11}, {"i1", 3},  {"i2", 5},  {"i4", 6},
             {"i8", 7},  {"u1", 2}, {"u2", 4},  {"u4", 12}, {"u8", 13}, {"b1", 9}};

/* The header's text, read from the left; no character after `end` is looked at. */
typedef struct {
    const char *at, *end;
    const char *name;
} text;

typedef struct {
    int onnx, has_type, has_order, has_shape, fortran;
    cf_shape shape;
} header;

static cf_status damaged(const text *t) {
    return cf_fail(CF_ERR_FORMAT, "%s: the header of this NumPy file is damaged", t->name);
}

static int skip(text *t, char c) {
    while (t->at < t->end && (*t->at == ' ' || *t->at == '\n'))
        t->at++;
    if (t->at == t->end || *t->at != c)
        return 0;
    t->at++;
    return 1;
}

static int skip_word(text *t, const char *word) {
    size_t n = strlen(word);
    while (t->at < t->end && *t->at == ' ')
        t->at++;
    if ((size_t)(t->end - t->at) < n || memcmp(t->at, word, n) != 0)
        return 0;
    t->at += n;
    return 1;
}

/* A string without escapes into out[16]. */
static int take_string(text *t, char out[16]) {
    size_t n = 0;
    char quote = skip(t, '\'') ? '\'' : '"';
    if (quote == '"' && !skip(t, '"'))
        return 0;
    for (; t->at < t->end && *t->at != quote; t->at++) {
        if (n == 15)
            return 0;
        out[n++] = *t->at;
    }
    out[n] = '\0';
    return t->at++ < t->end;
}

static cf_status take_type(text *t, header *h) {
    char code[16];
    h->has_type = 1;
    if (!take_string(t, code)) /* a list of fields, too, ends here */
        return cf_fail(CF_ERR_UNSUPPORTED, "%s: its elements are no plain numbers", t->name);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strlen(code) == 3 && !memcmp(code + 1, types[i].code, 2))
            h->onnx = types[i].onnx;
    if (h->onnx && code[0] == '>' && cf_onnx_type_size(h->onnx) > 1)
        return cf_fail(CF_ERR_UNSUPPORTED,
                       "%s: big-endian numbers ('%s'); store it with .astype('<%s')", t->name, code,
                       code + 1);
    if (!h->onnx || !strchr("<|=>", code[0]))
        return cf_fail(CF_ERR_UNSUPPORTED, "%s: elements of type '%s' are not read", t->name, code);
    return CF_OK;
}

static cf_status take_shape(text *t, header *h) {
    h->has_shape = 1;
    if (!skip(t, '('))
        return damaged(t);
    while (!skip(t, ')')) {
        int64_t value = 0;
        int digits = 0;
        for (; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++, digits++)
            value = value > CF_NET_ELEMENTS ? value : value * 10 + (*t->at - '0');
        if (!digits)
            return damaged(t);
        if (h->shape.rank == CF_NET_RANK)
            return cf_fail(CF_ERR_UNSUPPORTED, "%s: more than %d dimensions", t->name, CF_NET_RANK);
        h->shape.dim[h->shape.rank++] = value;
        if (!skip(t, ',') && !(t->at < t->end && *t->at == ')'))
            return damaged(t);
    }
    if (!cf_shape_valid(&h->shape))
        return cf_fail(CF_ERR_FORMAT, "%s: the array is too large", t->name);
    return CF_OK;
}

static cf_status take_order(text *t, header *h) {
    h->has_order = 1;
    h->fortran = skip_word(t, "True");
    return h->fortran || skip_word(t, "False") ? CF_OK : damaged(t);
}

static cf_status take_header(text *t, header *h) {
    if (!skip(t, '{'))
        return damaged(t);
    while (!skip(t, '}')) {
        char key[16];
        if (!take_string(t, key) || !skip(t, ':'))
            return damaged(t);
        if (!strcmp(key, "descr") && !h->has_type)
            CF_TRY(take_type(t, h));
        else if (!strcmp(key, "shape") && !h->has_shape)
            CF_TRY(take_shape(t, h));
        else if (!strcmp(key, "fortran_order") && !h->has_order)
            CF_TRY(take_order(t, h));
        else
            return damaged(t);
        (void)skip(t, ',');
    }
    if (!h->has_type || !h->has_shape || !h->has_order)
        return damaged(t);
    if (h->fortran && h->shape.rank > 1)
        return cf_fail(CF_ERR_UNSUPPORTED,
                       "%s: stored column by column; store numpy.ascontiguousarray of it", t->name);
    return CF_OK;
}

/* Where the header's text lies; 0 when this is no .npy file. */
static int find_header(const unsigned char *bytes, size_t size, size_t *start, size_t *length) {
    if (size < 12 || memcmp(bytes, "\x93NUMPY", 6) != 0 || bytes[6] < 1 || bytes[6] > 3)
        return 0;
    *start = bytes[6] == 1 ? 10 : 12;
    *length = (size_t)bytes[8] | (size_t)bytes[9] << 8;
    if (bytes[6] > 1)
        *length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    return *length <= size - *start;
}

cf_status cf_npy_parse(const void *bytes, size_t size, const char *name, cf_npy *out) {
    size_t start, length;
    header h = {0};
    *out = (cf_npy){0};
    if (!find_header(bytes, size, &start, &length))
        return cf_fail(CF_ERR_FORMAT, "%s: not a NumPy file (.npy), or cut short", name);
    text t = {(const char *)bytes + start, (const char *)bytes + start + length, name};
    CF_TRY(take_header(&t, &h));
    size_t count = (size_t)cf_shape_count(&h.shape), data = size - start - length;
    if (data != count * cf_onnx_type_size(h.onnx))
        return cf_fail(CF_ERR_FORMAT, "%s: %zu bytes of data, where its shape makes %zu", name,
                       data, count * cf_onnx_type_size(h.onnx));
    const cf_tensor stored = {.name = name,
                              .stored = {(const unsigned char *)bytes + start + length, h.onnx}};
    out->type = (cf_type)cf_onnx_type_class(h.onnx);
    out->shape = h.shape;
    out->data = cf_alloc(count, out->type == CF_TYPE_FLOAT ? sizeof(float) : sizeof(int64_t));
    if (!out->data)
        return CF_ERR_MEMORY;
    if (out->type == CF_TYPE_FLOAT)
        cf_tensor_read(&stored, 0, (int64_t)count, out->data);
    else
        cf_tensor_read_int(&stored, 0, (int64_t)count, out->data);
    return CF_OK;
}

cf_status cf_npy_read(const char *path, cf_npy *out) {
    char *bytes;
    size_t size;
    *out = (cf_npy){0};
    CF_TRY(cf_file_read(path, CF_NPY_MAX_BYTES, &bytes, &size));
    cf_status status = cf_npy_parse(bytes, size, path, out);
    cf_free(bytes);
    return status;
}

/* Fills the header of the format's version 1.0; how long it is: a multiple of 64. */
static size_t make_header(const cf_npy *array, char out[512]) {
    char shape[256] = "";
    int used = 0;
    for (int i = 0; i < array->shape.rank; i++)
        used += snprintf(shape + used, sizeof shape - (size_t)used, "%lld,%s",
                         (long long)array->shape.dim[i], i + 1 < array->shape.rank ? " " : "");
    int n = snprintf(out + 10, 500, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                     array->type == CF_TYPE_FLOAT ? "<f4" : "<i8", shape);
    size_t total = ((size_t)n + 10 + 1 + 63) / 64 * 64;
    memset(out + 10 + n, ' ', total - 10 - (size_t)n - 1);
    out[total - 1] = '\n';
    memcpy(out, "\x93NUMPY\x01", 8); /* with the terminator: minor version 0 */
    out[8] = (char)((total - 10) & 255);
    out[9] = (char)((total - 10) >> 8);
    return total;
}

cf_status cf_npy_write(const char *path, const cf_npy *array) {
    char head[512];
    cf_file_out *file;
    size_t count = (size_t)cf_shape_count(&array->shape);
    CF_TRY(cf_file_create(path, &file));
    size_t length = make_header(array, head);
    fwrite(head, 1, length, cf_file_stream(file));
    fwrite(array->data, array->type == CF_TYPE_FLOAT ? sizeof(float) : sizeof(int64_t), count,
           cf_file_stream(file));
    return cf_file_commit(&file); /* reports what was not written */
}

void cf_npy_clear(cf_npy *array) {
    cf_free(array->data);
    *array = (cf_npy){0};
}
