/* SPDX-License-Identifier: Apache-2.0 */
/* Reductions over any axes, and the global pools, which are reductions over all spatial ones. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cl/net/planner.h"

CF_CL_SOURCE(op_reduce);

#define COLUMNS 256    /* as in op_reduce.cl */
#define PARTS 64       /* a reduction to few elements is cut into this many */
#define PART_SIZE 4096 /* elements at least in each */

/* How elements are mapped, joined and finished, in C and in OpenCL. */
typedef enum { JOIN_SUM, JOIN_MAX, JOIN_MIN, JOIN_PROD } join;
typedef enum { MAP_NONE, MAP_ABS, MAP_SQUARE } map;
typedef enum { FINISH_NONE, FINISH_MEAN, FINISH_SQRT, FINISH_LOG } finish;
typedef struct {
    const char *name;
    map map;
    join join;
    finish finish;
} reduction;

static const reduction reductions[] = {
    {"ReduceSum", MAP_NONE, JOIN_SUM, FINISH_NONE},
    {"ReduceMean", MAP_NONE, JOIN_SUM, FINISH_MEAN},
    {"ReduceMax", MAP_NONE, JOIN_MAX, FINISH_NONE},
    {"ReduceMin", MAP_NONE, JOIN_MIN, FINISH_NONE},
    {"ReduceProd", MAP_NONE, JOIN_PROD, FINISH_NONE},
    {"ReduceL1", MAP_ABS, JOIN_SUM, FINISH_NONE},
    {"ReduceL2", MAP_SQUARE, JOIN_SUM, FINISH_SQRT},
    {"ReduceSumSquare", MAP_SQUARE, JOIN_SUM, FINISH_NONE},
    {"ReduceLogSum", MAP_NONE, JOIN_SUM, FINISH_LOG},
    {"GlobalAveragePool", MAP_NONE, JOIN_SUM, FINISH_MEAN},
    {"GlobalMaxPool", MAP_NONE, JOIN_MAX, FINISH_NONE},
};

static const reduction *reduction_of(const cf_op *op) {
    for (size_t i = 0; i < sizeof reductions / sizeof *reductions; i++)
        if (!strcmp(reductions[i].name, op->type->name))
            return &reductions[i];
    return reductions; /* not reached: cf_operators_reduce has the same names */
}

static int is_global(const cf_op *op) {
    return !strncmp(op->type->name, "Global", 6);
}

/* Marks the axes that go; all when none are named, unless noop_with_empty_axes. */
static cf_status read_axes(const cf_op *op, int gone[CF_NET_RANK]) {
    int rank = op->in[0]->shape.rank, axis;
    int64_t list[CF_NET_RANK];
    size_t count = 0;
    memset(gone, 0, CF_NET_RANK * sizeof *gone);
    const int64_t *axes = cf_op_ints(op, "axes", &count);
    if (!axes) {
        CF_TRY(cf_op_constant_ints(op, 1, list, CF_NET_RANK, &count));
        axes = list;
    }
    for (size_t i = 0; i < count; i++) {
        CF_TRY(cf_op_axis(op, axes[i], rank, &axis));
        if (gone[axis]++)
            return cf_op_fail(op, CF_ERR_FORMAT, "axis %d is named twice", axis);
    }
    for (int d = 0; d < rank; d++)
        if (is_global(op) || (!count && !cf_op_int(op, "noop_with_empty_axes", 0)))
            gone[d] = !is_global(op) || d >= 2;
    return CF_OK;
}

static cf_status infer(cf_planner *plan, cf_op *op) {
    (void)plan;
    const cf_tensor *x = op->in[0];
    const reduction *r = reduction_of(op);
    int gone[CF_NET_RANK], keep = is_global(op) || cf_op_int(op, "keepdims", 1) != 0;
    cf_shape *y = &op->out[0]->shape;
    if (x->type != CF_TYPE_FLOAT && (is_global(op) || r->finish == FINISH_SQRT ||
                                     r->finish == FINISH_LOG || r->finish == FINISH_MEAN))
        return cf_op_fail(op, CF_ERR_UNSUPPORTED, "only on floating-point numbers");
    if (is_global(op) && x->shape.rank < 3)
        return cf_op_fail(op, CF_ERR_FORMAT, "data of %d dimensions", x->shape.rank);
    if (cf_shape_count(&x->shape) == 0)
        return cf_op_fail(op, CF_ERR_UNSUPPORTED, "data without elements");
    CF_TRY(read_axes(op, gone));
    *y = (cf_shape){.rank = 0};
    for (int d = 0; d < x->shape.rank; d++)
        if (keep || !gone[d])
            y->dim[y->rank++] = gone[d] ? 1 : x->shape.dim[d];
    op->out[0]->type = x->type;
    return CF_OK;
}

