/* SPDX-License-Identifier: Apache-2.0 */
/* Running a network: planned once for given input sizes, then run on device buffers without
 * allocating, compiling or waiting. */
#ifndef CHROMAFUSE_CL_NET_NET_H
#define CHROMAFUSE_CL_NET_NET_H

#include "cl/device.h"
#include "cl/net/model.h"

/* A plan with its packed weights and memory on one device. */
typedef struct cf_net cf_net;

typedef struct {
    /* Shapes of the inputs in the model's order. NULL: as the file says; an error where it leaves
     * dimensions open. */
    const cf_shape *shapes;
    size_t shape_count; /* as many as the model has inputs, or 0 */
    /* Per input of the model: NULL, or all its elements (float32), which then never change: runs do
     * not look at that input, and what depends on it alone is computed now. Products with one that
     * is all 0 count as 0 whatever the other factor, and what only they need is left out. NULL: no
     * input is fixed. */
    const float *const *fixed;
    int tune;    /* 1: time the suitable methods of each node, keep the choice on disk; 0: what is
                    stored, else    good defaults */
    int profile; /* 1: each node's launches go to the profile under its label (cl/profile.h) */
    int lanes; /* work-items of a group for kernels that leave it open, 1..1024; 0: 1 on CPUs, whose
                  kernels are vectors already, 64 elsewhere */
    int unfused; /* 1: no node is taken into the epilogue of another: for tests */
    int poison;  /* 1: memory that no node wrote is NaN at first: for tests */
} cf_net_params;
#define CF_NET_DEFAULTS                                                                            \
    {                                                                                              \
        .shapes = NULL, .shape_count = 0, .fixed = NULL, .tune = 0, .profile = 0, .lanes = 0,      \
        .unfused = 0, .poison = 0                                                                  \
    }

/*
 * Plans the model: folds constants, fuses, lays out memory, packs weights, and builds every kernel
 * by running once on zeros. The model may be destroyed afterwards. CF_ERR_INVALID: shapes do not
 * suit the inputs; CF_ERR_UNSUPPORTED: an operator or a use of one that we lack (the message names
 * the node); CF_ERR_MEMORY: what it needs is more than the device has. params NULL: the defaults.
 */
cf_status cf_net_create(cf_cl *cl, const cf_model *model, const cf_net_params *params,
                        cf_net **out);

/* Puts back all memory; safe on NULL. */
void cf_net_destroy(cf_net **net);

/* Shape and type of an input or output as planned. On the device all are float32, row-major, tight;
 * integers as the nearest float. */
const cf_model_port *cf_net_input(const cf_net *net, size_t index);
const cf_model_port *cf_net_output(const cf_net *net, size_t index);
size_t cf_net_input_count(const cf_net *net);
size_t cf_net_output_count(const cf_net *net);
/* Bytes that a port's buffer must hold at least. */
size_t cf_net_port_bytes(const cf_model_port *port);

/*
 * Queues one run; returns at once. Buffers are the caller's, one per input and output in the
 * model's order (a fixed input's may be NULL); an output's buffer may not be an input's.
 * CF_ERR_INVALID when one is too small.
 */
cf_status cf_net_run(cf_net *net, const cf_buffer *const *inputs, cf_buffer *const *outputs);

typedef struct {
    size_t nodes, launches;  /* nodes left after folding and fusing; launches of a run */
    double gflop;            /* of a run, a multiply-add counted as 2 */
    size_t weight_bytes;     /* packed, on the device */
    size_t arena_bytes;      /* activations and scratch, on the device */
    size_t activation_bytes; /* what activations would take without sharing */
} cf_net_info;
cf_net_info cf_net_describe(const cf_net *net);

/* What a plan at these shapes would compute, without a device: nodes, gflop and activation_bytes
 * (in plain layout, nothing fused). Finds the same faults in the file as cf_net_create. */
cf_status cf_net_measure(const cf_model *model, const cf_shape *shapes, size_t count,
                         cf_net_info *info);

/* The same network by the plain C references on host arrays (float32, or int64_t where the port
 * says so; row-major): slow, the definition of correct. Output arrays are allocated, cf_free them;
 * shapes[] receives their shapes. */
cf_status cf_net_reference(const cf_model *model, const cf_shape *input_shapes,
                           const void *const *inputs, void **outputs, cf_shape *output_shapes);

#endif
