/* SPDX-License-Identifier: Apache-2.0 */
/* 3x3 convolution of stride 1 by Winograd's minimal filtering, with two ways to run it: all steps
 * per group of tiles in local memory (weights transformed at plan time), or step by step over
 * global memory (large weights stay as they are and are transformed in each run, a part at a time,
 * for they would take four times the memory). */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "cl/net/conv_methods.h"
#include "cl/net/pack.h"

CF_CL_SOURCE(conv_winograd);

/* The largest kernel of a ConvTranspose of stride 2 that reaches a pixel around. */
#define UP_KERNEL 6
#define TAPS(t) (((t)->side + 2) * ((t)->side + 2))
/* Transformed weights up to this size are kept; they have to stay in a processor's cache. */
#define FUSED_WEIGHTS ((size_t)5 << 19)
/* What the steps put between them: transformed weights of a part of the output channels, and
 * values of a part of the tiles. */
#define PART_WEIGHTS ((size_t)5 << 20)
#define PART_VALUES ((size_t)24 << 20)

typedef struct {
    int side; /* outputs of a tile, TO */
    int up;   /* 2: for a ConvTranspose, whose output is four interleaved pictures; else 1 */
    int group, blocks;  /* NP, OB */
    int down, across;   /* tiles in a column and a row of one of the interleaved pictures */
    int tiles, groups;  /* in all */
    int iblocks, parts; /* blocks of input channels; output tiles of `blocks` blocks */
} tiling;

static tiling choose_tiling(const cf_conv *c, int side, int up) {
    int d = c->dilation[0], oblocks = CF_NET_BLOCKS(c->out_channels) * up * up;
    tiling t = {.side = side, .up = up, .blocks = oblocks > 1 ? 2 : 1};
    t.down = ((c->out_height + d - 1) / d + side - 1) / side;
    t.across = ((c->out_width + d - 1) / d + side - 1) / side;
    t.tiles = t.down * t.across * d * d * c->batch;
    t.group = 12; /* by 2 blocks fill the registers of AVX-512 */
    t.groups = (t.tiles + t.group - 1) / t.group;
    t.iblocks = CF_NET_BLOCKS(c->in_channels);
    t.parts = (oblocks + t.blocks - 1) / t.blocks;
    return t;
}

/* Bytes of one output tile's weights after the transform. */
static size_t part_bytes(const tiling *t) {
    return (size_t)TAPS(t) * (size_t)(t->iblocks * CF_NET_BLOCK) *
           (size_t)(t->blocks * CF_NET_BLOCK) * sizeof(float);
}

/* Bytes of a group's transformed inputs, and of its products for one output tile. */
static size_t in_bytes(const tiling *t) {
    return (size_t)(TAPS(t) * t->group * t->iblocks * CF_NET_BLOCK) * sizeof(float);
}

static size_t out_bytes(const tiling *t) {
    return (size_t)(TAPS(t) * t->group * t->blocks * CF_NET_BLOCK) * sizeof(float);
}

/* The transform of weights along one axis; the points are those of conv_winograd.cl. */
static void transform_row(int side, const double *g, double *out) {
    if (side == 2) {
        out[0] = g[0];
        out[1] = (g[0] + g[1] + g[2]) / 2;
        out[2] = (g[0] - g[1] + g[2]) / 2;
        out[3] = g[2];
        return;
    }
    const double a = 0.75, b = 1.5, a2 = a * a, b2 = b * b;
    out[0] = g[0] / (a2 * b2);
    out[1] = (g[0] + a * g[1] + a2 * g[2]) / (2 * a2 * (a2 - b2));
    out[2] = (g[0] - a * g[1] + a2 * g[2]) / (2 * a2 * (a2 - b2));
    out[3] = (g[0] + b * g[1] + b2 * g[2]) / (2 * b2 * (b2 - a2));
    out[4] = (g[0] - b * g[1] + b2 * g[2]) / (2 * b2 * (b2 - a2));
    out[5] = g[2];
}

/* 3x3 weights into side+2 squared ones. */
static void transform_weights(int side, const float *g, float *out) {
    double rows[3][6], column[3], result[6];
    for (int r = 0; r < 3; r++) {
        const double row[3] = {(double)g[3 * r], (double)g[3 * r + 1], (double)g[3 * r + 2]};
        transform_row(side, row, rows[r]);
    }
    for (int c = 0; c < side + 2; c++) {
        for (int r = 0; r < 3; r++)
            column[r] = rows[r][c];
        transform_row(side, column, result);
        for (int r = 0; r < side + 2; r++)
            out[r * (side + 2) + c] = (float)result[r];
    }
}

/* Weights [in_channels][3][3] that one of the four interleaved outputs of a ConvTranspose is an
 * ordinary convolution by. Output 2 y + phase takes tap k of input (2 y + phase + pad - k) / 2. */
