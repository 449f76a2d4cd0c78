/* SPDX-License-Identifier: Apache-2.0 */
/* What operators share: attributes, checks, errors that name the node. */
#include "cl/net/operator.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

const cf_operator *cf_operator_find(const char *name) {
    for (const cf_operator *const *list = cf_operator_lists; *list; list++)
        for (const cf_operator *op = *list; op->name; op++)
            if (!strcmp(op->name, name))
                return op;
    return NULL;
}

const cf_attribute *cf_op_attribute(const cf_op *op, const char *name) {
    for (size_t i = 0; i < op->attribute_count; i++)
        if (!strcmp(op->attributes[i].name, name))
            return &op->attributes[i];
    return NULL;
}

int64_t cf_op_int(const cf_op *op, const char *name, int64_t fallback) {
    const cf_attribute *a = cf_op_attribute(op, name);
    return a && a->kind == CF_ATTR_INT ? a->i : fallback;
}

float cf_op_float(const cf_op *op, const char *name, float fallback) {
    const cf_attribute *a = cf_op_attribute(op, name);
    return a && a->kind == CF_ATTR_FLOAT ? a->f : fallback;
}

const char *cf_op_string(const cf_op *op, const char *name, const char *fallback) {
    const cf_attribute *a = cf_op_attribute(op, name);
    return a && a->kind == CF_ATTR_STRING ? a->s : fallback;
}

const int64_t *cf_op_ints(const cf_op *op, const char *name, size_t *count) {
    const cf_attribute *a = cf_op_attribute(op, name);
    int found = a && a->kind == CF_ATTR_INTS;
    *count = found ? a->count : 0;
    return found ? a->ints : NULL;
}

const float *cf_op_floats(const cf_op *op, const char *name, size_t *count) {
    const cf_attribute *a = cf_op_attribute(op, name);
    int found = a && a->kind == CF_ATTR_FLOATS;
    *count = found ? a->count : 0;
    return found ? a->floats : NULL;
}

const cf_tensor *cf_op_tensor(const cf_op *op, const char *name) {
    const cf_attribute *a = cf_op_attribute(op, name);
    return a && a->kind == CF_ATTR_TENSOR ? a->tensor : NULL;
}

#undef cf_op_fail
cf_status cf_op_fail(const cf_op *op, cf_status status, const char *format, ...) {
    char message[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return cf_fail(status, "%s: %s", op->label, message);
}

cf_status cf_op_axis(const cf_op *op, int64_t axis, int rank, int *out) {
    if (axis < -rank || axis >= rank)
        return cf_op_fail(op, CF_ERR_FORMAT, "axis %lld of a tensor of %d dimensions",
                          (long long)axis, rank);
    *out = (int)(axis < 0 ? axis + rank : axis);
    return CF_OK;
}

cf_status cf_op_constant_ints(const cf_op *op, int port, int64_t *out, size_t max, size_t *count) {
    *count = 0;
    if (port >= op->inputs || !op->in[port])
        return CF_OK;
    const cf_tensor *t = op->in[port];
    if (!cf_tensor_is_constant(t))
        return cf_op_fail(op, CF_ERR_UNSUPPORTED, "input %d ('%s') must be known before the run",
                          port, t->name);
    int64_t n = cf_shape_count(&t->shape);
    if (t->type != CF_TYPE_INT64 || t->shape.rank > 1 || n < 0 || (uint64_t)n > max)
        return cf_op_fail(op, CF_ERR_FORMAT, "input %d ('%s') must be at most %zu integers", port,
                          t->name, max);
    cf_tensor_read_int(t, 0, n, out);
    *count = (size_t)n;
    return CF_OK;
}
