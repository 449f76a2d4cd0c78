/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution as a matrix product by CLBlast: only where measuring says so (bench --tune). */
#include <math.h>
#include <stdio.h>

#include "cl/net/conv_methods.h"
#include "cl/net/gemm.h"
#include "cl/net/pack.h"

CF_CL_SOURCE(conv_gemm);

/* Elements that the matrix of columns may have: 256 MB. */
#define COLUMNS ((double)(64 << 20))

static double columns(const cf_conv *c) {
    return (double)c->in_channels * c->kernel[0] * c->kernel[1] * c->out_height * c->out_width;
}

static int suits(const cf_conv *c) {
    return c->groups == 1 && columns(c) <= COLUMNS;
}

/* Never without having been measured: PoCL reaches a tenth of our own kernels' speed with it. */
static double cost(const cf_conv *c, unsigned units) {
    (void)c;
    (void)units;
    return INFINITY;
}

/* Picture n through the three steps. */
static cf_status plan_picture(cf_planner *plan, const cf_conv *c, int n, const char *options,
                              const cf_buffer *const *b, const cf_post_buffers *post) {
    enum { IN, WEIGHTS, BIAS, MATRIX, PRODUCT, OUT };
    static const int which[2] = {0, 0};
    int pixels = c->out_height * c->out_width, rows = c->in_channels * c->kernel[0] * c->kernel[1];
    const cf_gemm g = {.batch = 1,
                       .m = c->out_channels,
                       .n = pixels,
                       .k = rows,
                       .alpha = 1,
                       .b_matrices = 1,
                       .which = which};
    CF_TRY(cf_plan_launch(
        plan, &cf_kernel_conv_gemm, "conv_columns", options, CF_RANGE(pixels, rows, 1, 1),
        CF_ARGS(CF_BUF(b[IN]), CF_BUF(b[MATRIX]), CF_INT(n), CF_INT(c->in_channels),
                CF_INT(c->in_height), CF_INT(c->in_width), CF_INT(c->out_height),
                CF_INT(c->out_width), CF_INT(c->kernel[0]), CF_INT(c->kernel[1]),
                CF_INT(c->stride[0]), CF_INT(c->stride[1]), CF_INT(c->dilation[0]),
                CF_INT(c->dilation[1]), CF_INT(c->pad[0]), CF_INT(c->pad[1]))));
    CF_TRY(cf_clblast_plan(plan, &g, b[WEIGHTS], b[MATRIX], b[PRODUCT]));
    return cf_plan_launch(plan, &cf_kernel_conv_gemm, "conv_finish", options,
                          CF_RANGE(pixels, CF_NET_BLOCKS(c->out_channels), 1, 1),
                          CF_ARGS(CF_BUF(b[PRODUCT]), CF_BUF(b[BIAS]), CF_BUF(b[OUT]), CF_INT(n),
                                  CF_INT(c->out_channels), CF_INT(pixels), CF_POST(*post)));
}

static cf_status plan_gemm(cf_planner *plan, cf_op *op, const cf_conv *c) {
    char options[1024];
    const cf_buffer *b[6];
    cf_post_buffers post;
    size_t pixels = (size_t)c->out_height * (size_t)c->out_width;
    snprintf(options, sizeof options, "-DIN_PLAIN=%d -DOUT_PLAIN=%d",
             c->in_layout == CF_LAYOUT_PLAIN, c->out_layout == CF_LAYOUT_PLAIN);
    CF_TRY(cf_plan_post(plan, op, options, sizeof options, &post));
    CF_TRY(cf_plan_tensor(plan, op->in[0], &b[0]));
    CF_TRY(cf_plan_tensor(plan, op->in[1], &b[1]));
    CF_TRY(cf_pack_bias(plan, op->inputs > 2 ? op->in[2] : NULL, c->out_channels, &b[2]));
    CF_TRY(cf_plan_scratch(plan, (size_t)columns(c) * sizeof(float), &b[3]));
    CF_TRY(cf_plan_scratch(plan, (size_t)c->out_channels * pixels * sizeof(float), &b[4]));
    CF_TRY(cf_plan_tensor(plan, op->out[0], &b[5]));
    for (int n = 0; n < c->batch; n++)
        CF_TRY(plan_picture(plan, c, n, options, b, &post));
    return CF_OK;
}

const cf_conv_method cf_conv_gemm = {"gemm", suits, cost, plan_gemm};
