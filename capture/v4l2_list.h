/* SPDX-License-Identifier: Apache-2.0 */
/* Which V4L2 cameras are there. */
#ifndef CHROMAFUSE_CAPTURE_V4L2_LIST_H
#define CHROMAFUSE_CAPTURE_V4L2_LIST_H

#include "capture/source.h"

/* Every capture node, in the order of their numbers; as cf_source_backend.list. */
size_t cf_v4l2_list(cf_source_listing *out, size_t max);

#endif
