/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the ONNX reader share while a model is read. Private to them. */
#ifndef CHROMAFUSE_CL_NET_READER_H
#define CHROMAFUSE_CL_NET_READER_H

#include "cl/net/graph.h"
#include "cl/net/wire.h"

/* A node as listed in the file, before names are resolved. */
typedef struct {
    cf_node node;
    const char **in_names; /* as in the file; "" for one that is left out */
} cf_draft;

typedef struct {
    cf_model *model; /* being filled */
    size_t budget;   /* bytes that unpacking one message may still take */
    int over_budget, out_of_memory;
    size_t value_room;
    const char **raw; /* name of each value, byte for byte */
    int *slots;       /* hash table over raw: value index + 1, 0 when empty */
    size_t slot_mask;
    cf_draft *drafts;
    size_t draft_count, draft_room, file_nodes;
} cf_reader;

/* A field number as a bit for cf_wire_keep. */
#define CF_FIELD(number) ((uint64_t)1 << (number))

/* Zeroed memory that lives as long as the model; NULL when there is none (logged). */
void *cf_reader_take(cf_reader *r, size_t count, size_t size);
/* Frees the model and all that was taken for it; not its mapping. */
void cf_reader_release(cf_model *model);

/* A copy of a name for people: bytes that no terminal should see and broken UTF-8 become '?', and
 * what is very long is cut. NULL when there is no memory; "" for NULL. */
const char *cf_reader_printable(cf_reader *r, const char *name);
/* Byte for byte; "" for NULL. */
const char *cf_reader_copy(cf_reader *r, const char *name);

/* Fails with "FILE: message". */
cf_status cf_reader_fail(const cf_reader *r, cf_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Unpacks those fields of a message that are in keep (protobuf-c); `what` it is, for the message
 * when it is malformed. Free it with cf_reader_free. */
struct ProtobufCMessageDescriptor;
cf_status cf_reader_unpack(cf_reader *r, const struct ProtobufCMessageDescriptor *type,
                           cf_span message, uint64_t keep, const char *what, void *out);
void cf_reader_free(cf_reader *r, void *message);

/* Index of the value of that name, -1 when there is none. */
int cf_reader_find(const cf_reader *r, const char *raw);
/* A new value; CF_ERR_FORMAT when there is one of that name already, or the name is empty. `what`
 * the value is, for that message. */
cf_status cf_reader_add(cf_reader *r, const char *raw, const char *what, int *index);

/* A TensorProto as a constant; `owner`, when not NULL, is named in errors in place of its name.
 * *raw_name (may be NULL) lives as long as the model. */
cf_status cf_reader_tensor(cf_reader *r, cf_span message, const char *owner, cf_tensor *out,
                           const char **raw_name);
/* A constant made of `count` 4- or 8-byte elements of an ONNX type; they are copied. */
cf_status cf_reader_list(cf_reader *r, int stored, const void *elements, size_t count,
                         cf_tensor *out);

/* A NodeProto: becomes a draft and values for its outputs, or for Constant just a constant. */
cf_status cf_reader_node(cf_reader *r, cf_span message);

/* When all values are there: resolves the drafts' inputs, puts nodes in order of execution, counts
 * operators. */
cf_status cf_reader_link(cf_reader *r);

#endif
