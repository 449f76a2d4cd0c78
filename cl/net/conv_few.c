/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution from many to few channels, as at the end of a network. */
#include <stdio.h>

#include "base/alloc.h"
#include "cl/net/conv_methods.h"
#include "cl/net/pack.h"

CF_CL_SOURCE(conv_few);

#define PIXELS 8 /* NP of conv_few.cl */

/* Output channels of a tile: what leaves the fewest idle. */
static int tile_channels(const cf_conv *c) {
    return c->out_channels < 3 ? c->out_channels : c->out_channels == 4 ? 2 : 3;
}

static int tile_count(const cf_conv *c) {
    return (c->out_channels + tile_channels(c) - 1) / tile_channels(c);
}

static cf_status pack(cf_planner *plan, const cf_op *op, const cf_conv *c, const cf_buffer **out) {
    size_t taps = (size_t)c->kernel[0] * (size_t)c->kernel[1], ics = (size_t)c->in_channels;
    size_t each = (size_t)tile_channels(c), blocks = (size_t)CF_NET_BLOCKS(c->in_channels);
    size_t count = (size_t)tile_count(c) * blocks * taps * each * CF_NET_BLOCK;
    float *packed = cf_alloc(count, sizeof *packed), *one = cf_alloc(ics * taps, sizeof *one);
    cf_status status = packed && one ? CF_OK : CF_ERR_MEMORY;
    for (size_t oc = 0; status == CF_OK && oc < (size_t)c->out_channels; oc++) {
        cf_tensor_read(op->in[1], (int64_t)(oc * ics * taps), (int64_t)(ics * taps), one);
        for (size_t ic = 0; ic < ics; ic++)
            for (size_t p = 0; p < taps; p++) {
                size_t tap = (oc / each * blocks + ic / CF_NET_BLOCK) * taps + p;
                packed[(tap * each + oc % each) * CF_NET_BLOCK + ic % CF_NET_BLOCK] =
                    one[ic * taps + p];
            }
    }
    if (status == CF_OK)
        status = cf_plan_constant(plan, packed, count * sizeof *packed, out);
    cf_free(one);
    cf_free(packed);
    return status;
}

static cf_status plan_few(cf_planner *plan, cf_op *op, const cf_conv *c) {
    char options[1024];
    const cf_buffer *in, *weights, *bias, *out;
    cf_post_buffers post;
    snprintf(options, sizeof options, "-DOCN=%d -DPARTIAL=%d", tile_channels(c),
             c->in_channels % CF_NET_BLOCK != 0);
    CF_TRY(cf_plan_post(plan, op, options, sizeof options, &post));
    CF_TRY(cf_plan_tensor(plan, op->in[0], &in));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &out));
    CF_TRY(cf_pack_bias(plan, op->inputs > 2 ? op->in[2] : NULL, c->out_channels, &bias));
    CF_TRY(pack(plan, op, c, &weights));
    size_t tiles = (size_t)((c->out_width + PIXELS - 1) / PIXELS) * (size_t)c->out_height;
    cf_range range = {{tiles, (size_t)tile_count(c), (size_t)c->batch}, {1, 1, 1}};
    return cf_plan_launch(plan, &cf_kernel_conv_few, "conv_few", options, range,
                          CF_ARGS(CF_BUF(in), CF_BUF(weights), CF_BUF(bias), CF_BUF(out),
                                  CF_INT(c->in_channels), CF_INT(c->in_height), CF_INT(c->in_width),
                                  CF_INT(c->out_channels), CF_INT(c->out_height),
                                  CF_INT(c->out_width), CF_INT(c->kernel[0]), CF_INT(c->kernel[1]),
                                  CF_INT(c->stride[0]), CF_INT(c->stride[1]),
                                  CF_INT(c->dilation[0]), CF_INT(c->dilation[1]), CF_INT(c->pad[0]),
                                  CF_INT(c->pad[1]), CF_POST(post)));
}

static int suits(const cf_conv *c) {
    return c->groups == 1 && c->in_layout == CF_LAYOUT_BLOCKED &&
           c->out_layout == CF_LAYOUT_PLAIN && c->out_channels < CF_NET_BLOCK / 2;
}

/* Multiply-adds, and the sums over lanes. */
static double cost(const cf_conv *c, unsigned units) {
    (void)units;
    double tiles = (double)((c->out_width + PIXELS - 1) / PIXELS) * c->out_height * c->batch;
    double each = PIXELS * tile_channels(c) * tile_count(c) * CF_NET_BLOCK;
    return 2.0 * tiles * each *
           (CF_NET_BLOCKS(c->in_channels) * c->kernel[0] * c->kernel[1] * 1.3 + 5);
}

const cf_conv_method cf_conv_few = {"few", suits, cost, plan_few};
