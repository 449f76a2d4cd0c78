/* SPDX-License-Identifier: Apache-2.0 */
/* Slice and Split: parts of a tensor, left where they lie when they are in one piece. */
#include <string.h>

#include "cl/net/strided.h"

/* What an output takes of the input: elements start + i * step along each dimension. */
typedef struct {
    int64_t start[CF_NET_RANK], step[CF_NET_RANK];
} part;

static const part whole = {{0}, {1, 1, 1, 1, 1, 1, 1, 1}};

/* Numpy's rules for one dimension: negative counts from the end, then clamped. */
static int64_t clamp_range(int64_t size, int64_t start, int64_t end, int64_t step, int64_t *first) {
    int64_t low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
    start += start < 0 ? size : 0;
    end += end < 0 ? size : 0;
    start = start < low ? low : start > high ? high : start;
    end = end < low ? low : end > high ? high : end;
    int64_t span = step > 0 ? end - start : start - end, stride = step > 0 ? step : -step;
    if (step < 0 && start < 0)
        span = 0;
    *first = span > 0 ? start : 0;
    return span > 0 ? (span - 1) / stride + 1 : 0;
}

static cf_status slice_axis(const cf_op *op, int axis, int64_t start, int64_t end, int64_t step,
                            part *p, cf_shape *out) {
    const int64_t limit = (int64_t)1 << 32; /* beyond every size */
    if (!step)
        return cf_op_fail(op, CF_ERR_FORMAT, "a step of 0");
    step = step > limit ? limit : step < -limit ? -limit : step;
    p->step[axis] = step;
    out->dim[axis] = clamp_range(op->in[0]->shape.dim[axis], start, end, step, &p->start[axis]);
    if (out->dim[axis] < 2)
        p->step[axis] = 1; /* a stride that is never taken must not overflow */
    return CF_OK;
}

static cf_status read_slice(const cf_op *op, part *p, cf_shape *out) {
    enum { START = 1, END, AXES, STEPS };
    int64_t list[STEPS + 1][CF_NET_RANK];
    size_t count[STEPS + 1];
    int seen[CF_NET_RANK] = {0};
    for (int k = START; k <= STEPS; k++)
        CF_TRY(cf_op_constant_ints(op, k, list[k], CF_NET_RANK, &count[k]));
    size_t n = count[START];
    if (count[END] != n || (op->in[AXES] && count[AXES] != n) ||
        (op->in[STEPS] && count[STEPS] != n) || n > (size_t)op->in[0]->shape.rank)
        return cf_op_fail(op, CF_ERR_FORMAT, "%zu starts, %zu ends for %d dimensions", n,
                          count[END], op->in[0]->shape.rank);
    *p = whole;
    *out = op->in[0]->shape;
    for (size_t i = 0; i < n; i++) {
        int axis;
        CF_TRY(cf_op_axis(op, op->in[AXES] ? list[AXES][i] : (int64_t)i, op->in[0]->shape.rank,
                          &axis));
        if (seen[axis]++)
            return cf_op_fail(op, CF_ERR_FORMAT, "axis %d twice", axis);
        CF_TRY(slice_axis(op, axis, list[START][i], list[END][i],
                          op->in[STEPS] ? list[STEPS][i] : 1, p, out));
    }
    return CF_OK;
}

static cf_status infer_slice(cf_planner *plan, cf_op *op) {
    (void)plan;
    part p;
    op->out[0]->type = op->in[0]->type;
    return read_slice(op, &p, &op->out[0]->shape);
}

/* The copy that takes the part; both shapes as they lie in memory. */
static cf_strided part_copy(const cf_shape *in, const cf_shape *out, const part *p) {
    int64_t from[CF_NET_RANK];
    cf_strided copy = cf_strided_whole(out);
    cf_shape_strides(in, from);
    for (int d = 0; d < in->rank; d++) {
        copy.from[d] = from[d] * p->step[d];
        copy.from_at += from[d] * p->start[d];
    }
    return copy;
}

