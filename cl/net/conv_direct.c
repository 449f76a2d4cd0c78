/* SPDX-License-Identifier: Apache-2.0 */
/* Direct convolution: the method that suits everything. */
#include <stdio.h>

#include "base/alloc.h"
#include "cl/net/conv_methods.h"
#include "cl/net/pack.h"

CF_CL_SOURCE(conv_direct);

/* How a convolution is cut into register tiles; the meanings of the kernel's macros. */
typedef struct {
    int pixels, blocks; /* NP, OB */
    int lanes;          /* input channels that lie together */
    int depth;          /* blocks of `lanes` input channels that one tile reads, at most */
} tiling;

/* 12 pixels by 2 blocks of accumulators fill the registers of AVX-512; fewer where a row ends in
 * the middle of a tile. Each size is a kernel of its own to build, hence only three. */
static int choose_pixels(int width) {
    static const int sizes[] = {12, 8, 4};
    int best = 12;
    double best_use = 0;
    if (width % 12 && width % 8 == 0)
        return 8;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int n = sizes[i], tiles = (width + n - 1) / n;
        double use = width / (tiles * (n + 1.0)); /* the weights' loads count as a pixel */
        if (use > best_use) {
            best = n;
            best_use = use;
        }
    }
    return best;
}

/* Blocks of input channels that tile `ob` reads from, and the first of them. */
static int input_blocks(const cf_conv *c, const tiling *t, int ob, int *first) {
    int group_in = c->in_channels / c->groups, group_out = c->out_channels / c->groups;
    int begin = ob * t->blocks * CF_NET_BLOCK, end = begin + t->blocks * CF_NET_BLOCK;
    end = end < c->out_channels ? end : c->out_channels;
    *first = begin / group_out * group_in / t->lanes;
    return ((end - 1) / group_out * group_in + group_in - 1) / t->lanes + 1 - *first;
}

static int output_tiles(const cf_conv *c, const tiling *t) {
    return (CF_NET_BLOCKS(c->out_channels) + t->blocks - 1) / t->blocks;
}

static tiling choose_tiling(const cf_conv *c) {
    tiling t = {.pixels = choose_pixels(c->out_width),
                .blocks = c->out_channels > CF_NET_BLOCK && c->groups == 1 ? 2 : 1,
                .lanes = c->in_layout == CF_LAYOUT_PLAIN ? 1 : CF_NET_BLOCK};
    for (int ob = 0; ob < output_tiles(c, &t); ob++) {
        int first, blocks = input_blocks(c, &t, ob, &first);
        t.depth = blocks > t.depth ? blocks : t.depth;
    }
    return t;
}

/* One output channel's weights (`from`: [input channels of its group][taps]) into the order that
 * the kernel describes. */
static void pack_channel(const cf_conv *c, const tiling *t, int oc, const float *from,
                         float *packed) {
    int width = t->blocks * CF_NET_BLOCK, ob = oc / width, first;
    int group_in = c->in_channels / c->groups, group_out = c->out_channels / c->groups;
    size_t taps = (size_t)c->kernel[0] * (size_t)c->kernel[1];
    input_blocks(c, t, ob, &first);
    for (int k = 0; k < group_in; k++) {
        int channel = oc / group_out * group_in + k;
        size_t block = (size_t)ob * (size_t)t->depth + (size_t)(channel / t->lanes - first);
        for (size_t tap = 0; tap < taps; tap++) {
            size_t row = (block * taps + tap) * (size_t)t->lanes + (size_t)(channel % t->lanes);
            packed[row * (size_t)width + (size_t)(oc % width)] = from[(size_t)k * taps + tap];
        }
    }
}

