/* SPDX-License-Identifier: Apache-2.0 */
/* Raw pictures for a calibration, with what the rig already knows about their camera. */
#ifndef CHROMAFUSE_TOOLS_RIG_FRAME_H
#define CHROMAFUSE_TOOLS_RIG_FRAME_H

#include "calib/rig.h"
#include "capture/frame.h"

/*
 * Reads a raw picture and lays the rig's values over it: black levels, noise, defects, and, with
 * with_shading, the gain map; not the colour matrix of the rig, nor its mono gain and weights.
 * CF_ERR_INVALID when it is a colour raw where a mono one is needed, or the other way round; else
 * as cf_raw_read and cf_rig_apply.
 */
cf_status cf_rig_frame_read(const char *path, const cf_rig *rig, cf_rig_role role, int with_shading,
                            cf_frame **out);

#endif
