/* SPDX-License-Identifier: Apache-2.0 */
/* Walking a protobuf message field by field without copying it: for files whose bulk is weights. */
#ifndef CHROMAFUSE_CL_NET_WIRE_H
#define CHROMAFUSE_CL_NET_WIRE_H

#include <stddef.h>
#include <stdint.h>

/* Bytes in somebody else's memory; at is NULL where a field was absent. */
typedef struct {
    const unsigned char *at;
    size_t size;
} cf_span;

typedef struct {
    uint32_t number;
    int type;       /* 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes */
    uint64_t value; /* of types 0, 1 and 5 */
    cf_span bytes;  /* of type 2: the content */
    cf_span whole;  /* with tag and length */
} cf_wire_field;

/* Takes the next field off `message`, which shrinks. 1: there was one; 0: at the end; -1: the
 * message is malformed or ends too early. Groups count as malformed: ONNX has none. */
int cf_wire_next(cf_span *message, cf_wire_field *field);

/* Copies the fields whose numbers are bits of `keep` (below 64), in order, to out, which may be
 * NULL; returns how many bytes that makes, SIZE_MAX when the message is malformed. */
size_t cf_wire_keep(cf_span message, uint64_t keep, unsigned char *out);

#endif
