/* SPDX-License-Identifier: Apache-2.0 */
/* Pad: constant, reflect, edge and wrap; negative pads cut off. */
#include <string.h>

#include "cl/net/strided.h"

CF_CL_SOURCE(op_pad);

/* The numbers are those of op_pad.cl. */
typedef enum { CONSTANT = 0, REFLECT, EDGE, WRAP } pad_mode;

/* What is kept along each dimension, start to start + count - 1, and how much comes before it. */
typedef struct {
    pad_mode mode;
    int64_t start[CF_NET_RANK], count[CF_NET_RANK], before[CF_NET_RANK];
} padding;

static cf_status read_mode(const cf_op *op, pad_mode *mode) {
    static const char *const names[] = {"constant", "reflect", "edge", "wrap"};
    const char *name = cf_op_string(op, "mode", "constant");
    for (int i = 0; i < 4; i++)
        if (!strcmp(name, names[i]) && (i != WRAP || op->opset >= 19)) {
            *mode = (pad_mode)i;
            return CF_OK;
        }
    return cf_op_fail(op, CF_ERR_FORMAT, "mode is '%.20s'", name);
}

static cf_status pad_axis(const cf_op *op, int axis, int64_t begin, int64_t end, padding *p,
                          cf_shape *out) {
    int64_t size = op->in[0]->shape.dim[axis];
    if (begin < -CF_NET_ELEMENTS || begin > CF_NET_ELEMENTS || end < -CF_NET_ELEMENTS ||
        end > CF_NET_ELEMENTS)
        return cf_op_fail(op, CF_ERR_FORMAT, "pads of %lld and %lld", (long long)begin,
                          (long long)end);
    p->start[axis] = begin < 0 ? -begin : 0;
    p->count[axis] = size - p->start[axis] + (end < 0 ? end : 0);
    p->before[axis] = begin > 0 ? begin : 0;
    out->dim[axis] = size + begin + end;
    if (p->count[axis] < 0 || (p->count[axis] == 0 && p->mode != CONSTANT && out->dim[axis]))
        return cf_op_fail(op, CF_ERR_FORMAT, "pads of %lld and %lld for %lld elements",
                          (long long)begin, (long long)end, (long long)size);
    return CF_OK;
}

static cf_status read_pads(const cf_op *op, padding *p, cf_shape *out) {
    const cf_shape *in = &op->in[0]->shape;
    int64_t pads[2 * CF_NET_RANK], axes[CF_NET_RANK];
    size_t count, axis_count;
    int seen[CF_NET_RANK] = {0}, axis;
    if (op->opset < 18 && op->inputs > 3)
        return cf_op_fail(op, CF_ERR_FORMAT, "axes are an input from opset 18 on");
    CF_TRY(read_mode(op, &p->mode));
    CF_TRY(cf_op_constant_ints(op, 1, pads, 2 * CF_NET_RANK, &count));
    CF_TRY(cf_op_constant_ints(op, 3, axes, CF_NET_RANK, &axis_count));
    size_t n = op->in[3] ? axis_count : (size_t)in->rank;
    if (count != 2 * n)
        return cf_op_fail(op, CF_ERR_FORMAT, "%zu pads for %zu dimensions", count, n);
    *out = *in;
    for (int i = 0; i < in->rank; i++)
        CF_TRY(pad_axis(op, i, 0, 0, p, out));
    for (size_t i = 0; i < n; i++) {
        CF_TRY(cf_op_axis(op, op->in[3] ? axes[i] : (int64_t)i, in->rank, &axis));
        if (seen[axis]++)
            return cf_op_fail(op, CF_ERR_FORMAT, "axis %d twice", axis);
        CF_TRY(pad_axis(op, axis, pads[i], pads[n + i], p, out));
    }
    return CF_OK;
}

static cf_status infer(cf_planner *plan, cf_op *op) {
    (void)plan;
    padding p;
    const cf_tensor *value = op->in[2];
    if (value && (!cf_tensor_is_constant(value) || value->type != op->in[0]->type ||
                  cf_shape_count(&value->shape) != 1))
        return cf_op_fail(op, CF_ERR_UNSUPPORTED,
                          "the value ('%s') must be one number known before the run", value->name);
    op->out[0]->type = op->in[0]->type;
    return read_pads(op, &p, &op->out[0]->shape);
}

/* Index into the kept part for i relative to its first; -1: the constant. */
static int64_t source_index(int64_t i, int64_t count, pad_mode mode) {
    if (i >= 0 && i < count)
        return i;
    int64_t period = mode == REFLECT && count > 1 ? 2 * (count - 1) : count;
    int64_t m = (i % period + period) % period;
    switch (mode) {
    case REFLECT: return m < count ? m : period - m;
    case EDGE: return i < 0 ? 0 : count - 1;
    case WRAP: return m;
    default: return -1;
    }
}

/* Where output element i comes from; -1: the constant. */
static int64_t source_of(const padding *p, const cf_shape *in, const cf_shape *out, int64_t i) {
    int64_t at = 0, stride = 1;
    for (int d = in->rank - 1; d >= 0; d--) {
        int64_t index = i % out->dim[d] - p->before[d];
        if (p->mode == CONSTANT && (index < 0 || index >= p->count[d]))
            return -1;
        at += (p->start[d] + source_index(index, p->count[d], p->mode)) * stride;
        stride *= in->dim[d];
        i /= out->dim[d];
    }
    return at;
}

