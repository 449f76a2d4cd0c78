/* SPDX-License-Identifier: Apache-2.0 */
/* What a device reaches at best: a plain copy and a plain multiply-add kernel, to judge other
 * kernels by. */
#ifndef CHROMAFUSE_CL_PROBE_H
#define CHROMAFUSE_CL_PROBE_H

#include "cl/device.h"

typedef struct {
    double copy_gb_s;  /* bytes read plus bytes written by a float copy of 32 MB, 1e9 per second */
    double mad_gflops; /* two operations a multiply-add, float32, from registers */
} cf_probe;

/* Runs both kernels a few times and takes the best. CF_ERR_DEVICE, CF_ERR_MEMORY. */
cf_status cf_probe_run(cf_cl *cl, cf_probe *out);

#endif
