/* SPDX-License-Identifier: Apache-2.0 */
/* Networks of one operator made from a line of text, for tests of kernels against references. */
#ifndef CHROMAFUSE_TESTS_CL_NET_OPERATOR_CASE_H
#define CHROMAFUSE_TESTS_CL_NET_OPERATOR_CASE_H

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "cl/net/graph.h"
#include "cl/net/net.h"
#include "cl/net/region.h"
#include "tests/test_main.h"

/*
 * inputs, separated by "; ":
 *   x2x17x5x7   given at each run: floats in -2..2; u...: in 0.1..2; s...: with NaN, infinities and
 *               zeros of both signs; b...: truths; k2x3<7: integers 0..6; a shape of nothing is a
 *               scalar
 *   c3x3        constant floats in -1..1; p...: in 0.5..1.5
 *   [1,-2]      constant integers, [1.0,2] floats, one dimension; =5: a scalar; ~0.5: a float one
 *   -           left out
 * attributes, separated by spaces: axis=1 alpha=0.5 pads=[0,1] mode=edge
 */
typedef struct {
    const char *op;
    int opset;
    const char *inputs, *attributes;
    int outputs;      /* 0: one */
    double tolerance; /* relative and absolute; 0: 1e-5 */
} operator_row;

/* What is not said is 0. */
#define ROW(name, version, in, with, ...)                                                          \
    {.op = name, .opset = version, .inputs = in, .attributes = with, __VA_ARGS__},

#define CASE_PORTS 16

typedef struct {
    cf_region region;
    cf_random random;
    cf_value values[4 * CASE_PORTS];
    cf_node nodes[2 * CASE_PORTS + 1];
    cf_model_port inputs[CASE_PORTS], outputs[CASE_PORTS];
    int input_values[CASE_PORTS], output_values[CASE_PORTS];
    void *data[CASE_PORTS]; /* of what is given at each run */
    cf_shape shapes[CASE_PORTS];
    cf_model model;
} operator_case;

static inline void *case_keep(operator_case *c, size_t count, size_t size) {
    void *memory = cf_region_alloc(&c->region, count ? count : 1, size);
    ck_assert_ptr_nonnull(memory);
    return memory;
}

static inline int case_value(operator_case *c) {
    int index = (int)c->model.value_count++;
    ck_assert_int_lt(index, 4 * CASE_PORTS);
    char *name = case_keep(c, 16, 1);
    snprintf(name, 16, "v%d", index);
    c->values[index] = (cf_value){.name = name, .node = -1};
    c->values[index].constant.name = name;
    return index;
}

static inline const char *read_shape(const char *text, cf_shape *shape) {
    *shape = (cf_shape){.rank = 0};
    while (*text >= '0' && *text <= '9') {
        char *end;
        ck_assert_int_lt(shape->rank, CF_NET_RANK);
        shape->dim[shape->rank++] = strtoll(text, &end, 10);
        text = end + (*end == 'x');
    }
    return text;
}

/* "[1,-2]" into integers or, where there is a point in it, floats. */
static inline size_t read_list(operator_case *c, const char *text, int64_t **ints, float **floats) {
    size_t count = 0;
    *ints = case_keep(c, strlen(text), sizeof **ints);
    *floats = case_keep(c, strlen(text), sizeof **floats);
    for (text++; *text && *text != ']'; text += *text == ',') {
        char *end, *other;
        (*floats)[count] = strtof(text, &other);
        (*ints)[count] = strtoll(text, &end, 10);
        ck_assert_ptr_ne(other, text);
        text = other;
        count++;
    }
    return count;
}

static inline float special(cf_random *random, float ordinary) {
    static const float values[] = {NAN, INFINITY, -INFINITY, 0.0F, -0.0F, 3e38F, 1e-40F};
    double u = cf_random_uniform(random);
    return u < 0.35 ? values[(int)(u / 0.05)] : ordinary;
}

static inline float random_float(operator_case *c, char kind) {
    double u = cf_random_uniform(&c->random);
    switch (kind) {
    case 'c': return (float)(2 * u - 1);
    case 'p': return (float)(0.5 + u);
    case 'u': return (float)(0.1 + 1.9 * u);
    case 's': return special(&c->random, (float)(4 * u - 2));
    default: return (float)(4 * u - 2);
    }
}

/* Elements for a token of random numbers. */
static inline void *random_data(operator_case *c, const char *token, const cf_shape *shape,
                                const char *rest, cf_type *type) {
    int64_t count = cf_shape_count(shape), below = *rest == '<' ? strtoll(rest + 1, NULL, 10) : 2;
    *type = *token == 'b' || *token == 'k' ? CF_TYPE_INT64 : CF_TYPE_FLOAT;
    void *data = case_keep(c, (size_t)count, sizeof(int64_t));
    for (int64_t i = 0; i < count; i++)
        if (*type == CF_TYPE_INT64)
            ((int64_t *)data)[i] = (int64_t)(cf_random_uniform(&c->random) * (double)below);
        else
            ((float *)data)[i] = random_float(c, *token);
    return data;
}