static void take(const cf_op *op, const part *p, const cf_tensor *out) {
    cf_strided copy = part_copy(&op->in[0]->shape, &out->shape, p);
    cf_strided_tensors(&copy, op->in[0], out);
}

static cf_status reference_slice(const cf_op *op) {
    part p;
    cf_shape out;
    CF_TRY(read_slice(op, &p, &out));
    take(op, &p, op->out[0]);
    return CF_OK;
}

/* Whether the part can be taken in blocked layout: whole blocks of channels, or nothing but a range
 * of channels. */
static int blocked_part(const cf_shape *in, const cf_shape *out, const part *p) {
    if (p->step[1] != 1)
        return 0;
    if (p->start[1] % CF_NET_BLOCK == 0)
        return 1;
    return in->dim[0] == out->dim[0] && in->dim[2] == out->dim[2] && in->dim[3] == out->dim[3] &&
           p->step[0] == 1 && p->step[2] == 1 && p->step[3] == 1;
}

/* Records what brings the part from input 0, in its layout, to `to` in the same. */
static cf_status plan_part(cf_planner *plan, cf_op *op, const part *wanted, cf_tensor *to) {
    const cf_shape *in = &op->in[0]->shape, *out = &to->shape;
    cf_layout lies = to->layout;
    part p = *wanted;
    if (!to->users)
        return CF_OK;
    if (lies == CF_LAYOUT_BLOCKED) {
        if (p.start[1] % CF_NET_BLOCK) {
            const cf_buffer *a, *b;
            CF_TRY(cf_plan_tensor(plan, op->in[0], &a));
            CF_TRY(cf_plan_tensor(plan, to, &b));
            return cf_plan_shift_channels(plan, a, in, b, out, 0, out->dim[1], p.start[1]);
        }
        p.start[1] /= CF_NET_BLOCK;
        p.start[4] = 0;
        p.step[4] = 1;
    }
    cf_shape in_stored = cf_shape_stored(in, lies), out_stored = cf_shape_stored(out, lies);
    cf_strided copy = part_copy(&in_stored, &out_stored, &p), flat = copy;
    cf_strided_collapse(&flat);
    if ((flat.rank == 0 || (flat.rank == 1 && flat.from[0] == 1)) &&
        cf_plan_alias(plan, to, op->in[0], (size_t)copy.from_at * sizeof(float)))
        return CF_OK;
    return cf_plan_strided_tensors(plan, op, &copy, op->in[0], to);
}

static void layout_slice(cf_op *op) {
    part p;
    if (op->in[0]->layout == CF_LAYOUT_BLOCKED && read_slice(op, &p, &op->out[0]->shape) == CF_OK &&
        blocked_part(&op->in[0]->shape, &op->out[0]->shape, &p))
        op->want[0] = op->out[0]->layout = CF_LAYOUT_BLOCKED;
}

static cf_status plan_slice(cf_planner *plan, cf_op *op) {
    part p;
    cf_shape out;
    CF_TRY(read_slice(op, &p, &out));
    return plan_part(plan, op, &p, op->out[0]);
}

/* Sizes of the parts: an attribute before opset 13, an input since, or equal ones; with num_outputs
 * (opset 18) the last one may be smaller. */