static cf_status pack(cf_planner *plan, const cf_op *op, const cf_conv *c, const tiling *t,
                      char *options, size_t size, const cf_buffer **out) {
    size_t taps = (size_t)c->kernel[0] * (size_t)c->kernel[1];
    size_t each = (size_t)(c->in_channels / c->groups) * taps;
    size_t count = (size_t)output_tiles(c, t) * (size_t)t->depth * taps * (size_t)t->lanes *
                   (size_t)t->blocks * CF_NET_BLOCK;
    float *packed = cf_alloc(count, sizeof *packed), *one = cf_alloc(each, sizeof *one);
    cf_status status = packed && one ? CF_OK : CF_ERR_MEMORY;
    for (int oc = 0; status == CF_OK && oc < c->out_channels; oc++) {
        cf_tensor_read(op->in[1], (int64_t)oc * (int64_t)each, (int64_t)each, one);
        pack_channel(c, t, oc, one, packed);
    }
    if (status == CF_OK)
        status = cf_pack_upload(plan, op->in[1], packed, count, options, size, out);
    cf_free(one);
    cf_free(packed);
    return status;
}

static cf_status plan_direct(cf_planner *plan, cf_op *op, const cf_conv *c) {
    tiling t = choose_tiling(c);
    char options[1024];
    const cf_buffer *in, *weights, *bias, *out;
    cf_post_buffers post;
    int is_plain = c->in_layout == CF_LAYOUT_PLAIN, small = c->kernel[1] <= 6 ? c->kernel[1] : 0;
    snprintf(options, sizeof options,
             "-DNP=%d -DOB=%d -DSX=%d -DIN_PLAIN=%d -DOUT_PLAIN=%d -DKW=%d", t.pixels, t.blocks,
             c->stride[1] <= 2 ? c->stride[1] : 0, is_plain, c->out_layout == CF_LAYOUT_PLAIN,
             is_plain ? small : 0);
    CF_TRY(cf_plan_post(plan, op, options, sizeof options, &post));
    CF_TRY(cf_plan_tensor(plan, op->in[0], &in));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &out));
    CF_TRY(cf_pack_bias(plan, op->inputs > 2 ? op->in[2] : NULL, c->out_channels, &bias));
    CF_TRY(pack(plan, op, c, &t, options, sizeof options, &weights));
    size_t tiles = (size_t)((c->out_width + t.pixels - 1) / t.pixels) * (size_t)c->out_height;
    size_t obs = (size_t)output_tiles(c, &t);
    size_t weight_bytes = (size_t)t.depth * (size_t)(c->kernel[0] * c->kernel[1]) *
                          (size_t)(t.lanes * t.blocks * CF_NET_BLOCK) * obs * sizeof(float);
    int swap = weight_bytes <= (size_t)512 << 10;
    cf_range range = {{swap ? obs : tiles, swap ? tiles : obs, (size_t)c->batch}, {1, 1, 1}};
    return cf_plan_launch(
        plan, &cf_kernel_conv_direct, "conv_direct", options, range,
        CF_ARGS(CF_BUF(in), CF_BUF(weights), CF_BUF(bias), CF_BUF(out), CF_INT(swap),
                CF_INT(c->in_channels), CF_INT(c->in_height), CF_INT(c->in_width),
                CF_INT(c->out_channels), CF_INT(c->out_height), CF_INT(c->out_width),
                CF_INT(c->in_channels / c->groups), CF_INT(c->out_channels / c->groups),
                CF_INT(t.depth), CF_INT(c->kernel[0]), CF_INT(c->kernel[1]), CF_INT(c->stride[0]),
                CF_INT(c->stride[1]), CF_INT(c->dilation[0]), CF_INT(c->dilation[1]),
                CF_INT(c->pad[0]), CF_INT(c->pad[1]), CF_POST(post)));
}

static int suits(const cf_conv *c) {
    (void)c;
    return 1;
}

/* Multiply-adds that are computed, unused lanes and pixels included. */
static double cost(const cf_conv *c, unsigned units) {
    (void)units;
    tiling t = choose_tiling(c);
    double tiles = (double)((c->out_width + t.pixels - 1) / t.pixels) * c->out_height * c->batch;
    double inputs = c->groups == 1 ? c->in_channels : (double)t.depth * t.lanes;
    return 2.0 * tiles * t.pixels * output_tiles(c, &t) * t.blocks * CF_NET_BLOCK * inputs *
           c->kernel[0] * c->kernel[1];
}

const cf_conv_method cf_conv_direct = {"direct", suits, cost, plan_direct};
