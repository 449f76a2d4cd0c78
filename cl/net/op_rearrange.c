/* SPDX-License-Identifier: Apache-2.0 */
/* DepthToSpace and SpaceToDepth: squares of pixels to channels and back. */
#include <string.h>

#include "cl/net/strided.h"

CF_CL_SOURCE(op_rearrange);

/* How the node moves: big has the larger picture. */
typedef struct {
    int to_space; /* 1: DepthToSpace */
    int crd;      /* channels c, by, bx instead of by, bx, c */
    int64_t square;
    const cf_shape *deep, *wide;
} rearrangement;

static cf_status read_node(const cf_op *op, rearrangement *r) {
    const char *mode = cf_op_string(op, "mode", "DCR");
    *r = (rearrangement){.to_space = !strcmp(op->type->name, "DepthToSpace"),
                         .crd = !strcmp(mode, "CRD"),
                         .square = cf_op_int(op, "blocksize", 0)};
    r->deep = &op->in[0]->shape;
    r->wide = &op->out[0]->shape;
    if (!r->to_space) {
        r->deep = &op->out[0]->shape;
        r->wide = &op->in[0]->shape;
    }
    if (!r->crd && strcmp(mode, "DCR") != 0)
        return cf_op_fail(op, CF_ERR_FORMAT, "mode is '%.20s'", mode);
    if (r->square < 1 || r->square > 1 << 15)
        return cf_op_fail(op, CF_ERR_FORMAT, "blocksize is %lld", (long long)r->square);
    return CF_OK;
}

static cf_status infer(cf_planner *plan, cf_op *op) {
    (void)plan;
    rearrangement r;
    const cf_shape *in = &op->in[0]->shape;
    CF_TRY(read_node(op, &r));
    if (in->rank != 4)
        return cf_op_fail(op, CF_ERR_FORMAT, "an input of %d dimensions, not 4", in->rank);
    int64_t s = r.square;
    if (r.to_space ? in->dim[1] % (s * s) : in->dim[2] % s || in->dim[3] % s)
        return cf_op_fail(op, CF_ERR_FORMAT, "sizes are no multiples of blocksize %lld",
                          (long long)s);
    op->out[0]->type = op->in[0]->type;
    if (r.to_space)
        op->out[0]->shape =
            (cf_shape){4, {in->dim[0], in->dim[1] / (s * s), in->dim[2] * s, in->dim[3] * s}};
    else
        op->out[0]->shape =
            (cf_shape){4, {in->dim[0], in->dim[1] * s * s, in->dim[2] / s, in->dim[3] / s}};
    return CF_OK;
}

/* The copy in row-major layout, dimensions as N, C, H, by, W, bx. */
static cf_strided plain_copy(const rearrangement *r) {
    int64_t s = r->square, C = r->wide->dim[1], h = r->deep->dim[2], w = r->deep->dim[3];
    int64_t plane = h * w, c = r->crd ? s * s * plane : plane;
    int64_t k = r->crd ? plane : C * plane; /* from one place in the square to the next */
    int64_t dim[6] = {r->wide->dim[0], C, h, s, w, s};
    int64_t deep[6] = {C * s * s * plane, c, w, s * k, 1, k};
    int64_t wide[6] = {C * s * s * plane, s * s * plane, s * s * w, s * w, s, 1};
    cf_strided copy = {.rank = 0};
    for (int d = 0; d < 6; d++)
        cf_strided_add(&copy, dim[d], r->to_space ? deep[d] : wide[d],
                       r->to_space ? wide[d] : deep[d]);
    return copy;
}

static cf_status reference(const cf_op *op) {
    rearrangement r;
    CF_TRY(read_node(op, &r));
    cf_strided copy = plain_copy(&r);
    cf_strided_tensors(&copy, op->in[0], op->out[0]);
    return CF_OK;
}

static void layout(cf_op *op) {
    op->want[0] = op->out[0]->layout = op->in[0]->layout;
}

static cf_status plan_rearrange(cf_planner *plan, cf_op *op) {
    rearrangement r;
    const cf_buffer *from, *to;
    CF_TRY(read_node(op, &r));
    if (op->in[0]->layout == CF_LAYOUT_PLAIN) {
        cf_strided copy = plain_copy(&r);
        return cf_plan_strided_tensors(plan, op, &copy, op->in[0], op->out[0]);
    }
    CF_TRY(cf_plan_tensor(plan, op->in[0], &from));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &to));
    const cf_shape *in = &op->in[0]->shape, *out = &op->out[0]->shape;
    cf_range range = {
        {(size_t)out->dim[2], (size_t)CF_NET_BLOCKS(out->dim[1]), (size_t)out->dim[0]}, {1, 1, 1}};
    return cf_plan_launch(plan, &cf_kernel_op_rearrange,
                          r.to_space ? "depth_to_space" : "space_to_depth", "", range,
                          CF_ARGS(CF_BUF(from), CF_BUF(to), CF_INT((int)in->dim[1]),
                                  CF_INT((int)in->dim[3]), CF_INT((int)out->dim[1]),
                                  CF_INT((int)out->dim[3]), CF_INT((int)r.square), CF_INT(r.crd)));
}

#define REARRANGE                                                                                  \
    .inputs_min = 1, .inputs_max = 1, .outputs_max = 1, .infer = infer, .reference = reference,    \
    .layout = layout, .plan = plan_rearrange
const cf_operator cf_operators_rearrange[] = {
    {.name = "DepthToSpace",
     .attributes = (const char *const[]){"i:blocksize", "s:mode", NULL},
     REARRANGE},
    {.name = "SpaceToDepth", .attributes = (const char *const[]){"i:blocksize", NULL}, REARRANGE},
    {.name = NULL},
};
