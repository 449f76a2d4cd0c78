/* SPDX-License-Identifier: Apache-2.0 */
/* 1x1 convolutions: a matrix product whose columns are pixels. */
#include <stdio.h>

#include "cl/net/conv_methods.h"
#include "cl/net/pack.h"

CF_CL_SOURCE(conv_pointwise);

/* Weights up to this size stay in a core's second-level cache, bytes. */
#define CACHED_WEIGHTS ((size_t)512 << 10)
/* Tiles a work-item makes, so that starting it costs little beside few channels' work. */
#define TILES 4

static int suits(const cf_conv *c) {
    return c->kernel[0] == 1 && c->kernel[1] == 1 && c->groups == 1 && c->stride[1] <= 2 &&
           !c->pad[0] && !c->pad[1] && !c->pad[2] && !c->pad[3];
}

/* Multiply-adds computed at a rate a little above the general kernel's. */
static double cost(const cf_conv *c, unsigned units) {
    (void)units;
    return 1.6 * c->batch * c->out_height * c->out_width * CF_NET_BLOCKS(c->out_channels) *
           CF_NET_BLOCK * c->in_channels;
}

int cf_conv_tile(int width) {
    return width >= 14 ? 14 : width >= 4 ? 4 : 1;
}

static cf_status plan_pointwise(cf_planner *plan, cf_op *op, const cf_conv *c) {
    char options[1024];
    const cf_buffer *in, *weights, *bias, *out;
    cf_post_buffers post;
    int flat = c->stride[0] == 1 && c->stride[1] == 1; /* rows follow each other without gaps */
    int width = flat ? c->out_height * c->out_width : c->out_width;
    int rows = flat ? 1 : c->out_height, pixels = cf_conv_tile(width);
    snprintf(options, sizeof options, "-DNP=%d -DSTRIDE=%d -DIN_PLAIN=%d -DOUT_PLAIN=%d", pixels,
             c->stride[1], c->in_layout == CF_LAYOUT_PLAIN, c->out_layout == CF_LAYOUT_PLAIN);
    CF_TRY(cf_plan_post(plan, op, options, sizeof options, &post));
    CF_TRY(cf_plan_tensor(plan, op->in[0], &in));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &out));
    CF_TRY(cf_pack_bias(plan, op->inputs > 2 ? op->in[2] : NULL, c->out_channels, &bias));
    CF_TRY(cf_pack_rows(plan, op->in[1], c->out_channels, c->in_channels, options, sizeof options,
                        &weights));
    unsigned units = cf_cl_device_info(cf_plan_device(plan))->compute_units;
    int blocks = CF_NET_BLOCKS(c->out_channels), count = (width + pixels - 1) / pixels;
    int tiles = (double)count * rows * blocks * c->batch >= 64.0 * TILES * units ? TILES : 1;
    size_t groups = (size_t)((count + tiles - 1) / tiles) * (size_t)rows;
    int by_pixels =
        (size_t)blocks * CF_NET_BLOCK * (size_t)c->in_channels * sizeof(float) > CACHED_WEIGHTS;
    cf_range range = {{groups, (size_t)blocks, (size_t)c->batch}, {1, 1, 1}};
    if (!by_pixels) {
        range.global[0] = (size_t)blocks;
        range.global[1] = groups;
    }
    return cf_plan_launch(plan, &cf_kernel_conv_pointwise, "pointwise", options, range,
                          CF_ARGS(CF_BUF(in), CF_BUF(weights), CF_BUF(bias), CF_BUF(out),
                                  CF_INT(c->in_channels), CF_INT(c->out_channels),
                                  CF_INT(c->in_height * c->in_width),
                                  CF_INT(c->stride[0] * c->in_width), CF_INT(width), CF_INT(rows),
                                  CF_INT(tiles), CF_INT(by_pixels), CF_POST(post)));
}

const cf_conv_method cf_conv_pointwise = {"pointwise", suits, cost, plan_pointwise};
