/* SPDX-License-Identifier: Apache-2.0 */
/* The text tables that a rig names: defect lists and shading grids; formats in calib/rig.h. */
#ifndef CHROMAFUSE_CALIB_RIG_TABLES_H
#define CHROMAFUSE_CALIB_RIG_TABLES_H

#include <stdio.h>

#include "base/status.h"
#include "calib/profile.h"

/* Replaces the profile's defects; its width and height must be set. At most 1 % of the pixels. */
cf_status cf_rig_read_defects(const char *path, cf_camera_profile *profile);

/* Replaces the profile's shading grid. 4 planes need a colour camera. */
cf_status cf_rig_read_shading(const char *path, cf_camera_profile *profile);

/* Writes a grid as cf_rig_read_shading reads it; the caller checks the stream. */
void cf_rig_write_shading(const cf_shading *shading, FILE *to);

#endif
