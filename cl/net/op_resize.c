/* SPDX-License-Identifier: Apache-2.0 */
/* Resize: nearest, linear and cubic. Every axis has a table of input places and weights per output;
 * reference and kernels only differ in how they add. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "cl/net/planner.h"

CF_CL_SOURCE(op_resize);

#define RUN 64 /* as in op_resize.cl */
#define TAPS_MAX 4

/* Where output elements of an axis lie on the input, and how they are made from it. */
typedef struct {
    int64_t in[CF_NET_RANK], out[CF_NET_RANK];
    float scale[CF_NET_RANK];
    const char *transform, *nearest, *mode;
    int taps;
    float cubic_a;
    int exclude_outside;
} resize;

/* ---- What is asked for ---- */

/* The axes that scales and sizes are for; all when there is no such attribute. */
static cf_status read_axes(const cf_op *op, int *axes, size_t *count) {
    int rank = op->in[0]->shape.rank, seen[CF_NET_RANK] = {0};
    const int64_t *list = cf_op_ints(op, "axes", count);
    if (!list)
        *count = (size_t)rank;
    if (*count > (size_t)rank)
        return cf_op_fail(op, CF_ERR_FORMAT, "%zu axes for %d dimensions", *count, rank);
    for (size_t i = 0; i < *count; i++) {
        CF_TRY(cf_op_axis(op, list ? list[i] : (int64_t)i, rank, &axes[i]));
        if (seen[axes[i]]++)
            return cf_op_fail(op, CF_ERR_FORMAT, "axis %d is named twice", axes[i]);
    }
    return CF_OK;
}

static cf_status set_size(const cf_op *op, resize *r, int axis, double size) {
    if (!(size >= 1) || size > (double)CF_NET_ELEMENTS)
        return cf_op_fail(op, CF_ERR_FORMAT, "a size of %g", size);
    r->out[axis] = (int64_t)size;
    return CF_OK;
}

static cf_status use_scales(const cf_op *op, resize *r, const int *axes, size_t count) {
    const cf_tensor *t = op->in[2];
    float scales[CF_NET_RANK];
    if (!cf_tensor_is_constant(t))
        return cf_op_fail(op, CF_ERR_UNSUPPORTED, "scales must be known before the run");
    if (t->type != CF_TYPE_FLOAT || cf_shape_count(&t->shape) != (int64_t)count)
        return cf_op_fail(op, CF_ERR_FORMAT, "scales are not %zu numbers", count);
    cf_tensor_read(t, 0, (int64_t)count, scales);
    for (size_t i = 0; i < count; i++) {
        if (!(scales[i] > 0) || isinf(scales[i]))
            return cf_op_fail(op, CF_ERR_FORMAT, "a scale of %g", (double)scales[i]);
        r->scale[axes[i]] = scales[i];
        CF_TRY(set_size(op, r, axes[i], floor((double)((float)r->in[axes[i]] * scales[i]))));
    }
    return CF_OK;
}

/* keep_aspect_ratio_policy: the sizes become limits of one common scale. */
static cf_status keep_aspect(const cf_op *op, resize *r, const int *axes, size_t count) {
    const char *policy = cf_op_string(op, "keep_aspect_ratio_policy", "stretch");
    int larger = !strcmp(policy, "not_larger");
    if (!strcmp(policy, "stretch"))
        return CF_OK;
    if (!larger && strcmp(policy, "not_smaller") != 0)
        return cf_op_fail(op, CF_ERR_FORMAT, "keep_aspect_ratio_policy is '%.20s'", policy);
    float common = larger ? INFINITY : 0;
    for (size_t i = 0; i < count; i++) {
        float s = r->scale[axes[i]];
        common = larger ? fminf(common, s) : fmaxf(common, s);
    }
    for (size_t i = 0; i < count; i++) {
        r->scale[axes[i]] = common;
        CF_TRY(set_size(op, r, axes[i], floor((double)(common * (float)r->in[axes[i]] + 0.5F))));
    }
    return CF_OK;
}

static cf_status use_sizes(const cf_op *op, resize *r, const int *axes, size_t count) {
    int64_t sizes[CF_NET_RANK];
    size_t given;
    CF_TRY(cf_op_constant_ints(op, 3, sizes, CF_NET_RANK, &given));
    if (given != count)
        return cf_op_fail(op, CF_ERR_FORMAT, "%zu sizes for %zu axes", given, count);
    for (size_t i = 0; i < count; i++) {
        CF_TRY(set_size(op, r, axes[i], (double)sizes[i]));
        r->scale[axes[i]] = (float)r->out[axes[i]] / (float)r->in[axes[i]];
    }
    return keep_aspect(op, r, axes, count);
}

