/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes, and reading constants as the file has them. */
#include "cl/net/tensor.h"

#include <stdio.h>
#include <string.h>

int64_t cf_shape_span(const cf_shape *shape, int first, int last) {
    int64_t count = 1;
    for (int i = first; i < last; i++)
        count *= shape->dim[i];
    return count;
}

int64_t cf_shape_count(const cf_shape *shape) {
    return cf_shape_span(shape, 0, shape->rank);
}

int cf_shape_equal(const cf_shape *a, const cf_shape *b) {
    if (a->rank != b->rank)
        return 0;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return 0;
    return 1;
}

int cf_shape_valid(const cf_shape *shape) {
    if (shape->rank < 0 || shape->rank > CF_NET_RANK)
        return 0;
    int64_t count = 1;
    for (int i = 0; i < shape->rank; i++) {
        int64_t d = shape->dim[i];
        if (d < 0 || d > CF_NET_ELEMENTS || (d && count > CF_NET_ELEMENTS / d))
            return 0;
        count *= d ? d : 1;
    }
    return 1;
}

int cf_shape_broadcast(const cf_shape *a, const cf_shape *b, cf_shape *out) {
    cf_shape result = {.rank = a->rank > b->rank ? a->rank : b->rank};
    for (int i = 1; i <= result.rank; i++) { /* from the last dimension on */
        int64_t x = i <= a->rank ? a->dim[a->rank - i] : 1;
        int64_t y = i <= b->rank ? b->dim[b->rank - i] : 1;
        if (x != y && x != 1 && y != 1)
            return 0;
        result.dim[result.rank - i] = x == 1 ? y : x;
    }
    *out = result;
    return 1;
}

const char *cf_shape_text(const cf_shape *shape, char text[96]) {
    int used = 0;
    text[0] = 0;
    if (!shape->rank)
        return strcpy(text, "scalar");
    for (int i = 0; i < shape->rank && used < 80; i++)
        used += shape->dim[i] < 0 ? snprintf(text + used, 96 - (size_t)used, "%s?", i ? "x" : "")
                                  : snprintf(text + used, 96 - (size_t)used, "%s%lld", i ? "x" : "",
                                             (long long)shape->dim[i]);
    return text;
}

size_t cf_tensor_bytes(const cf_tensor *t) {
    int64_t count = cf_shape_count(&t->shape);
    if (t->layout == CF_LAYOUT_BLOCKED)
        count = t->shape.dim[0] * CF_NET_BLOCKS(t->shape.dim[1]) * CF_NET_BLOCK * t->shape.dim[2] *
                t->shape.dim[3];
    return (size_t)count * sizeof(float);
}

/* ONNX TensorProto.DataType */
enum {
    ONNX_FLOAT = 1,
    ONNX_UINT8 = 2,
    ONNX_INT8 = 3,
    ONNX_UINT16 = 4,
    ONNX_INT16 = 5,
    ONNX_INT32 = 6,
    ONNX_INT64 = 7,
    ONNX_BOOL = 9,
    ONNX_HALF = 10,
    ONNX_DOUBLE = 11,
    ONNX_UINT32 = 12,
    ONNX_UINT64 = 13,
    ONNX_BFLOAT16 = 16,
};

size_t cf_onnx_type_size(int stored) {
    switch (stored) {
    case ONNX_UINT8:
    case ONNX_INT8:
    case ONNX_BOOL: return 1;
    case ONNX_UINT16:
    case ONNX_INT16:
    case ONNX_HALF:
    case ONNX_BFLOAT16: return 2;
    case ONNX_FLOAT:
    case ONNX_INT32:
    case ONNX_UINT32: return 4;
    case ONNX_DOUBLE:
    case ONNX_INT64:
    case ONNX_UINT64: return 8;
    default: return 0;
    }
}

int cf_onnx_type_class(int stored) {
    switch (stored) {
    case ONNX_FLOAT:
    case ONNX_HALF:
    case ONNX_BFLOAT16:
    case ONNX_DOUBLE: return CF_TYPE_FLOAT;
    default: return cf_onnx_type_size(stored) ? (int)CF_TYPE_INT64 : -1;
    }
}

static float from_bits(uint32_t bits) {
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* IEEE 754 binary16; subnormals by scaling. */
static float from_half(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = (h >> 10) & 31, mantissa = h & 1023;
    if (exponent == 31)
        return from_bits(sign | 0x7f800000 | mantissa << 13);
    if (exponent)
        return from_bits(sign | (exponent + 112) << 23 | mantissa << 13);
    float value = (float)mantissa * 0x1p-24f;
    return sign ? -value : value;
}

int cf_tensor_is_half(const cf_tensor *t) {
    return t->stored.bytes && t->stored.stored == ONNX_HALF;
}

int cf_half_from(float value, uint16_t *out) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t sign = bits >> 16 & 0x8000, rest = bits & 0x7fffffff, half;
    if (rest >= 0x7f800000) /* infinity, NaN */
        half = rest > 0x7f800000 ? 0x7e00 : 0x7c00;
    else if (rest >= 0x38800000) /* 2^-14 and more: the same digits, another exponent */
        half = (rest >> 13) - (112 << 10);
    else /* multiples of 2^-24 */
        half = (uint32_t)(from_bits(rest) * 0x1p24F);
    if (half > 0x7e00)
        return 0;
    *out = (uint16_t)(sign | half);
    return rest > 0x7f800000 || from_half(*out) == value;
}

/* NOLINTBEGIN(bugprone-macro-parentheses): a type and a declared name */
#define READ(type, name, convert)                                                                  \
    for (int64_t i = 0; i < count; i++) {                                                          \
        type name;                                                                                 \
        memcpy(&name, at + (size_t)i * sizeof name, sizeof name);                                  \
        out[i] = convert;                                                                          \
    }                                                                                              \
    break
/* NOLINTEND(bugprone-macro-parentheses) */

void cf_tensor_read(const cf_tensor *t, int64_t first, int64_t count, float *out) {
    if (t->data) {
        memcpy(out, (const float *)t->data + first, (size_t)count * sizeof *out);
        return;
    }
    const unsigned char *at = t->stored.bytes + (size_t)first * cf_onnx_type_size(t->stored.stored);
    switch (t->stored.stored) {
    case ONNX_FLOAT: memcpy(out, at, (size_t)count * sizeof *out); break;
    case ONNX_HALF: READ(uint16_t, h, from_half(h));
    case ONNX_BFLOAT16: READ(uint16_t, h, from_bits((uint32_t)h << 16));
    case ONNX_DOUBLE: READ(double, d, (float)d);
    default: break;
    }
}

void cf_tensor_read_int(const cf_tensor *t, int64_t first, int64_t count, int64_t *out) {
    if (t->data) {
        memcpy(out, (const int64_t *)t->data + first, (size_t)count * sizeof *out);
        return;
    }
    const unsigned char *at = t->stored.bytes + (size_t)first * cf_onnx_type_size(t->stored.stored);
    switch (t->stored.stored) {
    case ONNX_BOOL:
    case ONNX_UINT8: READ(uint8_t, v, v);
    case ONNX_INT8: READ(int8_t, v, (int64_t)v); /* NOLINT(bugprone-signed-char-misuse) */
    case ONNX_UINT16: READ(uint16_t, v, v);
    case ONNX_INT16: READ(int16_t, v, v);
    case ONNX_INT32: READ(int32_t, v, v);
    case ONNX_UINT32: READ(uint32_t, v, v);
    case ONNX_INT64: READ(int64_t, v, v);
    case ONNX_UINT64: READ(uint64_t, v, (int64_t)v);
    default: break;
    }
}
