/* SPDX-License-Identifier: Apache-2.0 */
/* Times the whole chain on the simulator's own scene. */
#include "tools/bench_chain.h"
cf_status cf_bench_chain(cf_cl *cl, int width, int height, long runs, cf_bench_times *out) {
    (void)cl;
    (void)width;
    (void)height;
    (void)runs;
    (void)out;
    return CF_ERR_UNSUPPORTED;
}