static int one_of(const char *text, const char *const *list) {
    for (; *list; list++)
        if (!strcmp(text, *list))
            return 1;
    return 0;
}

static cf_status read_modes(const cf_op *op, resize *r) {
    static const char *const modes[] = {"nearest", "linear", "cubic", NULL};
    static const char *const transforms[] = {
        "half_pixel", "pytorch_half_pixel",   "align_corners",
        "asymmetric", "half_pixel_symmetric", "tf_half_pixel_for_nn",
        NULL};
    static const char *const nearest[] = {"round_prefer_floor", "round_prefer_ceil", "floor",
                                          "ceil", NULL};
    r->mode = cf_op_string(op, "mode", "nearest");
    r->transform = cf_op_string(op, "coordinate_transformation_mode", "half_pixel");
    r->nearest = cf_op_string(op, "nearest_mode", "round_prefer_floor");
    r->cubic_a = cf_op_float(op, "cubic_coeff_a", -0.75F);
    r->exclude_outside = cf_op_int(op, "exclude_outside", 0) != 0;
    r->taps = r->mode[0] == 'n' ? 1 : r->mode[0] == 'l' ? 2 : 4;
    if (!one_of(r->transform, transforms))
        return cf_op_fail(op, CF_ERR_UNSUPPORTED,
                          "coordinate_transformation_mode '%.40s' is not supported", r->transform);
    if (!one_of(r->mode, modes) || !one_of(r->nearest, nearest))
        return cf_op_fail(op, CF_ERR_FORMAT, "mode '%.20s', nearest_mode '%.20s'", r->mode,
                          r->nearest);
    if (cf_op_int(op, "antialias", 0) && r->taps > 1)
        return cf_op_fail(op, CF_ERR_UNSUPPORTED, "antialias is not supported");
    return CF_OK;
}

/* A list input that is there and not empty, as opset 11 leaves inputs out. */
static int given(const cf_op *op, int port) {
    return op->inputs > port && op->in[port] && cf_shape_count(&op->in[port]->shape) > 0;
}

static cf_status describe(const cf_op *op, resize *r) {
    const cf_shape *x = &op->in[0]->shape;
    int axes[CF_NET_RANK];
    size_t count;
    *r = (resize){.taps = 1};
    CF_TRY(read_modes(op, r));
    CF_TRY(read_axes(op, axes, &count));
    for (int d = 0; d < x->rank; d++) {
        r->in[d] = r->out[d] = x->dim[d];
        r->scale[d] = 1;
        if (x->dim[d] < 1)
            return cf_op_fail(op, CF_ERR_UNSUPPORTED, "data without elements");
    }
    if (given(op, 2) == given(op, 3))
        return cf_op_fail(op, CF_ERR_FORMAT, "either scales or sizes must be given");
    return given(op, 2) ? use_scales(op, r, axes, count) : use_sizes(op, r, axes, count);
}

/* Axes are done one after the other, from the last on: where one grows and a later one shrinks,
 * what lies between is larger than input and output. */
static cf_status check_steps(const cf_op *op, const resize *r) {
    const cf_shape *x = &op->in[0]->shape;
    double in = (double)cf_shape_count(x), out = 1, step = in;
    for (int d = 0; d < x->rank; d++)
        out *= (double)r->out[d];
    double most = fmax(fmax(in, out), 0x1p24);
    for (int d = x->rank - 1; d >= 0; d--) {
        step = step / (double)r->in[d] * (double)r->out[d];
        if (step > most)
            return cf_op_fail(op, CF_ERR_UNSUPPORTED, "a step of it is too large");
    }
    return CF_OK;
}

static cf_status infer(cf_planner *plan, cf_op *op) {
    (void)plan;
    resize r;
    if (op->in[0]->type != CF_TYPE_FLOAT)
        return cf_op_fail(op, CF_ERR_UNSUPPORTED, "only on floating-point numbers");
    CF_TRY(describe(op, &r));
    CF_TRY(check_steps(op, &r));
    op->out[0]->type = CF_TYPE_FLOAT;
    op->out[0]->shape.rank = op->in[0]->shape.rank;
    memcpy(op->out[0]->shape.dim, r.out, sizeof r.out);
    return CF_OK;
}

/* ---- Tables ---- */

/* Place of output i on the input, in float as ONNX Runtime has it: where it falls half way between
 * two pixels, rounding decides which one is nearest. */