static void read_phase(const cf_tensor *weights, const cf_conv *node, int phase, int channel,
                       float *out) {
    int kh = node->kernel[0], kw = node->kernel[1];
    for (int64_t ic = 0; ic < node->in_channels; ic++, out += 9) {
        float taps[UP_KERNEL * UP_KERNEL];
        cf_tensor_read(weights, (ic * node->out_channels + channel) * kh * kw, kh * kw, taps);
        for (int i = 0; i < 9; i++) {
            int ky = phase / 2 + node->pad[0] - 2 * (i / 3 - 1);
            int kx = phase % 2 + node->pad[1] - 2 * (i % 3 - 1);
            out[i] = ky >= 0 && ky < kh && kx >= 0 && kx < kw ? taps[ky * kw + kx] : 0;
        }
    }
}

/* What both ways need. */
typedef struct {
    const cf_buffer *in, *out, *bias, *weights;
    cf_post_buffers post;
    char options[128], post_options[1024];
} bindings;

/* Weights in the order [parts][taps][input blocks][16][blocks * 16]; transformed, or the nine of
 * the file. */
static cf_status pack(cf_planner *plan, const cf_op *op, const cf_conv *c, const tiling *t,
                      const cf_conv *node, int transformed, bindings *b) {
    size_t taps = transformed ? (size_t)TAPS(t) : 9, width = (size_t)t->blocks * CF_NET_BLOCK;
    size_t ics = (size_t)c->in_channels, depth = (size_t)t->iblocks * CF_NET_BLOCK;
    size_t count = (size_t)t->parts * taps * depth * width;
    float *packed = cf_alloc(count, sizeof *packed), *one = cf_alloc(ics * 9, sizeof *one);
    cf_status status = packed && one ? CF_OK : CF_ERR_MEMORY;
    size_t rounded = (size_t)CF_NET_BLOCKS(c->out_channels) * CF_NET_BLOCK;
    for (size_t oc = 0; status == CF_OK && oc < rounded * (size_t)(t->up * t->up); oc++) {
        int phase = (int)(oc / rounded), channel = (int)(oc % rounded);
        if (channel >= c->out_channels)
            continue;
        if (t->up == 1)
            cf_tensor_read(op->in[1], (int64_t)(oc * ics * 9), (int64_t)ics * 9, one);
        else
            read_phase(op->in[1], node, phase, channel, one);
        for (size_t ic = 0; ic < ics; ic++) {
            float values[36];
            if (transformed)
                transform_weights(t->side, one + ic * 9, values);
            const float *from = transformed ? values : one + ic * 9;
            for (size_t p = 0; p < taps; p++)
                packed[((oc / width * taps + p) * depth + ic) * width + oc % width] = from[p];
        }
    }
    if (status == CF_OK)
        status = cf_pack_upload(plan, op->in[1], packed, count, transformed ? NULL : b->options,
                                sizeof b->options, &b->weights);
    cf_free(one);
    cf_free(packed);
    return status;
}

static cf_status bind(cf_planner *plan, cf_op *op, const cf_conv *c, const tiling *t,
                      const cf_conv *node, int fused, bindings *b) {
    snprintf(b->options, sizeof b->options, "-DTO=%d -DNP=%d -DOB=%d -DFUSED=%d", t->side, t->group,
             t->blocks, fused);
    if (fused)
        snprintf(b->post_options, sizeof b->post_options, "%s", b->options);
    else
        snprintf(b->post_options, sizeof b->post_options, "-DTO=%d", t->side);
    CF_TRY(cf_plan_post(plan, op, b->post_options, sizeof b->post_options, &b->post));
    CF_TRY(cf_plan_tensor(plan, op->in[0], &b->in));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &b->out));
    CF_TRY(cf_pack_bias(plan, op->inputs > 2 ? op->in[2] : NULL, c->out_channels, &b->bias));
    return pack(plan, op, c, t, node, fused, b);
}

static cf_range range3(int x, int y, int z) {
    return (cf_range){{(size_t)x, (size_t)y, (size_t)z}, {1, 1, 1}};
}

static cf_status plan_fused(cf_planner *plan, cf_op *op, const cf_conv *c, const tiling *t,
                            const cf_conv *node) {
    bindings b = {0};
    CF_TRY(bind(plan, op, c, t, node, 1, &b));
    return cf_plan_launch(
        plan, &cf_kernel_conv_winograd, "winograd_fused", b.post_options, range3(t->groups, 1, 1),
        CF_ARGS(CF_BUF(b.in), CF_BUF(b.weights), CF_BUF(b.bias), CF_BUF(b.out),
                CF_INT(c->in_channels), CF_INT(c->in_height), CF_INT(c->in_width),
                CF_INT(c->out_channels), CF_INT(c->out_height), CF_INT(c->out_width),
                CF_INT(c->dilation[0]), CF_INT(c->pad[0]), CF_INT(c->pad[1]), CF_INT(t->down),
                CF_INT(t->across), CF_INT(t->tiles), CF_INT(t->up), CF_LOCAL(in_bytes(t)),
                CF_LOCAL(out_bytes(t)), CF_POST(b.post)));
}

