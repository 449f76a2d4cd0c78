/* SPDX-License-Identifier: Apache-2.0 */
/* All stages by name, from the registrations in the folders' CMakeLists.txt. */
#ifndef CHROMAFUSE_FUSION_STAGE_LIST_H
#define CHROMAFUSE_FUSION_STAGE_LIST_H

#include "isp/stage.h"

/* All stages, in the order of their registration, ended by NULL. Generated from
 * chromafuse_add_stage. */
extern const cf_stage *const cf_stages[];

/* The stage of that name, or NULL. */
const cf_stage *cf_stage_find(const char *name);

#endif
