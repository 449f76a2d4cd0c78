/* SPDX-License-Identifier: Apache-2.0 */
/* Timing of runs, and of the whole chain, for `chromafuse bench`. */
#ifndef CHROMAFUSE_TOOLS_BENCH_CHAIN_H
#define CHROMAFUSE_TOOLS_BENCH_CHAIN_H

#include "cl/device.h"

typedef struct {
    double median, min, max; /* milliseconds */
} cf_bench_times;

typedef struct {
    const char *name;
    int width, height;
    cf_bench_times times;
    double gb_s, copy_gb_s; /* gb_s 0: not told */
} cf_bench_row;

typedef cf_status (*cf_bench_fn)(void *user);

/* Runs a few times for warmth, then `runs` times, each until the device is done. */
cf_status cf_bench_time(cf_cl *cl, cf_bench_fn run, void *user, long runs, cf_bench_times *out);

/* The fuse chain on the simulator's own scene of that size: upload, all stages, read-back. */
cf_status cf_bench_chain(cf_cl *cl, int width, int height, long runs, cf_bench_times *out);

#endif
