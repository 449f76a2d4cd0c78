/* SPDX-License-Identifier: Apache-2.0 */
/* Device times of kernels, summed per label and kernel. */
#ifndef CHROMAFUSE_CL_PROFILE_H
#define CHROMAFUSE_CL_PROFILE_H

#include "cl/device.h"

/* Starts (1) or stops (0) collecting. Off by default; while on, each launch keeps one event until
 * cf_profile_collect. */
void cf_profile_enable(cf_cl *cl, int on);

/* Names what is launched from now on, for instance by stage; the string must live until another is
 * set. */
void cf_profile_label(cf_cl *cl, const char *label);

/* Waits for queued work and adds the events' times to the totals; call it between frames. */
cf_status cf_profile_collect(cf_cl *cl);

typedef struct {
    const char *label;  /* of cf_profile_label, "" when none was set */
    const char *kernel; /* kernel, or "write", "read", "fill" for transfers */
    unsigned long calls;
    double ms; /* device time in total */
} cf_profile_row;

/* The rows since the last cf_profile_reset, in order of first appearance; *count tells how many. */
const cf_profile_row *cf_profile_rows(const cf_cl *cl, size_t *count);
void cf_profile_reset(cf_cl *cl);

#endif
