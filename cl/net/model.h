/* SPDX-License-Identifier: Apache-2.0 */
/* A network as read from an ONNX file: checked, in order of execution, independent of sizes and
 * devices. */
#ifndef CHROMAFUSE_CL_NET_MODEL_H
#define CHROMAFUSE_CL_NET_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "cl/net/tensor.h"

/* Immutable after loading; may be shared by plans and threads, and must outlive nothing: a plan
 * keeps what it needs. */
typedef struct cf_model cf_model;

#define CF_MODEL_MAX_BYTES ((size_t)1 << 30)

/*
 * Reads an ONNX file (IR version 3 and later, opsets 11 to 20 of the default domain). The file is
 * mapped, weights are not copied; it must not be changed while the model lives. CF_ERR_IO: cannot
 * be read; CF_ERR_FORMAT: not a well-formed model (the message names the node or tensor);
 * CF_ERR_UNSUPPORTED: an opset or feature we lack. An operator that we lack is no error here but in
 * cf_net_create, so that `model info` can list it.
 */
cf_status cf_model_load(const char *path, cf_model **out);

/* The same from memory, which must live as long as the model; `name` for messages. */
cf_status cf_model_parse(const void *data, size_t size, const char *name, cf_model **out);

/* Safe on NULL; clears the pointer. */
void cf_model_destroy(cf_model **model);

/* An input that must be given, or an output. */
typedef struct {
    const char *name;
    cf_type type;
    cf_shape shape; /* -1 where the file leaves a dimension open; rank -1: nothing is said */
} cf_model_port;

size_t cf_model_input_count(const cf_model *model);
size_t cf_model_output_count(const cf_model *model);
const cf_model_port *cf_model_input(const cf_model *model, size_t index);
const cf_model_port *cf_model_output(const cf_model *model, size_t index);

/* One row per operator type, sorted by name. */
typedef struct {
    const char *name;
    size_t count;
    int supported;
} cf_model_operator;
const cf_model_operator *cf_model_operators(const cf_model *model, size_t *count);

typedef struct {
    const char *name;     /* of the file, for messages */
    const char *producer; /* "pytorch 2.4.0", "" when not said */
    int opset, ir_version;
    size_t nodes, constants;
    int64_t weights; /* elements of float constants */
    size_t file_bytes;
} cf_model_info;
cf_model_info cf_model_describe(const cf_model *model);

/*
 * What the file's metadata (ModelProto.metadata_props) says under a key, made printable and cut at
 * 120 bytes; NULL: nothing. Only keys that begin with "chromafuse." are kept, and of these the
 * first 16.
 */
const char *cf_model_metadata(const cf_model *model, const char *key);

/* Lets the system take back the mapped file's pages; they are read again when needed. */
void cf_model_forget_pages(const cf_model *model);

#endif
