/* SPDX-License-Identifier: Apache-2.0 */
/* Between the two layouts of tensors on the device. */
#ifndef CHROMAFUSE_CL_NET_LAYOUT_H
#define CHROMAFUSE_CL_NET_LAYOUT_H

#include "cl/net/planner.h"

/*
 * Records one launch that writes the tensor of this shape (rank 4) in `from`, lying in from_layout,
 * to `to` in the other layout. The buffers must not overlap. Lanes beyond the last channel become
 * zeros in the blocked layout. CF_ERR_INVALID for another rank.
 */
cf_status cf_plan_reorder(cf_planner *plan, const cf_buffer *from, cf_layout from_layout,
                          const cf_buffer *to, const cf_shape *shape);

#endif
