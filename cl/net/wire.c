/* SPDX-License-Identifier: Apache-2.0 */
/* The protobuf wire format (protobuf.dev/programming-guides/encoding), bounds-checked. */
#include "cl/net/wire.h"

#include <string.h>

/* A base-128 number of at most ten bytes; 0 when it does not end in time. */
static int take_varint(cf_span *from, uint64_t *out) {
    *out = 0;
    for (unsigned shift = 0; shift < 70 && from->size; shift += 7) {
        unsigned char byte = *from->at++;
        from->size--;
        *out |= shift < 64 ? (uint64_t)(byte & 127) << shift : 0;
        if (byte < 128)
            return 1;
    }
    return 0;
}

static int take_bytes(cf_span *from, uint64_t count, cf_span *out) {
    if (count > from->size)
        return 0;
    *out = (cf_span){from->at, (size_t)count};
    from->at += count;
    from->size -= (size_t)count;
    return 1;
}

static int take_fixed(cf_span *from, size_t bytes, uint64_t *out) {
    cf_span span;
    if (!take_bytes(from, bytes, &span))
        return 0;
    *out = 0;
    for (size_t i = 0; i < bytes; i++)
        *out |= (uint64_t)span.at[i] << 8 * i;
    return 1;
}

int cf_wire_next(cf_span *message, cf_wire_field *field) {
    cf_span rest = *message;
    uint64_t tag, length;
    int fine = 0;
    *field = (cf_wire_field){0};
    if (!rest.size)
        return 0;
    if (!take_varint(&rest, &tag) || tag >> 3 == 0 || tag >> 32)
        return -1;
    field->number = (uint32_t)(tag >> 3);
    field->type = (int)(tag & 7);
    if (field->type == 0)
        fine = take_varint(&rest, &field->value);
    else if (field->type == 1)
        fine = take_fixed(&rest, 8, &field->value);
    else if (field->type == 2)
        fine = take_varint(&rest, &length) && take_bytes(&rest, length, &field->bytes);
    else if (field->type == 5)
        fine = take_fixed(&rest, 4, &field->value);
    if (!fine)
        return -1;
    field->whole = (cf_span){message->at, message->size - rest.size};
    *message = rest;
    return 1;
}

size_t cf_wire_keep(cf_span message, uint64_t keep, unsigned char *out) {
    cf_wire_field field;
    size_t kept = 0;
    int more;
    while ((more = cf_wire_next(&message, &field)) > 0) {
        if (field.number > 63 || !(keep >> field.number & 1))
            continue;
        if (out)
            memcpy(out + kept, field.whole.at, field.whole.size);
        kept += field.whole.size;
    }
    return more ? SIZE_MAX : kept;
}