static double flops(const cf_op *op) {
    return (double)cf_shape_count(&op->in[0]->shape);
}

/* ---- The definition of correct ---- */

static double join_real(const reduction *r, double sum, double x) {
    x = r->map == MAP_ABS ? fabs(x) : r->map == MAP_SQUARE ? x * x : x;
    switch (r->join) {
    case JOIN_MAX: return x > sum || isnan(x) ? x : sum;
    case JOIN_MIN: return x < sum || isnan(x) ? x : sum;
    case JOIN_PROD: return sum * x;
    default: return sum + x;
    }
}

/* Integers wrap around, as unsigned ones may. */
static int64_t join_whole(const reduction *r, int64_t sum, int64_t x) {
    uint64_t u = (uint64_t)x;
    if (r->map == MAP_ABS && x < 0)
        u = 0 - u;
    if (r->map == MAP_SQUARE)
        u *= u;
    switch (r->join) {
    case JOIN_MAX: return x > sum ? x : sum;
    case JOIN_MIN: return x < sum ? x : sum;
    case JOIN_PROD: return (int64_t)((uint64_t)sum * u);
    default: return (int64_t)((uint64_t)sum + u);
    }
}

static float finish_real(const reduction *r, double sum, double count) {
    switch (r->finish) {
    case FINISH_MEAN: return (float)(sum / count);
    case FINISH_SQRT: return (float)sqrt(sum);
    case FINISH_LOG: return (float)log(sum);
    default: return (float)sum;
    }
}

/* Offset of combination k of the axes with gone[d] == which: of an output's first element (0), of
 * an element from there (1). */
static int64_t place_in(const cf_shape *s, const int *gone, int64_t k, int which) {
    int64_t at = 0, step = 1;
    for (int d = s->rank - 1; d >= 0; d--) {
        if (gone[d] == which) {
            at += k % s->dim[d] * step;
            k /= s->dim[d];
        }
        step *= s->dim[d];
    }
    return at;
}

static cf_status reference(const cf_op *op) {
    static const double start[] = {0, -INFINITY, INFINITY, 1};
    static const int64_t whole_start[] = {0, INT64_MIN, INT64_MAX, 1};
    const cf_shape *s = &op->in[0]->shape;
    const reduction *r = reduction_of(op);
    int gone[CF_NET_RANK];
    CF_TRY(read_axes(op, gone));
    int64_t outputs = cf_shape_count(&op->out[0]->shape), count = cf_shape_count(s) / outputs;
    for (int64_t o = 0; o < outputs; o++) {
        int64_t base = place_in(s, gone, o, 0), whole = whole_start[r->join];
        double real = start[r->join];
        for (int64_t k = 0; k < count; k++) {
            int64_t at = base + place_in(s, gone, k, 1);
            if (op->in[0]->type == CF_TYPE_FLOAT)
                real = join_real(r, real, (double)((const float *)op->in[0]->data)[at]);
            else
                whole = join_whole(r, whole, ((const int64_t *)op->in[0]->data)[at]);
        }
        if (op->in[0]->type == CF_TYPE_FLOAT)
            ((float *)op->out[0]->data)[o] = finish_real(r, real, (double)count);
        else
            ((int64_t *)op->out[0]->data)[o] = whole;
    }
    return CF_OK;
}

/* ---- On the device ---- */

static int is_spatial(const cf_op *op) {
    int gone[CF_NET_RANK];
    return op->in[0]->shape.rank == 4 && read_axes(op, gone) == CF_OK && !gone[0] && !gone[1] &&
           gone[2] && gone[3];
}

static void layout(cf_op *op) {
    if (op->in[0]->layout == CF_LAYOUT_BLOCKED && is_spatial(op)) {
        op->want[0] = CF_LAYOUT_BLOCKED;
        if (op->out[0]->shape.rank == 4)
            op->out[0]->layout = CF_LAYOUT_BLOCKED;
    }
}