static cf_status read_split(const cf_op *op, int *axis, int64_t size[CF_OP_OUTPUTS]) {
    const cf_shape *in = &op->in[0]->shape;
    size_t count = 0, given;
    int64_t total = 0, parts = cf_op_int(op, "num_outputs", op->outputs);
    const int64_t *list = cf_op_ints(op, "split", &given);
    CF_TRY(cf_op_axis(op, cf_op_int(op, "axis", 0), in->rank, axis));
    if ((op->opset >= 13 && list) || (op->opset < 13 && op->inputs > 1))
        return cf_op_fail(op, CF_ERR_FORMAT, "split is an input from opset 13 on, not before");
    if (list && given <= CF_OP_OUTPUTS)
        memcpy(size, list, given * sizeof *size);
    if (list)
        count = given;
    else
        CF_TRY(cf_op_constant_ints(op, 1, size, CF_OP_OUTPUTS, &count));
    if (!list && op->inputs < 2) {
        int64_t each = 0;
        if (parts >= op->outputs && parts > 0 && parts <= CF_OP_OUTPUTS)
            each = (in->dim[*axis] + parts - 1) / parts;
        if (!each || each * (parts - 1) > in->dim[*axis] ||
            (each * parts != in->dim[*axis] && op->opset < 18))
            return cf_op_fail(op, CF_ERR_FORMAT, "%lld cannot be split into %lld parts",
                              (long long)in->dim[*axis], (long long)parts);
        for (int64_t i = 0; i < parts; i++)
            size[i] = i < parts - 1 ? each : in->dim[*axis] - each * (parts - 1);
        count = (size_t)parts;
    }
    if (count < (size_t)op->outputs || count > CF_OP_OUTPUTS)
        return cf_op_fail(op, CF_ERR_FORMAT, "%zu parts for %d outputs", count, op->outputs);
    for (size_t i = 0; i < count; i++) {
        if (size[i] < 0 || size[i] > in->dim[*axis])
            return cf_op_fail(op, CF_ERR_FORMAT, "a part of %lld", (long long)size[i]);
        total += size[i];
    }
    if (total != in->dim[*axis])
        return cf_op_fail(op, CF_ERR_FORMAT, "parts add up to %lld, not %lld", (long long)total,
                          (long long)in->dim[*axis]);
    return CF_OK;
}

static cf_status infer_split(cf_planner *plan, cf_op *op) {
    (void)plan;
    int axis;
    int64_t size[CF_OP_OUTPUTS];
    CF_TRY(read_split(op, &axis, size));
    for (int i = 0; i < op->outputs; i++) {
        op->out[i]->type = op->in[0]->type;
        op->out[i]->shape = op->in[0]->shape;
        op->out[i]->shape.dim[axis] = size[i];
    }
    return CF_OK;
}

static cf_status reference_split(const cf_op *op) {
    int axis;
    int64_t size[CF_OP_OUTPUTS];
    part p = whole;
    CF_TRY(read_split(op, &axis, size));
    for (int i = 0; i < op->outputs; i++) {
        take(op, &p, op->out[i]);
        p.start[axis] += size[i];
    }
    return CF_OK;
}

/* A range of channels, or whole blocks of them along another axis: always possible. */
static void layout_split(cf_op *op) {
    if (op->in[0]->layout != CF_LAYOUT_BLOCKED)
        return;
    op->want[0] = CF_LAYOUT_BLOCKED;
    for (int i = 0; i < op->outputs; i++)
        op->out[i]->layout = CF_LAYOUT_BLOCKED;
}

static cf_status plan_split(cf_planner *plan, cf_op *op) {
    int axis;
    int64_t size[CF_OP_OUTPUTS];
    part p = whole;
    CF_TRY(read_split(op, &axis, size));
    for (int i = 0; i < op->outputs; i++) {
        CF_TRY(plan_part(plan, op, &p, op->out[i]));
        p.start[axis] += size[i];
    }
    return CF_OK;
}

const cf_operator cf_operators_slice[] = {
    {.name = "Slice",
     .inputs_min = 3,
     .inputs_max = 5,
     .outputs_max = 1,
     .infer = infer_slice,
     .reference = reference_slice,
     .layout = layout_slice,
     .plan = plan_slice},
    {.name = "Split",
     .inputs_min = 1,
     .inputs_max = 2,
     .outputs_max = CF_OP_OUTPUTS,
     .attributes = (const char *const[]){"i:axis", "I:split", "i:num_outputs", NULL},
     .infer = infer_split,
     .reference = reference_split,
     .layout = layout_split,
     .plan = plan_split},
    {.name = NULL},
};