/* One input; its value's index, -1 for one that is left out. */
static inline int add_input(operator_case *c, const char *token) {
    if (*token == '-')
        return -1;
    int index = case_value(c);
    cf_tensor *t = &c->values[index].constant;
    int64_t *ints;
    float *floats;
    if (*token == '[') {
        t->type = strchr(token, '.') ? CF_TYPE_FLOAT : CF_TYPE_INT64;
        t->shape = (cf_shape){1, {(int64_t)read_list(c, token, &ints, &floats)}};
        t->data = t->type == CF_TYPE_FLOAT ? (void *)floats : (void *)ints;
    } else if (*token == '=' || *token == '~') {
        read_list(c, token, &ints, &floats);
        t->type = *token == '=' ? CF_TYPE_INT64 : CF_TYPE_FLOAT;
        t->data = *token == '=' ? (void *)ints : (void *)floats;
    } else {
        cf_shape shape;
        cf_type type;
        const char *rest = read_shape(token + 1, &shape);
        void *data = random_data(c, token, &shape, rest, &type);
        if (*token == 'c' || *token == 'p') {
            t->type = type;
            t->shape = shape;
            t->data = data;
            return index;
        }
        size_t at = c->model.input_count++;
        ck_assert_uint_lt(at, CASE_PORTS);
        c->values[index].is_input = 1;
        c->inputs[at] = (cf_model_port){c->values[index].name, type, shape};
        c->input_values[at] = index;
        c->data[at] = data;
        c->shapes[at] = shape;
    }
    return index;
}

static inline cf_attribute read_attribute(operator_case *c, char *text) {
    char *value = strchr(text, '=');
    ck_assert_ptr_nonnull(value);
    *value++ = '\0';
    cf_attribute a = {.name = text};
    int64_t *ints;
    float *floats;
    int point = strchr(value, '.') != NULL;
    if (*value == '[') {
        a.count = read_list(c, value, &ints, &floats);
        a.kind = point ? CF_ATTR_FLOATS : CF_ATTR_INTS;
        a.ints = ints;
        a.floats = floats;
    } else if (strchr("-0123456789", *value)) {
        a.kind = point ? CF_ATTR_FLOAT : CF_ATTR_INT;
        a.i = strtoll(value, NULL, 10);
        a.f = strtof(value, NULL);
    } else {
        a.kind = CF_ATTR_STRING;
        a.s = value;
    }
    return a;
}

/* Appends a node that makes new values. */
static inline cf_node *add_node(operator_case *c, const cf_operator *type, const int *in,
                                int inputs, int outputs) {
    int number = (int)c->model.node_count++;
    cf_node *node = &c->nodes[number];
    int *lists = case_keep(c, (size_t)(inputs + outputs), sizeof *lists);
    char *label = case_keep(c, 64, 1);
    snprintf(label, 64, "%s 'node'", type->name);
    for (int i = 0; i < inputs; i++)
        lists[i] = in[i];
    for (int i = 0; i < outputs; i++) {
        lists[inputs + i] = case_value(c);
        c->values[lists[inputs + i]].node = number;
    }
    *node = (cf_node){.op_type = type->name,
                      .label = label,
                      .type = type,
                      .in = lists,
                      .inputs = inputs,
                      .out = lists + inputs,
                      .outputs = outputs};
    return node;
}

/*
 * The network of a row. `around`: NULL, or a node that is put behind each input and before each
 * output, so that the operator's tensors lie in memory and layout as that node likes.
 */
static inline void make_case(operator_case *c, const operator_row *row, const cf_operator *around) {
    int in[CASE_PORTS], inputs = 0, outputs = row->outputs ? row->outputs : 1;
    cf_attribute *attributes = case_keep(c, 16, sizeof *attributes);
    cf_random_seed(&c->random, 1);
    char *text = cf_region_strdup(&c->region, row->inputs);
    for (char *rest = text, *token; (token = strtok_r(rest, "; ", &rest));)
        in[inputs++] = add_input(c, token);
    for (int i = 0; around && i < inputs; i++)
        if (in[i] >= 0 && c->values[in[i]].is_input)
            in[i] = add_node(c, around, &in[i], 1, 1)->out[0];
    const cf_operator *type = cf_operator_find(row->op);
    ck_assert_msg(type != NULL, "no operator %s", row->op);
    cf_node *node = add_node(c, type, in, inputs, outputs);
    node->attributes = attributes;
    text = cf_region_strdup(&c->region, row->attributes ? row->attributes : "");
    for (char *rest = text, *token; (token = strtok_r(rest, " ", &rest));)
        attributes[node->attribute_count++] = read_attribute(c, token);
    for (int i = 0; i < outputs; i++) {
        int value = around ? add_node(c, around, &node->out[i], 1, 1)->out[0] : node->out[i];
        c->output_values[i] = value;
        c->outputs[i] = (cf_model_port){.name = c->values[value].name};
    }
    c->model.name = "case";
    c->model.values = c->values;
    c->model.nodes = c->nodes;
    c->model.inputs = c->inputs;
    c->model.outputs = c->outputs;
    c->model.input_values = c->input_values;
    c->model.output_values = c->output_values;
    c->model.output_count = (size_t)outputs;
    c->model.info.opset = row->opset;
}

#endif
