/* SPDX-License-Identifier: Apache-2.0 */
/* Transpose and Expand: one strided copy each. */
#include "cl/net/strided.h"

static cf_status read_permutation(const cf_op *op, int perm[CF_NET_RANK]) {
    int rank = op->in[0]->shape.rank, seen[CF_NET_RANK] = {0};
    size_t count;
    const int64_t *given = cf_op_ints(op, "perm", &count);
    if (given && count != (size_t)rank)
        return cf_op_fail(op, CF_ERR_FORMAT, "perm has %zu values for %d dimensions", count, rank);
    for (int i = 0; i < rank; i++) {
        int64_t axis = given ? given[i] : rank - 1 - i;
        if (axis < 0 || axis >= rank || seen[axis]++)
            return cf_op_fail(op, CF_ERR_FORMAT, "perm is no permutation");
        perm[i] = (int)axis;
    }
    return CF_OK;
}

static cf_status infer_transpose(cf_planner *plan, cf_op *op) {
    (void)plan;
    int perm[CF_NET_RANK];
    CF_TRY(read_permutation(op, perm));
    op->out[0]->type = op->in[0]->type;
    op->out[0]->shape.rank = op->in[0]->shape.rank;
    for (int i = 0; i < op->in[0]->shape.rank; i++)
        op->out[0]->shape.dim[i] = op->in[0]->shape.dim[perm[i]];
    return CF_OK;
}

static cf_status transposed(const cf_op *op, cf_strided *copy) {
    int perm[CF_NET_RANK] = {0};
    int64_t from[CF_NET_RANK], to[CF_NET_RANK];
    CF_TRY(read_permutation(op, perm));
    cf_shape_strides(&op->in[0]->shape, from);
    cf_shape_strides(&op->out[0]->shape, to);
    *copy = (cf_strided){.rank = 0};
    for (int i = 0; i < op->out[0]->shape.rank; i++)
        cf_strided_add(copy, op->out[0]->shape.dim[i], from[perm[i]], to[i]);
    return CF_OK;
}

static cf_status reference_transpose(const cf_op *op) {
    cf_strided copy;
    CF_TRY(transposed(op, &copy));
    cf_strided_tensors(&copy, op->in[0], op->out[0]);
    return CF_OK;
}

/* Whether the permutation brings channels from dimension 1 to the end, or back. */
static int moves_channels(const cf_op *op, int back) {
    int perm[CF_NET_RANK];
    if (op->in[0]->shape.rank != 4 || read_permutation(op, perm) != CF_OK)
        return 0;
    return back ? perm[0] == 0 && perm[1] == 3 && perm[2] == 1 && perm[3] == 2
                : perm[0] == 0 && perm[1] == 2 && perm[2] == 3 && perm[3] == 1;
}

static void layout_transpose(cf_op *op) {
    if (op->in[0]->layout == CF_LAYOUT_BLOCKED && moves_channels(op, 0))
        op->want[0] = CF_LAYOUT_BLOCKED; /* 16 channels lie together on both sides */
    else if (moves_channels(op, 1))
        op->out[0]->layout = CF_LAYOUT_BLOCKED;
}

/* Between N, H, W, C and blocked: whole blocks in one launch, the rest in another. */
static cf_status plan_channels(cf_planner *plan, cf_op *op, int back) {
    const cf_shape *s = &(back ? op->out[0] : op->in[0])->shape; /* N, C, H, W */
    int64_t channels = s->dim[1], pixels = s->dim[2] * s->dim[3], B = CF_NET_BLOCK;
    int64_t whole = channels / B, blocks = CF_NET_BLOCKS(channels);
    for (int part = 0; part < 2; part++) {
        int64_t count[2] = {part ? 1 : whole, part ? channels % B : B};
        /* strides of: image, block, pixel */
        int64_t blocked[3] = {blocks * pixels * B, pixels * B, B};
        int64_t last[3] = {pixels * channels, B, channels};
        int64_t *from = back ? last : blocked, *to = back ? blocked : last, skip = part ? whole : 0;
        cf_strided copy = {.from_at = skip * from[1], .to_at = skip * to[1]};
        cf_strided_add(&copy, s->dim[0], from[0], to[0]);
        cf_strided_add(&copy, count[0], from[1], to[1]);
        cf_strided_add(&copy, pixels, from[2], to[2]);
        cf_strided_add(&copy, count[1], 1, 1);
        CF_TRY(cf_plan_strided_tensors(plan, op, &copy, op->in[0], op->out[0]));
    }
    return CF_OK;
}

static cf_status plan_transpose(cf_planner *plan, cf_op *op) {
    cf_strided copy;
    if (op->in[0]->layout == CF_LAYOUT_BLOCKED || op->out[0]->layout == CF_LAYOUT_BLOCKED)
        return plan_channels(plan, op, op->out[0]->layout == CF_LAYOUT_BLOCKED);
    CF_TRY(transposed(op, &copy));
    cf_strided flat = copy;
    cf_strided_collapse(&flat);
    if ((flat.rank == 0 || (flat.rank == 1 && flat.from[0] == 1)) &&
        cf_plan_alias(plan, op->out[0], op->in[0], 0)) /* only dimensions of 1 change places */
        return CF_OK;
    return cf_plan_strided_tensors(plan, op, &copy, op->in[0], op->out[0]);
}