static float place_of(const resize *r, int axis, int64_t i) {
    float x = (float)i, scale = r->scale[axis], in = (float)r->in[axis], out = (float)r->out[axis];
    if (!strcmp(r->transform, "asymmetric"))
        return x / scale;
    if (!strcmp(r->transform, "tf_half_pixel_for_nn")) /* opset 11 */
        return (x + 0.5F) / scale;
    if (!strcmp(r->transform, "align_corners")) /* whole sizes, as PyTorch and ONNX Runtime */
        return r->out[axis] == 1 ? 0 : x * (in - 1) / (out - 1);
    if (!strcmp(r->transform, "pytorch_half_pixel") && r->out[axis] == 1)
        return 0;
    float offset = 0;
    if (!strcmp(r->transform, "half_pixel_symmetric"))
        offset = in / 2 * (1 - out / (scale * in));
    return offset + (x + 0.5F) / scale - 0.5F;
}

static int64_t clamp_index(double x, int64_t size) {
    return x <= 0 ? 0 : x >= (double)(size - 1) ? size - 1 : (int64_t)x;
}

static double nearest_of(const resize *r, float x) {
    if (!strcmp(r->nearest, "floor"))
        return floor((double)x);
    if (!strcmp(r->nearest, "ceil"))
        return ceil((double)x);
    return strcmp(r->nearest, "round_prefer_ceil") != 0 ? ceil((double)x - 0.5)
                                                        : floor((double)x + 0.5);
}

