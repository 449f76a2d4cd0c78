/* SPDX-License-Identifier: Apache-2.0 */
/* Copies between tensors with any strides: what Transpose, Slice, Concat, Expand and their like
 * come down to, on the host and on the device. */
#ifndef CHROMAFUSE_CL_NET_STRIDED_H
#define CHROMAFUSE_CL_NET_STRIDED_H

#include "cl/net/planner.h"

#define CF_STRIDED_RANK 16

/*
 * to[to_at + sum i_d * to_d] = from[from_at + sum i_d * from_d] for all 0 <= i_d < dim_d, in
 * elements. Strides may be 0 or negative in `from`; the places in `to` must be distinct. Every
 * place must lie inside its array: operators make sure of that when they infer shapes.
 */
typedef struct {
    int rank;
    int64_t dim[CF_STRIDED_RANK], from[CF_STRIDED_RANK], to[CF_STRIDED_RANK];
    int64_t from_at, to_at;
} cf_strided;

/* Dimensions as memory has them: the shape's, or N, blocks, H, W, 16 when blocked. */
cf_shape cf_shape_stored(const cf_shape *shape, cf_layout layout);

/* Row-major strides in elements. */
void cf_shape_strides(const cf_shape *shape, int64_t stride[CF_NET_RANK]);

/* A copy of a whole tensor, row-major on both sides: a start for others. */
cf_strided cf_strided_whole(const cf_shape *shape);

/* Adds one dimension behind the others. */
void cf_strided_add(cf_strided *copy, int64_t dim, int64_t from, int64_t to);

/* Drops dimensions of 1 and joins those that lie tight in both: the same copy in fewer dimensions.
 */
void cf_strided_collapse(cf_strided *copy);

/* On the host; element_size 4 or 8. */
void cf_strided_run(const cf_strided *copy, size_t element_size, const void *from, void *to);

/* The same between two tensors' data, which are of one type. */
void cf_strided_tensors(const cf_strided *copy, const cf_tensor *from, const cf_tensor *to);

/* Records the launch; nothing for a copy of no elements. More than 8 dimensions, after collapsing,
 * take several launches; CF_ERR_UNSUPPORTED where they would be very many. */
cf_status cf_plan_strided(cf_planner *plan, const cf_op *op, cf_strided copy, const cf_buffer *from,
                          const cf_buffer *to);

/* Records a copy from input `in` to output `out` of the node. */
cf_status cf_plan_strided_tensors(cf_planner *plan, const cf_op *op, const cf_strided *copy,
                                  cf_tensor *in, cf_tensor *out);

/*
 * Blocked tensors with their channels moved: channel c >= first_channel of `to` becomes channel c +
 * delta of `from`, for the blocks of `to` from first_channel's to that of last_channel - 1. Lanes
 * below first_channel stay as they are, those from last_channel on become garbage. Shapes as N, C,
 * H, W; batch and pixels are the same in both.
 */
cf_status cf_plan_shift_channels(cf_planner *plan, const cf_buffer *from,
                                 const cf_shape *from_shape, const cf_buffer *to,
                                 const cf_shape *to_shape, int64_t first_channel,
                                 int64_t last_channel, int64_t delta);

#endif
