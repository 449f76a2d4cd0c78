/* SPDX-License-Identifier: Apache-2.0 */
/* Convolutions: one description of the work, several methods that can do it. */
#ifndef CHROMAFUSE_CL_NET_CONV_H
#define CHROMAFUSE_CL_NET_CONV_H

#include "cl/net/planner.h"

/* A two-dimensional convolution; a 1-d one has height 1. Sizes in pixels and channels. */
typedef struct {
    int batch, groups;
    int in_channels, in_height, in_width; /* channels over all groups */
    int out_channels, out_height, out_width;
    int kernel[2], stride[2], dilation[2]; /* y, x */
    int pad[4];                            /* top, left, bottom, right; zeros */
    cf_layout in_layout, out_layout;
} cf_conv;

/* One way to compute it. Each in a file of its own, listed in op_conv.c. */
typedef struct {
    const char *name; /* "direct", "winograd4": in profiles and in tuning files */
    int (*suits)(const cf_conv *conv);
    /* Guess of the time in units of a direct 3x3's flop, for the default choice: lower is better.
     */
    double (*cost)(const cf_conv *conv, unsigned compute_units);
    /* Records the launches: input 0, weights input 1, bias input 2 (cf_pack_bias), then op->post.
     */
    cf_status (*plan)(cf_planner *plan, cf_op *op, const cf_conv *conv);
} cf_conv_method;

/* The description from a node whose shapes are inferred (Conv only). */
void cf_conv_describe(const cf_op *op, cf_conv *out);

#endif
