/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolutions: each channel by itself, which takes as long as memory takes. */
#include <stdio.h>

#include "cl/net/conv_methods.h"
#include "cl/net/pack.h"

CF_CL_SOURCE(conv_depthwise);

/* Wider kernels and strides would only add variants to compile. */
static int suits(const cf_conv *c) {
    return c->groups == c->in_channels && c->out_channels == c->in_channels &&
           c->in_layout == CF_LAYOUT_BLOCKED && c->out_layout == CF_LAYOUT_BLOCKED &&
           c->stride[1] <= 2 && c->kernel[1] <= 15;
}

/* Four times the multiply-adds: memory is what it waits for. */
static double cost(const cf_conv *c, unsigned units) {
    (void)units;
    return 8.0 * c->batch * c->out_height * c->out_width * CF_NET_BLOCKS(c->out_channels) *
           CF_NET_BLOCK * c->kernel[0] * c->kernel[1];
}

static cf_status plan_depthwise(cf_planner *plan, cf_op *op, const cf_conv *c) {
    char options[1024];
    const cf_buffer *in, *weights, *bias, *out;
    cf_post_buffers post;
    snprintf(options, sizeof options, "-DNP=%d -DKERNEL_W=%d -DSTRIDE=%d",
             cf_conv_tile(c->out_width), c->kernel[1], c->stride[1]);
    CF_TRY(cf_plan_post(plan, op, options, sizeof options, &post));
    CF_TRY(cf_plan_tensor(plan, op->in[0], &in));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &out));
    CF_TRY(cf_pack_bias(plan, op->inputs > 2 ? op->in[2] : NULL, c->out_channels, &bias));
    CF_TRY(cf_pack_rows(plan, op->in[1], c->out_channels, c->kernel[0] * c->kernel[1], NULL, 0,
                        &weights));
    int blocks = CF_NET_BLOCKS(c->out_channels), span = c->out_height >= 64 ? 4 : 1;
    cf_range range = {
        {(size_t)((c->out_height + span - 1) / span), (size_t)blocks, (size_t)c->batch}, {1, 1, 1}};
    return cf_plan_launch(plan, &cf_kernel_conv_depthwise, "depthwise", options, range,
                          CF_ARGS(CF_BUF(in), CF_BUF(weights), CF_BUF(bias), CF_BUF(out),
                                  CF_INT(blocks), CF_INT(c->in_height), CF_INT(c->in_width),
                                  CF_INT(c->out_height), CF_INT(c->out_width), CF_INT(c->kernel[0]),
                                  CF_INT(c->stride[0]), CF_INT(c->dilation[0]),
                                  CF_INT(c->dilation[1]), CF_INT(c->pad[0]), CF_INT(c->pad[1]),
                                  CF_INT(span), CF_POST(post)));
}

const cf_conv_method cf_conv_depthwise = {"depthwise", suits, cost, plan_depthwise};