static cf_status infer_expand(cf_planner *plan, cf_op *op) {
    (void)plan;
    cf_shape wanted = {.rank = 0};
    size_t count;
    char a[96], b[96];
    CF_TRY(cf_op_constant_ints(op, 1, wanted.dim, CF_NET_RANK, &count));
    wanted.rank = (int)count;
    if (!cf_shape_valid(&wanted) ||
        !cf_shape_broadcast(&op->in[0]->shape, &wanted, &op->out[0]->shape))
        return cf_op_fail(op, CF_ERR_FORMAT, "%s cannot be expanded to %s",
                          cf_shape_text(&op->in[0]->shape, a), cf_shape_text(&wanted, b));
    op->out[0]->type = op->in[0]->type;
    return CF_OK;
}

static cf_strided expanded(const cf_op *op) {
    const cf_shape *in = &op->in[0]->shape, *out = &op->out[0]->shape;
    cf_strided copy = cf_strided_whole(out);
    int64_t from[CF_NET_RANK];
    cf_shape_strides(in, from);
    for (int i = 0; i < out->rank; i++) {
        int j = i - (out->rank - in->rank);
        copy.from[i] = j < 0 || in->dim[j] == 1 ? 0 : from[j];
    }
    return copy;
}

static cf_status reference_expand(const cf_op *op) {
    cf_strided copy = expanded(op);
    cf_strided_tensors(&copy, op->in[0], op->out[0]);
    return CF_OK;
}

static cf_status plan_expand(cf_planner *plan, cf_op *op) {
    cf_strided copy = expanded(op);
    if (cf_shape_count(&op->in[0]->shape) == cf_shape_count(&op->out[0]->shape) &&
        cf_plan_alias(plan, op->out[0], op->in[0], 0))
        return CF_OK;
    return cf_plan_strided_tensors(plan, op, &copy, op->in[0], op->out[0]);
}

/* repeats in two dimensions each: how often, and what is repeated. */
static cf_strided tiled(const cf_op *op) {
    const cf_shape *in = &op->in[0]->shape, *out = &op->out[0]->shape;
    int64_t from[CF_NET_RANK], to[CF_NET_RANK];
    cf_strided copy = {.rank = 0};
    cf_shape_strides(in, from);
    cf_shape_strides(out, to);
    for (int i = 0; i < in->rank; i++) {
        int64_t size = in->dim[i] ? in->dim[i] : 1;
        cf_strided_add(&copy, out->dim[i] / size, 0, to[i] * size);
        cf_strided_add(&copy, in->dim[i], from[i], to[i]);
    }
    return copy;
}

static cf_status infer_tile(cf_planner *plan, cf_op *op) {
    (void)plan;
    const cf_shape *in = &op->in[0]->shape;
    int64_t repeats[CF_NET_RANK];
    size_t count;
    CF_TRY(cf_op_constant_ints(op, 1, repeats, CF_NET_RANK, &count));
    if (count != (size_t)in->rank)
        return cf_op_fail(op, CF_ERR_FORMAT, "%zu repeats for %d dimensions", count, in->rank);
    op->out[0]->type = op->in[0]->type;
    op->out[0]->shape = *in;
    for (int i = 0; i < in->rank; i++) {
        if (repeats[i] < 0 || repeats[i] > CF_NET_ELEMENTS)
            return cf_op_fail(op, CF_ERR_FORMAT, "%lld repeats", (long long)repeats[i]);
        op->out[0]->shape.dim[i] *= repeats[i]; /* both at most 2^30 */
    }
    return CF_OK;
}

static cf_status reference_tile(const cf_op *op) {
    cf_strided copy = tiled(op);
    cf_strided_tensors(&copy, op->in[0], op->out[0]);
    return CF_OK;
}

static cf_status plan_tile(cf_planner *plan, cf_op *op) {
    cf_strided copy = tiled(op);
    return cf_plan_strided_tensors(plan, op, &copy, op->in[0], op->out[0]);
}

const cf_operator cf_operators_transpose[] = {
    {.name = "Transpose",
     .inputs_min = 1,
     .inputs_max = 1,
     .outputs_max = 1,
     .attributes = (const char *const[]){"I:perm", NULL},
     .infer = infer_transpose,
     .reference = reference_transpose,
     .layout = layout_transpose,
     .plan = plan_transpose},
    {.name = "Expand",
     .inputs_min = 2,
     .inputs_max = 2,
     .outputs_max = 1,
     .infer = infer_expand,
     .reference = reference_expand,
     .plan = plan_expand},
    {.name = "Tile",
     .inputs_min = 2,
     .inputs_max = 2,
     .outputs_max = 1,
     .infer = infer_tile,
     .reference = reference_tile,
     .plan = plan_tile},
    {.name = NULL},
};