/* Keys' kernel at distance d. */
static double cubic_weight(double d, double a) {
    d = fabs(d);
    if (d <= 1)
        return ((a + 2) * d - (a + 3)) * d * d + 1;
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

static void cubic_taps(const resize *r, int axis, float x, int32_t *place, float *weight) {
    double first = floor((double)x) - 1, sum = 0, w[TAPS_MAX];
    for (int k = 0; k < TAPS_MAX; k++) {
        double at = first + k;
        int outside = at < 0 || at > (double)(r->in[axis] - 1);
        place[k] = (int32_t)clamp_index(at, r->in[axis]);
        w[k] = r->exclude_outside && outside ? 0 : cubic_weight((double)x - at, (double)r->cubic_a);
        sum += w[k];
    }
    for (int k = 0; k < TAPS_MAX; k++)
        weight[k] = (float)(r->exclude_outside && sum != 0 ? w[k] / sum : w[k]);
}

/* place and weight: r->taps for each output of the axis. */
static void fill_table(const resize *r, int axis, int32_t *place, float *weight) {
    for (int64_t i = 0; i < r->out[axis]; i++, place += r->taps, weight += r->taps) {
        float x = place_of(r, axis, i);
        if (r->taps == 4) {
            cubic_taps(r, axis, x, place, weight);
            continue;
        }
        if (r->taps == 1) {
            place[0] = (int32_t)clamp_index(nearest_of(r, x), r->in[axis]);
            weight[0] = 1;
            continue;
        }
        x = fminf(fmaxf(x, 0), (float)(r->in[axis] - 1));
        place[0] = (int32_t)clamp_index((double)x, r->in[axis]);
        place[1] = (int32_t)clamp_index((double)place[0] + 1, r->in[axis]);
        weight[1] = x - (float)place[0];
        weight[0] = 1 - weight[1];
    }
}

static int is_resized(const resize *r, int axis) {
    return r->in[axis] != r->out[axis] || r->scale[axis] != 1;
}

/* ---- The definition of correct: one axis after the other, in double ---- */

static void resize_axis(const resize *r, int axis, const double *from, double *to, int64_t outer,
                        int64_t inner, const int32_t *place, const float *weight) {
    int64_t in = r->in[axis], out = r->out[axis];
    for (int64_t o = 0; o < outer * out; o++)
        for (int64_t i = 0; i < inner; i++) {
            double sum = 0;
            for (int k = 0; k < r->taps; k++) {
                int64_t t = o % out * r->taps + k;
                sum += (double)weight[t] * from[(o / out * in + place[t]) * inner + i];
            }
            to[o * inner + i] = sum;
        }
}

static cf_status step(const cf_op *op, const resize *r, int axis, double **data) {
    int64_t outer = 1, inner = 1;
    for (int d = 0; d < op->in[0]->shape.rank; d++) /* axes behind this one are done */
        *(d < axis ? &outer : &inner) *= d < axis ? r->in[d] : d > axis ? r->out[d] : 1;
    size_t table = (size_t)(r->out[axis] * r->taps);
    double *next = cf_alloc((size_t)(outer * r->out[axis] * inner), sizeof *next);
    int32_t *place = cf_alloc(table, sizeof *place);
    float *weight = cf_alloc(table, sizeof *weight);
    int fine = next && place && weight;
    if (fine) {
        fill_table(r, axis, place, weight);
        resize_axis(r, axis, *data, next, outer, inner, place, weight);
    }
    cf_free(place);
    cf_free(weight);
    cf_free(fine ? *data : next);
    *data = fine ? next : *data;
    return fine ? CF_OK : CF_ERR_MEMORY;
}

static cf_status reference(const cf_op *op) {
    int64_t n = cf_shape_count(&op->in[0]->shape), m = cf_shape_count(&op->out[0]->shape);
    resize r;
    CF_TRY(describe(op, &r));
    double *data = cf_alloc((size_t)n, sizeof *data);
    cf_status status = data ? CF_OK : CF_ERR_MEMORY;
    for (int64_t i = 0; data && i < n; i++)
        data[i] = (double)((const float *)op->in[0]->data)[i];
    for (int axis = op->in[0]->shape.rank - 1; status == CF_OK && axis >= 0; axis--)
        if (is_resized(&r, axis))
            status = step(op, &r, axis, &data);
    for (int64_t i = 0; status == CF_OK && i < m; i++)
        ((float *)op->out[0]->data)[i] = (float)data[i];
    cf_free(data);
    return status;
}

/* ---- On the device ---- */

static void layout(cf_op *op) {
    resize r;
    if (op->in[0]->shape.rank == 4 && op->in[0]->shape.dim[1] >= CF_NET_BLOCK / 2 &&
        op->in[0]->layout == CF_LAYOUT_BLOCKED && describe(op, &r) == CF_OK && !is_resized(&r, 0) &&
        !is_resized(&r, 1))
        op->want[0] = op->out[0]->layout = CF_LAYOUT_BLOCKED;
}

static cf_status upload_table(cf_planner *plan, const resize *r, int axis, const cf_buffer **place,
                              const cf_buffer **weight) {
    size_t count = (size_t)(r->out[axis] * r->taps);
    int32_t *places = cf_plan_keep(plan, count, sizeof *places);
    float *weights = cf_plan_keep(plan, count, sizeof *weights);
    if (!places || !weights)
        return CF_ERR_MEMORY;
    fill_table(r, axis, places, weights);
    CF_TRY(cf_plan_constant(plan, places, count * sizeof *places, place));
    return cf_plan_constant(plan, weights, count * sizeof *weights, weight);
}

/* To exactly twice the size, between pixel centres. */
static int is_twice(const resize *r) {
    return r->taps == 2 && r->out[2] == 2 * r->in[2] && r->out[3] == 2 * r->in[3] &&
           r->scale[2] == 2 && r->scale[3] == 2 &&
           (!strcmp(r->transform, "half_pixel") || !strcmp(r->transform, "pytorch_half_pixel") ||
            !strcmp(r->transform, "half_pixel_symmetric"));
}

static cf_status plan_blocked(cf_planner *plan, cf_op *op, const resize *r) {
    const cf_buffer *in, *out, *px, *wx, *py, *wy;
    cf_post_buffers post;
    char options[1024] = "";
    int twice = is_twice(r), blocks = (int)CF_NET_BLOCKS(r->out[1]);
    const int64_t *size = twice ? r->in : r->out;
    cf_range range = {
        {(size_t)(size[3] + RUN - 1) / RUN, (size_t)size[2], (size_t)(r->out[0] * blocks)},
        {1, 1, 1}};
    if (!twice)
        snprintf(options, sizeof options, "-DTAPS=%d", r->taps);
    CF_TRY(cf_plan_tensor(plan, op->in[0], &in));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &out));
    CF_TRY(cf_plan_post(plan, op, options, sizeof options, &post));
    if (twice)
        return cf_plan_launch(plan, &cf_kernel_op_resize, "resize_twice_blocked", options, range,
                              CF_ARGS(CF_BUF(in), CF_BUF(out), CF_INT((int)r->in[3]),
                                      CF_INT((int)r->in[2]), CF_INT(blocks), CF_POST(post)));
    CF_TRY(upload_table(plan, r, 3, &px, &wx));
    CF_TRY(upload_table(plan, r, 2, &py, &wy));
    return cf_plan_launch(plan, &cf_kernel_op_resize, "resize_blocked", options, range,
                          CF_ARGS(CF_BUF(in), CF_BUF(out), CF_BUF(px), CF_BUF(wx), CF_BUF(py),
                                  CF_BUF(wy), CF_INT((int)r->in[3]), CF_INT((int)r->in[2]),
                                  CF_INT((int)r->out[3]), CF_INT(blocks), CF_POST(post)));
}

