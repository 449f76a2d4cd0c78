/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `network`: corrects the classical transfer's chroma, and colours what nothing is known of.
 */
#ifndef CHROMAFUSE_FUSION_NETWORK_H
#define CHROMAFUSE_FUSION_NETWORK_H

#include "cl/net/model.h"
#include "isp/stage.h"

/*
 * in  outputs of stage `cells`: transferred 2 planes of chroma, doubt 1 plane (its error), mono 1,
 *     hint 2, confidence 1, sigma 1
 * out chroma 2 planes
 *     error  1 plane, predicted chroma error, Lab ab units
 *
 * What comes out is the network's (fusion/models/README.md); the stage plans it once for the size
 * of its inputs (cf_stage.prepare). The reference is cf_net_reference: slow.
 *
 * Without a network (cf_stage_context.network) chroma and error stay the transfer's.
 */
typedef struct {
    const cf_model *model; /* NULL: the built-in one; from cf_stage_context.network */
    float vivid; /* how boldly colour is made where none was measured: 0 only corrects what
                    was, 0.5 the nearest guess, 1 as colourful as the world; settled when
                    the step is planned */
} cf_network_params;
#define CF_NETWORK_DEFAULTS                                                                        \
    { .model = NULL, .vivid = 0 }

cf_status cf_network_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_network;

#endif