/* Transforms the weights of `count` output tiles from `part` on, and multiplies by them. */
static cf_status plan_products(cf_planner *plan, const cf_conv *c, const tiling *t,
                               const bindings *b, const cf_buffer *u, const cf_buffer *v,
                               const cf_buffer *m, int groups, int part, int count, int transform) {
    int vectors = t->iblocks * CF_NET_BLOCK * t->blocks;
    if (transform)
        CF_TRY(
            cf_plan_launch(plan, &cf_kernel_conv_winograd, "winograd_weights", b->options,
                           range3(vectors, count, 1),
                           CF_ARGS(CF_BUF(b->weights), CF_BUF(u), CF_INT(vectors), CF_INT(part))));
    return cf_plan_launch(plan, &cf_kernel_conv_winograd, "winograd_multiply", b->options,
                          range3(groups, TAPS(t), count),
                          CF_ARGS(CF_BUF(v), CF_BUF(u), CF_BUF(m), CF_INT(c->in_channels),
                                  CF_INT(part), CF_INT(t->parts)));
}

static cf_status plan_steps(cf_planner *plan, cf_op *op, const cf_conv *c, const tiling *t,
                            const cf_conv *node) {
    bindings b = {0};
    const cf_buffer *u, *v, *m;
    CF_TRY(bind(plan, op, c, t, node, 0, &b));
    size_t products = out_bytes(t) * (size_t)t->parts;
    int strip = (int)(PART_VALUES / (in_bytes(t) + products)); /* groups at a time */
    strip = strip < 1 ? 1 : strip > t->groups ? t->groups : strip;
    int chunk = (int)(PART_WEIGHTS / part_bytes(t)); /* output tiles at a time */
    chunk = chunk < 1 ? 1 : chunk > t->parts ? t->parts : chunk;
    if (strip < t->groups && part_bytes(t) * (size_t)t->parts <= 4 * PART_WEIGHTS)
        chunk = t->parts; /* rather than again for each strip */
    CF_TRY(cf_plan_scratch(plan, part_bytes(t) * (size_t)chunk, &u));
    CF_TRY(cf_plan_scratch(plan, in_bytes(t) * (size_t)strip, &v));
    CF_TRY(cf_plan_scratch(plan, products * (size_t)strip, &m));
    for (int g = 0; g < t->groups; g += strip) {
        int groups = t->groups - g < strip ? t->groups - g : strip, first = g * t->group;
        int tiles = t->tiles - first < groups * t->group ? t->tiles - first : groups * t->group;
        CF_TRY(cf_plan_launch(
            plan, &cf_kernel_conv_winograd, "winograd_in", b.options, range3(tiles, t->iblocks, 1),
            CF_ARGS(CF_BUF(b.in), CF_BUF(v), CF_INT(c->in_channels), CF_INT(c->in_height),
                    CF_INT(c->in_width), CF_INT(c->dilation[0]), CF_INT(c->pad[0]),
                    CF_INT(c->pad[1]), CF_INT(t->down), CF_INT(t->across), CF_INT(first))));
        for (int part = 0; part < t->parts; part += chunk) {
            int count = t->parts - part < chunk ? t->parts - part : chunk;
            int once = chunk == t->parts; /* then all are transformed before the first strip */
            CF_TRY(plan_products(plan, c, t, &b, u, v, m, groups, part, count, !once || !g));
        }
        CF_TRY(cf_plan_launch(
            plan, &cf_kernel_conv_winograd, "winograd_out", b.post_options,
            range3(tiles, CF_NET_BLOCKS(c->out_channels) * t->up * t->up, 1),
            CF_ARGS(CF_BUF(m), CF_BUF(b.bias), CF_BUF(b.out), CF_INT(c->out_channels),
                    CF_INT(c->out_height), CF_INT(c->out_width), CF_INT(c->dilation[0]),
                    CF_INT(t->down), CF_INT(t->across), CF_INT(first), CF_INT(t->group),
                    CF_INT(t->parts * t->blocks), CF_INT(t->up), CF_POST(b.post))));
    }
    return CF_OK;
}