/* One axis of `outer` x in x `inner` elements; the epilogue where `last`. */
static cf_status plan_axis(cf_planner *plan, cf_op *op, const resize *r, int axis, int last,
                           const cf_buffer *from, const cf_buffer *to) {
    int64_t outer = 1, inner = 1, item = RUN * 16;
    const cf_buffer *place, *weight;
    cf_post_buffers post;
    cf_post *behind = op->post;
    char options[1024];
    int32_t channel[4];
    for (int d = 0; d < op->in[0]->shape.rank; d++) /* axes behind this one are done */
        *(d < axis ? &outer : &inner) *= d < axis ? r->in[d] : d > axis ? r->out[d] : 1;
    snprintf(options, sizeof options, "-DTAPS=%d", r->taps);
    CF_TRY(upload_table(plan, r, axis, &place, &weight));
    op->post = last ? behind : NULL;
    cf_post_any_channel(op, channel, options, sizeof options);
    cf_status status = cf_plan_post(plan, op, options, sizeof options, &post);
    op->post = behind;
    CF_TRY(status);
    if (inner == 1)
        return cf_plan_launch(plan, &cf_kernel_op_resize, "resize_last", options,
                              CF_RANGE((r->out[axis] + item - 1) / item, outer, 1, 1),
                              CF_ARGS(CF_BUF(from), CF_BUF(to), CF_BUF(place), CF_BUF(weight),
                                      CF_INT((int)r->in[axis]), CF_INT((int)r->out[axis]),
                                      CF_BYTES(channel, sizeof channel), CF_POST(post)));
    return cf_plan_launch(plan, &cf_kernel_op_resize, "resize_axis", options,
                          CF_RANGE((inner + item - 1) / item, outer * r->out[axis], 1, 1),
                          CF_ARGS(CF_BUF(from), CF_BUF(to), CF_BUF(place), CF_BUF(weight),
                                  CF_INT((int)r->in[axis]), CF_INT((int)r->out[axis]),
                                  CF_INT((int)inner), CF_BYTES(channel, sizeof channel),
                                  CF_POST(post)));
}

static cf_status plan_plain(cf_planner *plan, cf_op *op, const resize *r) {
    int axes[CF_NET_RANK], count = 0, rank = op->in[0]->shape.rank;
    const cf_buffer *from, *to;
    for (int d = rank - 1; d >= 0; d--)
        if (is_resized(r, d))
            axes[count++] = d;
    if (!count) /* a copy, by a table of ones */
        axes[count++] = rank - 1;
    int64_t elements = cf_shape_count(&op->in[0]->shape);
    CF_TRY(cf_plan_tensor(plan, op->in[0], &from));
    for (int i = 0; i < count; i++, from = to) {
        int last = i == count - 1;
        elements = elements / r->in[axes[i]] * r->out[axes[i]]; /* NOLINT: describe checked */
        if (elements > CF_NET_ELEMENTS)
            return cf_op_fail(op, CF_ERR_UNSUPPORTED, "a step of it is too large");
        CF_TRY(last ? cf_plan_tensor(plan, op->out[0], &to)
                    : cf_plan_scratch(plan, (size_t)elements * sizeof(float), &to));
        CF_TRY(plan_axis(plan, op, r, axes[i], last, from, to));
    }
    return CF_OK;
}

static cf_status plan_resize(cf_planner *plan, cf_op *op) {
    resize r;
    CF_TRY(describe(op, &r));
    return op->out[0]->layout == CF_LAYOUT_BLOCKED ? plan_blocked(plan, op, &r)
                                                   : plan_plain(plan, op, &r);
}

static double flops(const cf_op *op) {
    int taps = cf_op_string(op, "mode", "nearest")[0] == 'n' ? 0 : 4;
    return 2.0 * taps * (double)cf_shape_count(&op->out[0]->shape);
}

static const char *const attributes[] = {"s:coordinate_transformation_mode",
                                         "f:cubic_coeff_a",
                                         "i:exclude_outside",
                                         "f:extrapolation_value",
                                         "s:mode",
                                         "s:nearest_mode",
                                         "i:antialias",
                                         "I:axes",
                                         "s:keep_aspect_ratio_policy",
                                         NULL};
const cf_operator cf_operators_resize[] = {
    {"Resize", 1, 4, 1, attributes, infer, reference, layout, plan_resize, 1, NULL, flops},
    {.name = NULL},
};
