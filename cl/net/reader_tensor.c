/* SPDX-License-Identifier: Apache-2.0 */
/* TensorProto to constants: raw bytes stay in the file's mapping, lists are copied. */
#include <onnx.pb-c.h>
#include <stdio.h>
#include <string.h>

#include "cl/net/reader.h"

enum { RAW_DATA = 9, EXTERNAL_DATA = 13 };
/* dims, data_type, lists, name, data_location */
#define KEPT                                                                                       \
    (CF_FIELD(1) | CF_FIELD(2) | CF_FIELD(4) | CF_FIELD(5) | CF_FIELD(7) | CF_FIELD(8) |           \
     CF_FIELD(10) | CF_FIELD(11) | CF_FIELD(14))

enum { ONNX_FLOAT = 1, ONNX_INT64 = 7, ONNX_DOUBLE = 11, ONNX_UINT32 = 12, ONNX_UINT64 = 13 };

static const unsigned char nothing[8]; /* where tensors without elements point */

/* Elements as the file's lists have them, one of which is for the type. */
typedef struct {
    const void *at;
    size_t count, size;
} list;

static list list_of(const Onnx__TensorProto *t) {
    switch (t->data_type) {
    case ONNX_FLOAT: return (list){t->float_data, t->n_float_data, sizeof(float)};
    case ONNX_DOUBLE: return (list){t->double_data, t->n_double_data, sizeof(double)};
    case ONNX_INT64: return (list){t->int64_data, t->n_int64_data, sizeof(int64_t)};
    case ONNX_UINT32:
    case ONNX_UINT64: return (list){t->uint64_data, t->n_uint64_data, sizeof(uint64_t)};
    default: return (list){t->int32_data, t->n_int32_data, sizeof(int32_t)};
    }
}

/* Copies `count` elements of `from` bytes as the low `to` bytes of each (little-endian). */
static const unsigned char *narrow(cf_reader *r, const void *elements, size_t count, size_t from,
                                   size_t to) {
    unsigned char *bytes = cf_reader_take(r, count ? count : 1, to);
    if (bytes && from == to)
        memcpy(bytes, elements, count * to);
    else if (bytes)
        for (size_t i = 0; i < count; i++)
            memcpy(bytes + i * to, (const unsigned char *)elements + i * from, to);
    return bytes;
}

cf_status cf_reader_list(cf_reader *r, int stored, const void *elements, size_t count,
                         cf_tensor *out) {
    size_t size = cf_onnx_type_size(stored);
    *out = (cf_tensor){.name = "", .type = (cf_type)cf_onnx_type_class(stored)};
    out->shape = (cf_shape){.rank = 1, .dim = {(int64_t)count}};
    out->stored.stored = stored;
    out->stored.bytes = count ? narrow(r, elements, count, size, size) : nothing;
    return out->stored.bytes ? CF_OK : CF_ERR_MEMORY;
}

/* Finds raw_data (the last one counts) and whether the data lies in another file. */
static cf_span find_raw(cf_span message, int *external) {
    cf_wire_field field;
    cf_span raw = {0};
    while (cf_wire_next(&message, &field) > 0) {
        if (field.number == RAW_DATA && field.type == 2)
            raw = field.bytes;
        *external |= field.number == EXTERNAL_DATA;
    }
    return raw;
}

static cf_status check_shape(const cf_reader *r, const Onnx__TensorProto *t, const char *label,
                             cf_shape *shape) {
    char text[96];
    if (t->n_dims > CF_NET_RANK)
        return cf_reader_fail(r, CF_ERR_UNSUPPORTED, "%s has %zu dimensions, more than %d", label,
                              t->n_dims, CF_NET_RANK);
    shape->rank = (int)t->n_dims;
    for (size_t i = 0; i < t->n_dims; i++) {
        shape->dim[i] = t->dims[i];
        if (t->dims[i] < 0)
            return cf_reader_fail(r, CF_ERR_FORMAT, "%s has a negative dimension, %lld", label,
                                  (long long)t->dims[i]);
    }
    if (!cf_shape_valid(shape))
        return cf_reader_fail(r, CF_ERR_FORMAT, "%s is too large: %s", label,
                              cf_shape_text(shape, text));
    return CF_OK;
}

static cf_status take_elements(cf_reader *r, const Onnx__TensorProto *t, cf_span raw,
                               const char *label, cf_tensor *out) {
    char text[96];
    size_t size = cf_onnx_type_size(t->data_type), count = (size_t)cf_shape_count(&out->shape);
    if (raw.at && raw.size != count * size)
        return cf_reader_fail(r, CF_ERR_FORMAT, "%s: %zu bytes of data, but %s makes %zu", label,
                              raw.size, cf_shape_text(&out->shape, text), count * size);
    if (raw.at || !count) {
        out->stored.bytes = count ? raw.at : nothing;
        return CF_OK;
    }
    list l = list_of(t);
    if (l.count != count)
        return cf_reader_fail(r, CF_ERR_FORMAT, "%s: %zu elements of data, but %s makes %zu", label,
                              l.count, cf_shape_text(&out->shape, text), count);
    out->stored.bytes = narrow(r, l.at, count, l.size, size);
    return out->stored.bytes ? CF_OK : CF_ERR_MEMORY;
}

static cf_status convert(cf_reader *r, const Onnx__TensorProto *t, cf_span raw, int external,
                         const char *label, cf_tensor *out) {
    int type = cf_onnx_type_class(t->data_type);
    if (external || t->data_location == 1)
        return cf_reader_fail(r, CF_ERR_UNSUPPORTED,
                              "%s: its data lies in another file, which is not read", label);
    if (type < 0)
        return cf_reader_fail(r, t->has_data_type ? CF_ERR_UNSUPPORTED : CF_ERR_FORMAT,
                              "%s: its elements are of ONNX type %d, not numbers that we read",
                              label, (int)t->data_type);
    out->type = (cf_type)type;
    out->stored.stored = t->data_type;
    CF_TRY(check_shape(r, t, label, &out->shape));
    return take_elements(r, t, raw, label, out);
}

cf_status cf_reader_tensor(cf_reader *r, cf_span message, const char *owner, cf_tensor *out,
                           const char **raw_name) {
    Onnx__TensorProto *t;
    int external = 0;
    char label[256];
    memset(out, 0, sizeof *out);
    CF_TRY(cf_reader_unpack(r, &onnx__tensor_proto__descriptor, message, KEPT,
                            owner ? owner : "a tensor", &t));
    cf_span raw = find_raw(message, &external);
    out->name = cf_reader_printable(r, t->name);
    const char *name = raw_name ? cf_reader_copy(r, t->name) : "";
    cf_status status = out->name && name ? CF_OK : CF_ERR_MEMORY;
    if (status == CF_OK) {
        snprintf(label, sizeof label, owner ? "%.240s" : "tensor '%.200s'",
                 owner ? owner : out->name);
        status = convert(r, t, raw, external, label, out);
    }
    if (raw_name)
        *raw_name = name;
    cf_reader_free(r, t);
    return status;
}
