/* SPDX-License-Identifier: Apache-2.0 */
/* Takes pointwise nodes into the epilogues of the nodes that make their input. */
#include "cl/net/plan.h"

/* The op that reads a value with one reader, and through which input; NULL for a network output. */
static cf_op *only_reader(cf_planner *plan, int after, const cf_tensor *tensor, int *port) {
    for (int o = after + 1; o < plan->op_count; o++)
        for (int i = 0; plan->ops[o].type && i < plan->ops[o].inputs; i++)
            if (plan->ops[o].in[i] == tensor) {
                *port = i;
                return &plan->ops[o];
            }
    return NULL;
}

/* Whether every side tensor is there by the time op runs. */
static int sides_ready(const cf_post *post, int op) {
    for (int i = 0; i < post->side_count; i++)
        if (cf_plan_value_of(post->side[i])->producer >= op)
            return 0;
    return 1;
}

/* Lets `reader` become part of post; a failed attempt leaves no trace. */
static cf_status try_absorb(cf_planner *plan, const cf_op *reader, int port, int op,
                            cf_post *post) {
    cf_post attempt = *post;
    if (!reader->type->absorb || reader->outputs != 1 ||
        !cf_shape_equal(&reader->out[0]->shape, &post->shape))
        return CF_ERR_UNSUPPORTED;
    cf_status status = reader->type->absorb(plan, reader, port, &attempt);
    if (status == CF_OK && !sides_ready(&attempt, op))
        status = CF_ERR_UNSUPPORTED;
    if (status == CF_OK)
        *post = attempt;
    return status;
}

/* A pointwise node's own code comes first in its epilogue. */
static cf_status absorb_self(cf_planner *plan, cf_op *op, int index) {
    op->own = -1;
    for (int i = 0; op->type->absorb && i < op->inputs; i++) {
        if (!op->in[i] || cf_tensor_is_constant(op->in[i]) ||
            !cf_shape_equal(&op->in[i]->shape, &op->out[0]->shape))
            continue;
        cf_status status = try_absorb(plan, op, i, index, op->post);
        if (status == CF_OK)
            op->own = i;
        if (status != CF_ERR_UNSUPPORTED)
            return status;
    }
    return CF_OK;
}

static cf_status absorb_readers(cf_planner *plan, cf_op *op, int index) {
    int port;
    while (op->outputs == 1 && op->out[0]->users == 1 && cf_plan_value_of(op->out[0])->output < 0) {
        cf_op *reader = only_reader(plan, index, op->out[0], &port);
        if (!reader)
            return CF_OK;
        cf_status status = try_absorb(plan, reader, port, index, op->post);
        if (status != CF_OK)
            return status == CF_ERR_UNSUPPORTED ? CF_OK : status;
        op->out[0] = reader->out[0];
        cf_plan_value_of(op->out[0])->producer = index;
        reader->type = NULL;
    }
    return CF_OK;
}

cf_status cf_plan_fuse(cf_planner *plan) {
    for (int o = 0; o < plan->op_count; o++) {
        cf_op *op = &plan->ops[o];
        if (!op->type || !op->type->applies_post)
            continue;
        op->post = cf_plan_keep(plan, 1, sizeof *op->post);
        if (!op->post)
            return CF_ERR_MEMORY;
        op->post->shape = op->out[0]->shape;
        CF_TRY(absorb_self(plan, op, o));
        if (!plan->params.unfused)
            CF_TRY(absorb_readers(plan, op, o));
    }
    return CF_OK;
}
