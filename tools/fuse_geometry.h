/* SPDX-License-Identifier: Apache-2.0 */
/* From a rig file, or from the pictures alone, to what the fusion needs to know about the cameras.
 */
#ifndef CHROMAFUSE_TOOLS_FUSE_GEOMETRY_H
#define CHROMAFUSE_TOOLS_FUSE_GEOMETRY_H

#include "calib/rectify.h"
#include "capture/frame.h"
#include "tools/fuse_job.h"

/*
 * Completes both frames' profiles (rig overrides, noise estimated where nobody tells it) and works
 * out the geometry. rig_path NULL: estimated from the pictures. Free *geometry with
 * cf_rectification_clear.
 */
cf_status cf_fuse_geometry_open(const char *rig_path, cf_frame *mono, cf_frame *color,
                                cf_rectification *geometry, cf_fuse_registration *registration);

#endif
