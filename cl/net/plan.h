/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the planner: what inferring, fusing, recording and laying out memory share. */
#ifndef CHROMAFUSE_CL_NET_PLAN_H
#define CHROMAFUSE_CL_NET_PLAN_H

#include "cl/internal.h"
#include "cl/net/graph.h"
#include "cl/net/net.h"
#include "cl/net/planner.h"
#include "cl/net/region.h"

/* Device memory that a plan's launches name before it exists. `buffer` is what operators see; its
 * mem is filled in when the arena is laid out, or at each run for the network's ports. */
typedef struct cf_place {
    cf_buffer buffer;
    enum cf_place_kind { CF_PLACE_ARENA, CF_PLACE_CONSTANT, CF_PLACE_INPUT, CF_PLACE_OUTPUT } kind;
    struct cf_place
        *whole; /* lies inside this one, `offset` bytes behind its start; NULL: of its own */
    size_t offset;
    int first, last; /* steps that use it or a part of it; first > last: none */
    int tensor;      /* of a constant: a tensor's own, which any node may name */
    struct cf_place *next;
} cf_place;

/* A tensor of the plan. Operators see `t`. */
typedef struct cf_plan_value {
    cf_tensor t;
    int producer;                /* index of the op that writes it; -1: input or constant */
    int output;                  /* index of the network output it is, else -1 */
    int input;                   /* likewise */
    struct cf_plan_value *other; /* the same in the other layout, once needed */
    cf_place *place;
} cf_plan_value;

/* One thing done at each run. */
typedef struct {
    const cf_cl_source *source; /* a kernel launch, or */
    cf_plan_fn call;            /* a call */
    const char *kernel, *options;
    cf_range range;
    cf_arg *args; /* of a call: the buffers it uses */
    size_t count;
    void *user;
    int op;            /* index of the node it works for, for scratch lifetimes */
    const char *label; /* for profiles */
} cf_step;

struct cf_planner {
    cf_cl *cl; /* NULL while only the host's part is made */
    const cf_model *model;
    cf_net_params params;
    cf_region *keep;       /* lives as long as the network */
    cf_region scratch;     /* lives while planning */
    cf_plan_value *values; /* one per value of the model, then as many as are added */
    cf_op *ops;            /* in order; type NULL: folded, fused or unused */
    int op_count, current; /* op being planned */
    size_t folded;         /* elements made by folding, capped */
    double gflop;

    cf_step *steps;
    size_t step_count, step_room;
    cf_place *places;
    cf_buffer **constants;
    size_t constant_count, constant_room, weight_bytes;
    const char *tuned; /* lines of the tuning file, once read; see tune.c */
    cf_place *empty;   /* one vector of zeros: stands where a kernel's buffer is not used */
};

struct cf_net {
    cf_cl *cl;
    cf_region keep;
    cf_step *steps;
    size_t step_count;
    cf_place *places;
    cf_buffer **constants;
    size_t constant_count;
    cf_buffer *arena;
    cf_model_port *inputs, *outputs;
    cf_place **input_places, **output_places;
    size_t input_count, output_count;
    int profile;
    cf_net_info info;
};

/* infer.c: ops and values from the model at the given input shapes (NULL: the file's own); infers,
 * checks and folds. After it, ops that remain have type set. */
cf_status cf_plan_infer(cf_planner *plan, const cf_shape *shapes, size_t count);
/* The shape an input is planned with, checked against what the file says. */
cf_status cf_plan_input_shape(const cf_model *model, size_t index, const cf_shape *given,
                              cf_shape *out);
cf_plan_value *cf_plan_value_of(cf_tensor *tensor);

/* fuse.c: takes pointwise nodes into their producers' epilogues. */
cf_status cf_plan_fuse(cf_planner *plan);

cf_status cf_plan_record(cf_planner *plan, cf_net *net); /* plan.c: layouts, then every launch */
/* The value in that layout; records the conversion the first time. */
cf_status cf_plan_in_layout(cf_planner *plan, cf_tensor *tensor, cf_layout layout, cf_tensor **out);

cf_status cf_plan_run_step(cf_cl *cl, const cf_step *step); /* net.c */

/* arena.c: offsets of all places in one buffer from their lifetimes; creates it and the views. */
cf_status cf_plan_arena(cf_planner *plan, cf_net *net);

#endif
