/* SPDX-License-Identifier: Apache-2.0 */
/* Measures a device's copy bandwidth and multiply-add rate. */
#include "cl/probe.h"

#include "base/clock.h"
#include "cl/program.h"

CF_CL_SOURCE(probe);

#define COPY_BYTES ((size_t)32 << 20)
#define MAD_ITEMS 256
#define MAD_ROUNDS 20000
#define TRIES 7

static cf_status copy_once(cf_cl *cl, cf_buffer *from, cf_buffer *to, double *seconds) {
    double start = cf_clock_seconds();
    CF_TRY(cf_launch(cl, &cf_kernel_probe, "probe_copy", "", CF_RANGE(COPY_BYTES / 64, 1, 64, 1),
                     CF_ARGS(CF_BUF(from), CF_BUF(to))));
    CF_TRY(cf_cl_finish(cl));
    *seconds = cf_clock_seconds() - start;
    return CF_OK;
}

static cf_status mad_once(cf_cl *cl, cf_buffer *out, double *seconds) {
    double start = cf_clock_seconds();
    CF_TRY(cf_launch(cl, &cf_kernel_probe, "probe_mad", "", CF_RANGE(MAD_ITEMS, 1, 1, 1),
                     CF_ARGS(CF_BUF(out), CF_FLOAT(0.999F), CF_FLOAT(0.001F), CF_INT(MAD_ROUNDS))));
    CF_TRY(cf_cl_finish(cl));
    *seconds = cf_clock_seconds() - start;
    return CF_OK;
}

static cf_status measure(cf_cl *cl, cf_buffer *a, cf_buffer *b, cf_probe *out) {
    double copy = 1e9, mad = 1e9;
    CF_TRY(cf_buffer_fill(a, 0, COPY_BYTES));
    for (int i = 0; i < TRIES; i++) {
        double seconds;
        CF_TRY(copy_once(cl, a, b, &seconds));
        copy = i && seconds < copy ? seconds : copy; /* the first one builds and faults pages in */
        CF_TRY(mad_once(cl, b, &seconds));
        mad = i && seconds < mad ? seconds : mad;
    }
    out->copy_gb_s = 2 * (double)COPY_BYTES / copy * 1e-9;
    out->mad_gflops = 2.0 * 12 * 16 * MAD_ITEMS * MAD_ROUNDS / mad * 1e-9;
    return CF_OK;
}

cf_status cf_probe_run(cf_cl *cl, cf_probe *out) {
    cf_buffer *a = NULL, *b = NULL;
    *out = (cf_probe){0};
    cf_status status = cf_buffer_get(cl, COPY_BYTES, &a);
    if (status == CF_OK)
        status = cf_buffer_get(cl, COPY_BYTES, &b);
    if (status == CF_OK)
        status = measure(cl, a, b, out);
    cf_buffer_put(&a);
    cf_buffer_put(&b);
    return status;
}
