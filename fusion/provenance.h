/* SPDX-License-Identifier: Apache-2.0 */
/* Stage `provenance`: which chroma was measured, which guided by measurements nearby, which
 * invented. */
#ifndef CHROMAFUSE_FUSION_PROVENANCE_H
#define CHROMAFUSE_FUSION_PROVENANCE_H

#include "isp/stage.h"

/*
 * in  confidence 1 plane 0..1, of the pixel's own hint (fusion/chroma.h)
 *     match      1 plane 0..1, trust of the matcher (input of stage hints)
 *     error      1 plane, predicted chroma error in Lab ab units
 * out shares     3 planes: invented, measured, guided; whole multiples of 1/255 with sum 1, so that
 *            packed to 8 bits they sum to 255
 *
 * measured = match (1 + half) confidence / (confidence + half): the matcher's trust that the sample
 * shows this pixel's surface, times what the sample's noise leaves of it.
 * invented = (1 - measured) min(1, (error / invented_error)^2): the error's variance against that
 * of a guess without any hint. guided is the rest. With a network the error is less where nothing
 * is known, for it has seen the world, and what it then says is invented all the same: bind sets
 * invented_error to CF_PROVENANCE_NETWORK_ERROR.
 *
 * Point-wise: margin 0. What is not a number counts as confidence 0, match 0, error invented_error.
 */
typedef struct {
    float half; /* confidence at which a hint counts about as much as its surroundings, 0..1 */
    float invented_error; /* error of a guess without hints, Lab ab units */
} cf_provenance_params;
#define CF_PROVENANCE_DEFAULTS                                                                     \
    { .half = 0.2F, .invented_error = 36 }
/* At 12 Lab ab units, from which the network itself counts colour as invented
 * (tools/train/network.py, INVENTED_ERROR), half is. */
#define CF_PROVENANCE_NETWORK_ERROR 17

cf_status cf_provenance_ref(const cf_stage_io *io, const void *params);

extern const cf_stage cf_stage_provenance;

#endif