/* Compiler options of a launch: what is mapped by the first one, finished by the last one. */
static void write_options(const reduction *r, int first, int last, char *options, size_t size) {
    static const char *const maps[] = {"", " -DMAP=x=fabs(x)", " -DMAP=x=x*x"};
    static const char *const joins[] = {/* NaN is the largest and the least */
                                        "-DSTART=0.0f -DCOMBINE=sum=sum+x",
                                        "-DSTART=(-INFINITY) -DCOMBINE=sum=((x>sum)|(x!=x))?x:sum",
                                        "-DSTART=INFINITY -DCOMBINE=sum=((x<sum)|(x!=x))?x:sum",
                                        "-DSTART=1.0f -DCOMBINE=sum=sum*x"};
    static const char *const ends[] = {"", " -DFINISH=x=x/total", " -DFINISH=x=sqrt(x)",
                                       " -DFINISH=x=log(x)"};
    snprintf(options, size, "%s%s%s", joins[r->join], first ? maps[r->map] : "",
             last ? ends[r->finish] : "");
}

/* One launch: [outer][length][inner] to [outer][parts][inner]. */
typedef struct {
    int64_t outer, length, inner, size, parts; /* parts of `size` elements of length */
    int blocked;                               /* elements are vectors, outer are planes */
    int first, last;                           /* of the node's launches */
    double total;                              /* elements behind one of the output */
} pass;

static cf_status launch_blocked(cf_planner *plan, cf_op *op, const pass *p, const char *options,
                                cf_post_buffers post, const cf_buffer *from, const cf_buffer *to) {
    int channels = (int)op->in[0]->shape.dim[1], blocks = CF_NET_BLOCKS(channels);
    int plain = p->last && op->out[0]->layout == CF_LAYOUT_PLAIN;
    int number = plain ? channels : (int)p->size;
    return cf_plan_launch(plan, &cf_kernel_op_reduce,
                          plain ? "reduce_blocked_plain" : "reduce_blocked", options,
                          CF_RANGE(p->parts, p->outer, 1, 1),
                          CF_ARGS(CF_BUF(from), CF_BUF(to), CF_INT((int)p->length), CF_INT(number),
                                  CF_FLOAT((float)p->total), CF_INT(blocks), CF_POST(post)));
}

static cf_status launch(cf_planner *plan, cf_op *op, const pass *p, const cf_buffer *from,
                        const cf_buffer *to) {
    cf_post *behind = op->post;
    cf_post_buffers post;
    char options[1024];
    int32_t channel[4];
    write_options(reduction_of(op), p->first, p->last, options, sizeof options);
    op->post = p->last ? behind : NULL;
    cf_post_any_channel(op, channel, options, sizeof options);
    cf_status status = cf_plan_post(plan, op, options, sizeof options, &post);
    op->post = behind;
    CF_TRY(status);
    if (p->blocked)
        return launch_blocked(plan, op, p, options, post, from, to);
    if (p->inner == 1)
        return cf_plan_launch(
            plan, &cf_kernel_op_reduce, "reduce_rows", options, CF_RANGE(p->parts, p->outer, 1, 1),
            CF_ARGS(CF_BUF(from), CF_BUF(to), CF_INT((int)p->length), CF_INT((int)p->size),
                    CF_FLOAT((float)p->total), CF_BYTES(channel, sizeof channel), CF_POST(post)));
    cf_range range = {
        {(size_t)(p->inner + COLUMNS - 1) / COLUMNS, (size_t)p->parts, (size_t)p->outer},
        {1, 1, 1}};
    return cf_plan_launch(plan, &cf_kernel_op_reduce, "reduce_axis", options, range,
                          CF_ARGS(CF_BUF(from), CF_BUF(to), CF_INT((int)p->length),
                                  CF_INT((int)p->size), CF_INT((int)p->inner),
                                  CF_FLOAT((float)p->total), CF_BYTES(channel, sizeof channel),
                                  CF_POST(post)));
}

/* Cuts a long reduction to few elements into parts for parallel work. */
static void cut(pass *p) {
    int64_t items = p->outer * (p->blocked ? 1 : (p->inner + COLUMNS - 1) / COLUMNS);
    int64_t wide = p->blocked ? 16 : p->inner < COLUMNS ? p->inner : COLUMNS;
    int64_t parts = PARTS / items, most = p->length * wide / PART_SIZE;
    parts = parts < most ? parts : most;
    p->size = p->length;
    if (parts > 1)
        p->size = ((p->length + parts - 1) / parts + 15) / 16 * 16;
    p->parts = (p->length + p->size - 1) / p->size;
}

