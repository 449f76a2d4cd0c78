/* SPDX-License-Identifier: Apache-2.0 */
/* The methods that op_conv.c chooses from, and what they share. */
#ifndef CHROMAFUSE_CL_NET_CONV_METHODS_H
#define CHROMAFUSE_CL_NET_CONV_METHODS_H

#include "cl/net/conv.h"

/* Suits everything, in any combination of layouts. */
extern const cf_conv_method cf_conv_direct;

/* The bias (zeros when the node has none) as a device constant: whole blocks and one more, so that
 * kernels that compute two blocks at once may read beyond the last. */
cf_status cf_conv_bias(cf_planner *plan, const cf_op *op, const cf_buffer **out);

#endif
