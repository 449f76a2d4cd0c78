/* SPDX-License-Identifier: Apache-2.0 */
/* Constant weights in the order that kernels with a tile of 16 output channels read them. */
#ifndef CHROMAFUSE_CL_NET_PACK_H
#define CHROMAFUSE_CL_NET_PACK_H

#include "cl/net/planner.h"

/*
 * A constant of `rows` rows (output channels) of `length` values as [ceil(rows/16)][length][16] on
 * the device, zeros beyond the last row: the 16 weights of one step lie together.
 * options as for cf_pack_upload; NULL: always float32.
 */
cf_status cf_pack_rows(cf_planner *plan, const cf_tensor *constant, int64_t rows, int64_t length,
                       char *options, size_t size, const cf_buffer **out);

/*
 * Packed weights on the device. Where `of`, which they come from, is stored as half floats in the
 * file and every value is one, they stay half, and " -DHALF_WEIGHTS" is appended to options (for
 * kernels that include weights.clh); else they are float32.
 */
cf_status cf_pack_upload(cf_planner *plan, const cf_tensor *of, const float *packed, size_t count,
                         char *options, size_t size, const cf_buffer **out);

/* A bias of `channels` values, or zeros where it is NULL, in whole blocks of 16
 * and one more, so that kernels may read a pair of blocks where there is an odd number. */
cf_status cf_pack_bias(cf_planner *plan, const cf_tensor *bias, int64_t channels,
                       const cf_buffer **out);

#endif
