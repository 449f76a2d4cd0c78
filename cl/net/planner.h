/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator may do while a plan is made: keep data, take device memory, record launches. */
#ifndef CHROMAFUSE_CL_NET_PLANNER_H
#define CHROMAFUSE_CL_NET_PLANNER_H

#include "cl/net/operator.h"

/*
 * What happens to each element before it is stored (the epilogue of a kernel): bias, activations,
 * a BatchNorm that comes behind an activation, residual sums. `code` is OpenCL C statements without
 * spaces on the value x, a float (plain layout) or float16 (blocked), for instance
 * "x=x+PARAM(0);x=fmax(x,0.0f);". They may name
 *   x          the value, read and written; write expressions that hold for float and float16 alike
 *   PARAM(k)   constant k of x's channel (dimension 1; for rank < 2 the last dimension)
 *   SIDE(k)    the element of tensor k (0 or 1) at x's own place
 *   VALUE(v)   the scalar v as x's type, where a function does not take a mixture
 * It is compiled into the kernel with -DPOST=..., see cl/net/post.clh.
 */
#define CF_POST_CODE 700
#define CF_POST_PARAMS 8
#define CF_POST_SIDES 2
struct cf_post {
    char code[CF_POST_CODE];
    cf_shape shape;                /* of x */
    float *params[CF_POST_PARAMS]; /* one per channel; memory of cf_plan_keep */
    int param_count;
    cf_tensor *side[CF_POST_SIDES]; /* same shape as x; the planner brings them into x's layout */
    int side_count;
};

/* Channels that params are indexed by. */
int64_t cf_post_channels(const cf_shape *shape);
/* Appends code; CF_ERR_UNSUPPORTED when it is full. "%s" and the like as printf; floats must be
 * written by cf_post_float. */
cf_status cf_post_append(cf_post *post, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* An exact float literal ("0x1.8p+0f", "INFINITY", "(-INFINITY)", "NAN"). */
const char *cf_post_float(float value, char text[32]);
/* Adds a constant per channel (values[channels], or one value for all when count is 1); its number
 * in *index. */
cf_status cf_post_param(cf_planner *plan, cf_post *post, const float *values, int64_t count,
                        int *index);
cf_status cf_post_side(cf_post *post, cf_tensor *tensor, int *index);

/* Host memory that lives as long as the plan is made; zeroed. Never freed by operators. NULL when
 * there is none (logged). */
void *cf_plan_keep(cf_planner *plan, size_t count, size_t size);

/* The constant's elements as an aligned row-major array (float or int64_t by type), made on first
 * use. NULL when there is no memory. For large weights prefer cf_tensor_read, which copies nothing
 * for good. */
const void *cf_plan_data(cf_planner *plan, cf_tensor *tensor);

/* The device memory of a tensor, for a launch's arguments: constants are uploaded in the tensor's
 * layout on first use. NULL when there is no memory. */
cf_status cf_plan_tensor(cf_planner *plan, cf_tensor *tensor, const cf_buffer **out);

/* Device memory used by this node's launches only. */
cf_status cf_plan_scratch(cf_planner *plan, size_t bytes, const cf_buffer **out);

/* Device memory with the given content, as long as the network lives: packed weights. */
cf_status cf_plan_constant(cf_planner *plan, const void *data, size_t bytes, const cf_buffer **out);

/*
 * Makes `part` lie inside `whole` from byte `offset` on, so that nothing has to be copied: for
 * Reshape, Concat, Slice. Returns 0 when it cannot (network inputs and outputs, constants, parts
 * that already lie elsewhere, an offset the device cannot address): then record a copy.
 */
int cf_plan_alias(cf_planner *plan, cf_tensor *part, cf_tensor *whole, size_t offset);

/* Records a launch; arguments as for cf_launch, copied. A local size of 1x1x1 without local memory
 * leaves it to the plan, which takes one that divides the range; any other is kept (and the range
 * rounded up to it).
 */
cf_status cf_plan_launch(cf_planner *plan, const cf_cl_source *source, const char *kernel,
                         const char *options, cf_range range, const cf_arg *args, size_t count);

/* Records something that is no kernel of ours: called at each run with a copy of `user` (size
 * bytes). Buffers it uses must be named, for their lifetimes. */
typedef cf_status (*cf_plan_fn)(cf_cl *cl, const void *user);
cf_status cf_plan_call(cf_planner *plan, cf_plan_fn fn, const void *user, size_t size,
                       const cf_buffer *const *uses, size_t count);

/*
 * For kernels with an epilogue: appends " -DPOST=..." to options[size], and gives the three buffers
 * that end the kernel's arguments (post.clh: CF_POST_ARGS). Call it once per node. Works for
 * op->post NULL, too.
 */
typedef struct {
    const cf_buffer *params, *side[CF_POST_SIDES];
} cf_post_buffers;
#define CF_POST(p) CF_BUF((p).params), CF_BUF((p).side[0]), CF_BUF((p).side[1])
cf_status cf_plan_post(cf_planner *plan, const cf_op *op, char *options, size_t size,
                       cf_post_buffers *out);

/* For kernels in plain layout whose vectors may run over several channels (cf_post_any): fills its
 * argument `channel` and appends " -DPARAMS" where the epilogue needs it. Call it before
 * cf_plan_post. */
void cf_post_any_channel(const cf_op *op, int32_t channel[4], char *options, size_t size);

/* The device the plan is for. */
cf_cl *cf_plan_device(const cf_planner *plan);
/* 1: time each suitable method on the device and take the fastest (bench --tune); 0: what is known
 * to be good. */
int cf_plan_tuning(const cf_planner *plan);

#endif
