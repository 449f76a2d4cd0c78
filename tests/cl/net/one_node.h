/* SPDX-License-Identifier: Apache-2.0 */
/* A network of one node made in memory, run on the device beside its reference. */
#ifndef CHROMAFUSE_TESTS_CL_NET_ONE_NODE_H
#define CHROMAFUSE_TESTS_CL_NET_ONE_NODE_H

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "cl/net/graph.h"
#include "cl/net/net.h"
#include "tests/test_main.h"

/* A node with up to three inputs; with relu set, a Relu behind it that it can take in. Fill it with
 * the functions below, in the order of the node's inputs. */
typedef struct {
    cf_value values[6]; /* inputs 0..2, the node's output 3, Relu's 4 */
    float *data[3];
    int constant[3], relu;
    cf_attribute attributes[12];
    int64_t lists[12][4];
    size_t attribute_count;
    int inputs;
    const char *type;
    /* what `one_node_model` makes of it */
    cf_node nodes[2];
    int in[3], out[2];
    cf_model_port ports[3], result;
    int port_values[3], result_value;
    cf_model model;
} one_node;

static inline float one_node_noise(void) {
    static unsigned state = 1;
    state = state * 1664525u + 1013904223u;
    return (float)(state >> 8) / 8388608.0f - 1.0f;
}

/* An input of noise in -scale..scale; constant: known when the plan is made. */
static inline float *one_node_input(one_node *n, int constant, float scale, cf_shape shape) {
    size_t count = (size_t)cf_shape_count(&shape);
    float *data = cf_alloc(count, sizeof *data);
    ck_assert(data != NULL);
    for (size_t i = 0; i < count; i++)
        data[i] = scale * one_node_noise();
    n->values[n->inputs] = (cf_value){.name = "in", .node = -1, .is_input = !constant};
    n->values[n->inputs].constant = (cf_tensor){.name = "in", .shape = shape};
    n->data[n->inputs] = data;
    n->constant[n->inputs++] = constant;
    return data;
}

static inline void one_node_int(one_node *n, const char *name, int64_t value) {
    n->attributes[n->attribute_count++] =
        (cf_attribute){.name = name, .kind = CF_ATTR_INT, .i = value};
}

static inline void one_node_float(one_node *n, const char *name, float value) {
    n->attributes[n->attribute_count++] =
        (cf_attribute){.name = name, .kind = CF_ATTR_FLOAT, .f = value};
}

static inline void one_node_string(one_node *n, const char *name, const char *value) {
    n->attributes[n->attribute_count++] =
        (cf_attribute){.name = name, .kind = CF_ATTR_STRING, .s = value};
}

static inline void one_node_ints(one_node *n, const char *name, const int *values, size_t count) {
    int64_t *list = n->lists[n->attribute_count];
    for (size_t i = 0; i < count; i++)
        list[i] = values[i];
    n->attributes[n->attribute_count++] =
        (cf_attribute){.name = name, .kind = CF_ATTR_INTS, .ints = list, .count = count};
}

static inline const cf_model *one_node_model(one_node *n) {
    size_t ports = 0;
    for (int i = 0; i < n->inputs; i++) {
        cf_tensor *t = &n->values[i].constant;
        n->in[i] = i;
        if (n->constant[i]) {
            t->stored = (cf_stored){(const unsigned char *)n->data[i], 1 /* FLOAT */};
            continue;
        }
        n->port_values[ports] = i;
        n->ports[ports++] = (cf_model_port){"in", CF_TYPE_FLOAT, t->shape};
    }
    n->out[0] = 3;
    n->out[1] = 4;
    n->values[3] = (cf_value){.name = "product", .node = 0};
    n->values[4] = (cf_value){.name = "result", .node = n->relu ? 1 : -1};
    n->result = (cf_model_port){"result", CF_TYPE_FLOAT, {.rank = -1}};
    n->result_value = n->out[n->relu];
    n->nodes[0] = (cf_node){.op_type = n->type,
                            .label = n->type,
                            .type = cf_operator_find(n->type),
                            .attributes = n->attributes,
                            .attribute_count = n->attribute_count,
                            .in = n->in,
                            .inputs = n->inputs,
                            .out = &n->out[0],
                            .outputs = 1};
    n->nodes[1] = (cf_node){.op_type = "Relu",
                            .label = "Relu",
                            .type = cf_operator_find("Relu"),
                            .in = &n->out[0],
                            .inputs = 1,
                            .out = &n->out[1],
                            .outputs = 1};
    n->model = (cf_model){.name = "test",
                          .values = n->values,
                          .value_count = 5,
                          .nodes = n->nodes,
                          .node_count = n->relu ? 2 : 1,
                          .inputs = n->ports,
                          .outputs = &n->result,
                          .input_values = n->port_values,
                          .output_values = &n->result_value,
                          .input_count = ports,
                          .output_count = 1,
                          .info = {.opset = 17}};
    return &n->model;
}