static int fits_fused(cf_planner *plan, const tiling *t) {
    const cf_cl_info *info = cf_cl_device_info(cf_plan_device(plan));
    size_t local = info->local_memory;
    return !strcmp(info->type, "cpu") && part_bytes(t) * (size_t)t->parts <= FUSED_WEIGHTS &&
           in_bytes(t) + out_bytes(t) <= local / 4 * 3;
}

/* node: the ConvTranspose that c stands for when up is 2. */
static cf_status plan_side(cf_planner *plan, cf_op *op, const cf_conv *c, int side, int up,
                           const cf_conv *node) {
    tiling t = choose_tiling(c, side, up);
    if (fits_fused(plan, &t))
        return plan_fused(plan, op, c, &t, node);
    if (t.tiles % 12 && t.tiles <= 8 * 12) { /* as fast here, and fewer idle; one more to build */
        t.group = 8;
        t.groups = (t.tiles + 7) / 8;
    }
    return plan_steps(plan, op, c, &t, node);
}

static cf_status plan_2(cf_planner *plan, cf_op *op, const cf_conv *c) {
    return plan_side(plan, op, c, 2, 1, NULL);
}

static cf_status plan_4(cf_planner *plan, cf_op *op, const cf_conv *c) {
    return plan_side(plan, op, c, 4, 1, NULL);
}

static int suits(const cf_conv *c) {
    return c->kernel[0] == 3 && c->kernel[1] == 3 && c->stride[0] == 1 && c->stride[1] == 1 &&
           c->dilation[0] == c->dilation[1] && c->dilation[0] <= 64 && c->groups == 1 &&
           c->in_layout == CF_LAYOUT_BLOCKED && c->out_layout == CF_LAYOUT_BLOCKED &&
           c->in_channels >= CF_NET_BLOCK / 2;
}

/* Products, and transforms measured in products of one block by another. */
static double cost(const cf_conv *c, int side, int up) {
    tiling t = choose_tiling(c, side, up);
    double oblocks = t.parts * t.blocks, taps = TAPS(&t);
    double products = (double)t.groups * t.group * taps * c->in_channels * oblocks;
    double transforms = (double)t.tiles * taps * (t.iblocks * 6 + oblocks * 5);
    double weights = (double)c->in_channels * oblocks * taps * 18; /* mostly memory */
    return 2.0 * CF_NET_BLOCK * (products + transforms + weights);
}

static double cost_2(const cf_conv *c, unsigned units) {
    (void)units;
    return cost(c, 2, 1);
}

static double cost_4(const cf_conv *c, unsigned units) {
    (void)units;
    return cost(c, 4, 1);
}

const cf_conv_method cf_conv_winograd2 = {"winograd2", suits, cost_2, plan_2};
const cf_conv_method cf_conv_winograd4 = {"winograd4", suits, cost_4, plan_4};

/* The convolution that makes one of the four interleaved pictures of a ConvTranspose's output. */
static cf_conv one_phase(const cf_conv *node) {
    cf_conv c = *node;
    c.out_height = c.in_height;
    c.out_width = c.in_width;
    for (int i = 0; i < 2; i++) {
        c.kernel[i] = 3;
        c.stride[i] = 1;
        c.pad[i] = c.pad[2 + i] = 1;
    }
    return c;
}

/* Whether no tap reaches farther than a pixel from the input that an output lies at. */
static int reaches_a_pixel(const cf_conv *node, int axis) {
    for (int phase = 0; phase < 2; phase++)
        for (int k = 0; k < node->kernel[axis]; k++) {
            int at = phase + node->pad[axis] - k;
            if (at % 2 == 0 && (at < -2 || at > 2))
                return 0;
        }
    return 1;
}

int cf_conv_winograd_up_suits(const cf_conv *node) {
    if (node->groups != 1 || node->in_layout != CF_LAYOUT_BLOCKED ||
        node->out_layout != CF_LAYOUT_BLOCKED || node->out_height != 2 * node->in_height ||
        node->out_width != 2 * node->in_width)
        return 0;
    for (int i = 0; i < 2; i++)
        if (node->stride[i] != 2 || node->dilation[i] != 1 || node->kernel[i] > UP_KERNEL ||
            node->pad[i] > UP_KERNEL || !reaches_a_pixel(node, i))
            return 0;
    const cf_conv c = one_phase(node);
    double direct = 2.0 * c.batch * c.in_height * c.in_width * node->kernel[0] * node->kernel[1] *
                    c.in_channels * CF_NET_BLOCKS(c.out_channels) * CF_NET_BLOCK;
    return suits(&c) && 1.4 * cost(&c, 4, 2) < direct; /* one launch against many */
}

cf_status cf_conv_winograd_up(cf_planner *plan, cf_op *op, const cf_conv *node) {
    const cf_conv c = one_phase(node);
    return plan_side(plan, op, &c, 4, 2, node);
}
