/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `lab_network`: runs a published colorizer on its own grid. */
#ifndef CHROMAFUSE_FUSION_LAB_NETWORK_H
#define CHROMAFUSE_FUSION_LAB_NETWORK_H

#include "cl/net/model.h"
#include "isp/stage.h"

/*
 * in  lab  4 planes of stage lab_input, on a grid that the network takes
 * out ab   2 planes, the same size: a and b in their own units. A network whose output is smaller
 *          or larger than its input is interpolated bilinearly.
 *
 * The network gets lightness[0] + (lightness[1] - lightness[0]) L / 100, hints divided by `unit`,
 * and the mask as it is; what it says is multiplied by `unit`. Input that is not a number is 0. The
 * reference is cf_net_reference: slow. Without a network ab are those of the hints.
 */
typedef struct {
    const cf_model *model; /* fusion/lab_model.h; from cf_stage_context.network; NULL: none */
    float lightness[2];    /* what the network takes for black and white */
    float unit;            /* ab units per 1 of the network's planes */
} cf_lab_network_params;
#define CF_LAB_NETWORK_DEFAULTS                                                                    \
    { .model = NULL, .lightness = {0, 100}, .unit = 1 }

cf_status cf_lab_network_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_lab_network;

#endif
