/* SPDX-License-Identifier: Apache-2.0 */
/* The methods that op_conv.c chooses from, and what they share. */
#ifndef CHROMAFUSE_CL_NET_CONV_METHODS_H
#define CHROMAFUSE_CL_NET_CONV_METHODS_H

#include "cl/net/conv.h"

/* Suits everything, in any combination of layouts. */
extern const cf_conv_method cf_conv_direct;
/* Few output channels, blocked to plain. */
extern const cf_conv_method cf_conv_few;
/* 1x1 without groups and padding, in any combination of layouts. */
extern const cf_conv_method cf_conv_pointwise;
/* One filter per channel, blocked. */
extern const cf_conv_method cf_conv_depthwise;
/* CLBlast, without groups, in any combination of layouts: where measuring says so. */
extern const cf_conv_method cf_conv_gemm;

/* Pixels of a tile that moves back at the end of a row instead of reaching beyond: 14, 4 or 1. */
int cf_conv_tile(int width);
/* 3x3 with stride 1 between blocked layouts, by tiles of 2x2 or 4x4 outputs. */
extern const cf_conv_method cf_conv_winograd2, cf_conv_winograd4;

/* A ConvTranspose of stride 2 (its own sizes in `node`, pads at the start) as four 3x3 convolutions
 * of its input by winograd4, where that is less work than one by one: 4x4 kernels with pads 1. */
int cf_conv_winograd_up_suits(const cf_conv *node);
cf_status cf_conv_winograd_up(cf_planner *plan, cf_op *op, const cf_conv *node);

#endif