static cf_status reference(const cf_op *op) {
    padding p;
    cf_shape out;
    float value = 0;
    int64_t integer = 0;
    CF_TRY(read_pads(op, &p, &out));
    int is_float = op->in[0]->type == CF_TYPE_FLOAT;
    if (op->in[2] && is_float)
        cf_tensor_read(op->in[2], 0, 1, &value);
    else if (op->in[2])
        cf_tensor_read_int(op->in[2], 0, 1, &integer);
    for (int64_t i = 0; i < cf_shape_count(&out); i++) {
        int64_t from = source_of(&p, &op->in[0]->shape, &out, i);
        if (is_float)
            ((float *)op->out[0]->data)[i] =
                from < 0 ? value : ((const float *)op->in[0]->data)[from];
        else
            ((int64_t *)op->out[0]->data)[i] =
                from < 0 ? integer : ((const int64_t *)op->in[0]->data)[from];
    }
    return CF_OK;
}

static void layout(cf_op *op) {
    padding p;
    cf_shape out;
    if (op->in[0]->layout == CF_LAYOUT_BLOCKED && read_pads(op, &p, &out) == CF_OK &&
        op->in[0]->shape.dim[1] == out.dim[1] && !p.start[1])
        op->want[0] = op->out[0]->layout = CF_LAYOUT_BLOCKED;
}

/* The kernel's view: lane 0 the last dimension that is padded, `unit` elements behind each of its
 * places, dimensions that are not padded joined. */
typedef struct {
    int out[8], count[8], before[8], stride[8], base, unit;
} pad_view;

static cf_status view_of(const cf_op *op, pad_view *v) {
    padding p;
    cf_shape out;
    int64_t stride[CF_NET_RANK], base = 0, unit = 1;
    int lane = -1, joined = 0;
    CF_TRY(read_pads(op, &p, &out));
    cf_layout lies = op->in[0]->layout;
    cf_shape in = cf_shape_stored(&op->in[0]->shape, lies);
    if (lies == CF_LAYOUT_BLOCKED) {
        p.count[1] = in.dim[1];
        p.start[4] = p.before[4] = 0;
        p.count[4] = CF_NET_BLOCK;
        out = cf_shape_stored(&out, lies);
    }
    cf_shape_strides(&in, stride);
    for (int i = 0; i < 8; i++)
        v->out[i] = v->count[i] = 1, v->before[i] = v->stride[i] = 0;
    for (int d = in.rank - 1; d >= 0; d--) {
        int padded = out.dim[d] != in.dim[d] || p.start[d] || p.before[d];
        base += p.start[d] * stride[d];
        if (!padded && lane < 0) {
            unit *= in.dim[d];
        } else if (!padded && joined) {
            v->out[lane] *= (int)in.dim[d];
            v->count[lane] *= (int)in.dim[d];
        } else {
            lane++;
            v->out[lane] = (int)out.dim[d];
            v->count[lane] = (int)p.count[d];
            v->before[lane] = (int)p.before[d];
            v->stride[lane] = (int)stride[d];
        }
        joined = !padded;
    }
    v->stride[0] = (int)unit; /* also where nothing is padded */
    v->base = (int)base;
    v->unit = (int)unit;
    return CF_OK;
}

static cf_status plan_pad(cf_planner *plan, cf_op *op) {
    pad_view v;
    pad_mode mode;
    const cf_buffer *from, *to;
    float value = 0;
    int64_t integer = 0;
    CF_TRY(view_of(op, &v));
    CF_TRY(read_mode(op, &mode));
    if (op->in[2] && op->in[2]->type == CF_TYPE_FLOAT)
        cf_tensor_read(op->in[2], 0, 1, &value);
    else if (op->in[2]) {
        cf_tensor_read_int(op->in[2], 0, 1, &integer);
        value = (float)integer;
    }
    CF_TRY(cf_plan_tensor(plan, op->in[0], &from));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &to));
    size_t rows = 1;
    for (int i = 1; i < 8; i++)
        rows *= (size_t)v.out[i];
    cf_range range = {{rows, 1, 1}, {1, 1, 1}};
    return cf_plan_launch(plan, &cf_kernel_op_pad, "pad_rows", "", range,
                          CF_ARGS(CF_BUF(from), CF_BUF(to), CF_BYTES(v.out, sizeof v.out),
                                  CF_BYTES(v.count, sizeof v.count),
                                  CF_BYTES(v.before, sizeof v.before),
                                  CF_BYTES(v.stride, sizeof v.stride), CF_INT(v.base),
                                  CF_INT(v.unit), CF_INT((int)mode), CF_FLOAT(value)));
}

const cf_operator cf_operators_pad[] = {
    {.name = "Pad",
     .inputs_min = 2,
     .inputs_max = 4,
     .outputs_max = 1,
     .attributes = (const char *const[]){"s:mode", NULL},
     .infer = infer,
     .reference = reference,
     .layout = layout,
     .plan = plan_pad},
    {.name = NULL},
};