/* One group of axes that lie side by side, in one or two launches; *from becomes the result. */
static cf_status plan_group(cf_planner *plan, cf_op *op, pass p, int is_last,
                            const cf_buffer **from) {
    const cf_buffer *to;
    size_t lane = p.blocked ? CF_NET_BLOCK * sizeof(float) : sizeof(float);
    cut(&p);
    if (p.parts > 1) {
        p.last = 0;
        CF_TRY(cf_plan_scratch(plan, (size_t)(p.outer * p.parts * p.inner) * lane, &to));
        CF_TRY(launch(plan, op, &p, *from, to));
        *from = to;
        p.first = 0;
        p.length = p.size = p.parts;
        p.parts = 1;
    }
    p.last = is_last;
    if (is_last)
        CF_TRY(cf_plan_tensor(plan, op->out[0], &to));
    else
        CF_TRY(cf_plan_scratch(plan, (size_t)(p.outer * p.inner) * lane, &to));
    CF_TRY(launch(plan, op, &p, *from, to));
    *from = to;
    return CF_OK;
}

/* Groups of axes from the last one on. */
static cf_status plan_plain(cf_planner *plan, cf_op *op, double total, const cf_buffer *from) {
    const cf_shape *s = &op->in[0]->shape;
    int gone[CF_NET_RANK], first = 1;
    int64_t inner = 1;
    CF_TRY(read_axes(op, gone));
    for (int d = s->rank - 1; d >= 0;) {
        int end = d + 1, more = 0;
        while (d >= 0 && gone[d] == gone[end - 1])
            d--;
        for (int i = 0; i <= d; i++)
            more |= gone[i];
        if (!gone[end - 1]) {
            inner *= cf_shape_span(s, d + 1, end);
            continue;
        }
        pass p = {.outer = cf_shape_span(s, 0, d + 1),
                  .length = cf_shape_span(s, d + 1, end),
                  .inner = inner,
                  .first = first,
                  .total = total};
        CF_TRY(plan_group(plan, op, p, !more, &from));
        first = 0;
    }
    if (!first)
        return CF_OK;
    pass p = {.outer = 1, .length = 1, .inner = cf_shape_count(s), .first = 1, .total = 1};
    return plan_group(plan, op, p, 1, &from); /* noop_with_empty_axes, or a scalar */
}

static cf_status plan_reduce(cf_planner *plan, cf_op *op) {
    const cf_shape *s = &op->in[0]->shape;
    double total = (double)cf_shape_count(s) / (double)cf_shape_count(&op->out[0]->shape);
    const cf_buffer *from;
    CF_TRY(cf_plan_tensor(plan, op->in[0], &from));
    if (op->want[0] != CF_LAYOUT_BLOCKED)
        return plan_plain(plan, op, total, from);
    pass p = {.outer = s->dim[0] * CF_NET_BLOCKS(s->dim[1]),
              .length = s->dim[2] * s->dim[3],
              .inner = 1,
              .blocked = 1,
              .first = 1,
              .total = total};
    return plan_group(plan, op, p, 1, &from);
}

static const char *const attributes[] = {"I:axes", "i:keepdims", "i:noop_with_empty_axes", NULL};

#define REDUCTION(onnx_name)                                                                       \
    { onnx_name, 1, 2, 1, attributes, infer, reference, layout, plan_reduce, 1, NULL, flops }
const cf_operator cf_operators_reduce[] = {
    REDUCTION("ReduceSum"),
    REDUCTION("ReduceMean"),
    REDUCTION("ReduceMax"),
    REDUCTION("ReduceMin"),
    REDUCTION("ReduceProd"),
    REDUCTION("ReduceL1"),
    REDUCTION("ReduceL2"),
    REDUCTION("ReduceSumSquare"),
    REDUCTION("ReduceLogSum"),
    {"GlobalAveragePool", 1, 1, 1, NULL, infer, reference, layout, plan_reduce, 1, NULL, flops},
    {"GlobalMaxPool", 1, 1, 1, NULL, infer, reference, layout, plan_reduce, 1, NULL, flops},
    {.name = NULL},
};
