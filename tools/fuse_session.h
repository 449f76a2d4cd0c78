/* SPDX-License-Identifier: Apache-2.0 */
/* Work on one pair of raw files for the `fuse` command. */
#ifndef CHROMAFUSE_TOOLS_FUSE_SESSION_H
#define CHROMAFUSE_TOOLS_FUSE_SESSION_H

#include "tools/fuse_job.h"

/*
 * Reads the pair and the rig, fuses, writes all outputs; on failure none is left behind. In a
 * sequence *before is what fused the pair before, NULL for the first; it is replaced and the
 * caller's to destroy at the end. before NULL: the pair is a single one.
 */
cf_status cf_fuse_session_run(const cf_fuse_options *options, cf_cl *cl, const cf_fuse_pair *pair,
                              cf_fuse **before);

#endif
