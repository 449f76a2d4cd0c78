/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a cf_model: what the reader makes and plans are made from. */
#ifndef CHROMAFUSE_CL_NET_GRAPH_H
#define CHROMAFUSE_CL_NET_GRAPH_H

#include "cl/net/model.h"
#include "cl/net/operator.h"

/* Limits on what a file may hold. */
#define CF_GRAPH_NOTES 16
#define CF_GRAPH_NODES 20000
#define CF_GRAPH_VALUES 60000
#define CF_GRAPH_ATTRIBUTES 64

/* Something nodes read or write. Each value has exactly one origin: a network input, a constant of
 * the file, or one node's output. */
typedef struct {
    const char *name;
    int node;           /* that writes it; -1: input or constant */
    int is_input;       /* given at each run */
    cf_tensor constant; /* type, shape, `stored` set; used where cf_tensor_is_constant */
} cf_value;

typedef struct {
    const char *op_type;     /* "Conv" */
    const char *label;       /* "Conv 'encoder.0'", or by number or output where it has no name */
    const cf_operator *type; /* NULL: we have no such operator */
    const cf_attribute *attributes;
    size_t attribute_count;
    const int *in; /* indices of values, -1: left out */
    int inputs;
    const int *out;
    int outputs;
} cf_node;

/* An entry of the file's metadata. */
typedef struct {
    const char *key, *value;
} cf_note;

struct cf_model {
    const char *name; /* of the file, for messages */
    cf_value *values;
    size_t value_count;
    cf_node *nodes; /* every node behind those that it reads from */
    size_t node_count;
    cf_model_port *inputs, *outputs;
    int *input_values, *output_values;
    size_t input_count, output_count;
    cf_model_operator *operators;
    size_t operator_count;
    cf_model_info info;
    cf_note notes[CF_GRAPH_NOTES];
    size_t note_count;
    /* What holds it all; the reader's affair. */
    void *arena;
    void *mapping;
    size_t mapping_bytes;
};

#endif
