/* SPDX-License-Identifier: Apache-2.0 */
/* Recording of layout conversions; see layout.h. */
#include "cl/net/layout.h"

#include "base/log.h"

CF_CL_SOURCE(layout);

/* Pixels per work-item: enough to pay for starting one. */
#define RUN 256

cf_status cf_plan_reorder(cf_planner *plan, const cf_buffer *from, cf_layout from_layout,
                          const cf_buffer *to, const cf_shape *shape) {
    if (shape->rank != 4)
        return cf_fail(CF_ERR_INVALID, "a tensor of %d dimensions has no blocked layout",
                       shape->rank);
    int channels = (int)shape->dim[1], pixels = (int)(shape->dim[2] * shape->dim[3]);
    cf_range range = {
        {(size_t)(pixels + RUN - 1) / RUN, (size_t)CF_NET_BLOCKS(channels), (size_t)shape->dim[0]},
        {1, 1, 1}};
    const char *kernel =
        from_layout == CF_LAYOUT_PLAIN ? "layout_plain_to_blocked" : "layout_blocked_to_plain";
    return cf_plan_launch(
        plan, &cf_kernel_layout, kernel, "", range,
        CF_ARGS(CF_BUF(from), CF_BUF(to), CF_INT(channels), CF_INT(pixels), CF_INT(RUN)));
}