static inline void one_node_free(one_node *n) {
    for (int i = 0; i < n->inputs; i++)
        cf_free(n->data[i]);
}

/* Status of planning; memory that nothing wrote is NaN. tune: 1 to measure methods. */
static inline cf_status one_node_plan(cf_cl *cl, one_node *n, int tune, cf_net **net) {
    cf_net_params params = CF_NET_DEFAULTS;
    params.poison = 1;
    params.tune = tune;
    return cf_net_create(cl, one_node_model(n), &params, net);
}

/* The device's result; cf_free it. */
static inline float *one_node_run(cf_cl *cl, const one_node *n, cf_net *net) {
    cf_buffer *in[3], *out;
    size_t bytes = cf_net_port_bytes(cf_net_output(net, 0)), ports = cf_net_input_count(net);
    for (size_t i = 0; i < ports; i++) {
        size_t size = cf_net_port_bytes(cf_net_input(net, i));
        ck_assert_int_eq(cf_buffer_get(cl, size, &in[i]), CF_OK);
        ck_assert_int_eq(cf_buffer_write(in[i], 0, n->data[n->port_values[i]], size), CF_OK);
    }
    ck_assert_int_eq(cf_buffer_get(cl, bytes, &out), CF_OK);
    ck_assert_int_eq(cf_buffer_fill(out, 0xff, bytes), CF_OK); /* NaN */
    float *result = cf_alloc(bytes, 1);
    ck_assert(result != NULL);
    ck_assert_int_eq(cf_net_run(net, (const cf_buffer *const *)in, &out), CF_OK);
    ck_assert_int_eq(cf_buffer_read(out, 0, result, bytes), CF_OK);
    for (size_t i = 0; i < ports; i++)
        cf_buffer_put(&in[i]);
    cf_buffer_put(&out);
    return result;
}

/* The reference's result, which sums in double; cf_free it. */
static inline float *one_node_reference(one_node *n, cf_shape *shape) {
    const void *inputs[3];
    void *out = NULL;
    const cf_model *model = one_node_model(n);
    for (size_t i = 0; i < model->input_count; i++)
        inputs[i] = n->data[n->port_values[i]];
    ck_assert_int_eq(cf_net_reference(model, NULL, inputs, &out, shape), CF_OK);
    return out;
}

/* Largest and mean difference in units of the reference's rms (NaN stays NaN). */
typedef struct {
    double max, mean;
} one_node_error;

static inline one_node_error one_node_check(cf_cl *cl, one_node *n, int tune) {
    cf_net *net;
    cf_shape shape;
    one_node_error e = {0, 0};
    double square = 0;
    ck_assert_int_eq(one_node_plan(cl, n, tune, &net), CF_OK);
    ck_assert_int_eq((int)cf_net_output_count(net), 1);
    float *got = one_node_run(cl, n, net), *want = one_node_reference(n, &shape);
    size_t count = (size_t)cf_shape_count(&shape);
    ck_assert(cf_shape_equal(&shape, &cf_net_output(net, 0)->shape));
    for (size_t i = 0; i < count; i++) {
        double d = fabs((double)got[i] - (double)want[i]);
        e.max = d <= e.max ? e.max : d;
        e.mean += d / (double)count;
        square += (double)want[i] * (double)want[i];
    }
    double rms = sqrt(square / (double)count) + 1e-30;
    e.max /= rms;
    e.mean /= rms;
    cf_free(got);
    cf_free(want);
    cf_net_destroy(&net);
    return e;
}

#endif
