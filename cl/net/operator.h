/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of a network operator: one file family per operator or group, one place to add it.
 */
#ifndef CHROMAFUSE_CL_NET_OPERATOR_H
#define CHROMAFUSE_CL_NET_OPERATOR_H

#include "base/log.h"
#include "cl/net/tensor.h"
#include "cl/program.h"

#define CF_OP_INPUTS 64 /* Concat of many parts needs some */
#define CF_OP_OUTPUTS 32

/* One attribute of a node, as read. Owned by the model. */
typedef struct {
    const char *name;
    enum {
        CF_ATTR_INT,
        CF_ATTR_FLOAT,
        CF_ATTR_STRING,
        CF_ATTR_INTS,
        CF_ATTR_FLOATS,
        CF_ATTR_TENSOR
    } kind;
    int64_t i;
    float f;
    const char *s; /* zero-terminated */
    const int64_t *ints;
    const float *floats;
    size_t count; /* of ints or floats */
    const cf_tensor *tensor;
} cf_attribute;

typedef struct cf_operator cf_operator;
typedef struct cf_planner cf_planner;
typedef struct cf_post cf_post;

/* A node while a plan is made. Lists are in the order of the ONNX specification; an optional input
 * that is left out is NULL. */
typedef struct cf_op {
    const cf_operator *type;
    const char *label; /* "Conv 'encoder.0'": for messages and profiles */
    int opset;
    const cf_attribute *attributes;
    size_t attribute_count;
    cf_tensor *in[CF_OP_INPUTS];
    int inputs; /* as listed, trailing ones that are left out not counted */
    cf_tensor *out[CF_OP_OUTPUTS];
    int outputs;
    cf_layout want[CF_OP_INPUTS]; /* set by `layout`: how the kernels need each input */
    /* What is done to each element before it is stored (planner.h); NULL where the operator does
     * not apply one. For operators with both `absorb` and `applies_post` (pointwise nodes) the
     * planner lets the node absorb itself first: `own` is the input that x is, post->code begins
     * with the node's own code, and `plan` only loads x from in[own], applies the post and stores.
     * own -1: it could not be absorbed (general broadcasting); post holds only what comes behind.
     */
    cf_post *post;
    int own;
} cf_op;

/* Adding an operator: an entry in the array cf_operators_FILE[] of a file that
 * `chromafuse_add_operator(FILE)` names in cl/CMakeLists.txt. */
struct cf_operator {
    const char *name;           /* ONNX name in the default domain */
    int inputs_min, inputs_max; /* those counted in cf_op.inputs */
    int outputs_max;
    /* Attributes understood, "kind:name" with kind i f s (int, float, string), I F (lists) or t
     * (tensor), NULL-terminated; another one, or one of another kind, is an error. NULL: none. */
    const char *const *attributes;

    /*
     * Sets type and shape of every output (shape rules of the ONNX specification) and checks
     * everything that can be wrong about the node: ranks, attribute ranges, indices, overflow.
     * Inputs' shapes are known numbers here. It may also make an output a constant although inputs
     * are not (Shape): set out->data to memory of cf_plan_keep. CF_ERR_FORMAT for a wrong file,
     * CF_ERR_UNSUPPORTED for what we lack, both through cf_op_fail.
     */
    cf_status (*infer)(cf_planner *plan, cf_op *op);

    /* Plain C, row-major host arrays in in[i]->data and out[i]->data (float or int64_t by type):
     * the definition of correct, and what folds constants. Ignores `post`. */
    cf_status (*reference)(const cf_op *op);

    /*
     * Sets want[] for inputs and the outputs' layout, knowing the inputs' layouts. NULL: everything
     * plain. Called in order of execution, before `plan`.
     */
    void (*layout)(cf_op *op);

    /* Records the launches that compute the node, in[] being as `layout` wanted. NULL: the operator
     * works on constants only (the planner then says so, naming the node). */
    cf_status (*plan)(cf_planner *plan, cf_op *op);

    /* 1: `plan` applies op->post to every element it stores, so that pointwise nodes behind it can
     * be taken in. */
    int applies_post;

    /*
     * The node as something done to the value x of input `port` just before it is stored: appends
     * to post. CF_ERR_UNSUPPORTED, nothing logged, when it cannot be. NULL: never. `shape` is that
     * of x. See cf_post in planner.h for what the code may name.
     */
    cf_status (*absorb)(cf_planner *plan, const cf_op *op, int port, cf_post *post);

    /* Floating-point operations at the inferred shapes (a multiply-add counts 2); NULL: none worth
     * counting. */
    double (*flops)(const cf_op *op);
};

/* All operators: generated from chromafuse_add_operator; arrays end with a NULL name, the list with
 * NULL. */
extern const cf_operator *const cf_operator_lists[];
/* NULL when there is none of that name. */
const cf_operator *cf_operator_find(const char *name);

/* Attributes. Names and kinds were checked by the planner against cf_operator.attributes, so that
 * an absent one is all that gives `fallback`. */
int64_t cf_op_int(const cf_op *op, const char *name, int64_t fallback);
float cf_op_float(const cf_op *op, const char *name, float fallback);
const char *cf_op_string(const cf_op *op, const char *name, const char *fallback);
/* NULL and *count = 0 when absent. */
const int64_t *cf_op_ints(const cf_op *op, const char *name, size_t *count);
const float *cf_op_floats(const cf_op *op, const char *name, size_t *count);
const cf_tensor *cf_op_tensor(const cf_op *op, const char *name);
const cf_attribute *cf_op_attribute(const cf_op *op, const char *name);

/* Fails with "LABEL: message". */
cf_status cf_op_fail(const cf_op *op, cf_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#ifdef __clang_analyzer__ /* it looks at one file at a time: tell it that status comes back */
#define cf_op_fail(op, status, ...) ((void)(op), cf_log(CF_LOG_ERROR, __VA_ARGS__), (status))
#endif

/* An axis attribute or value brought into 0..rank-1 (negative counts from the end); CF_ERR_FORMAT
 * when out of range. */
cf_status cf_op_axis(const cf_op *op, int64_t axis, int rank, int *out);

/* The elements of an input that must be a constant of integers (shapes, axes, starts); at most max.
 * CF_ERR_UNSUPPORTED when it is not known before the run. count 0 when the input is left out. */
cf_status cf_op_constant_ints(const cf_op *op, int port, int64_t *out, size_t max, size_t *count);

#endif
