/* SPDX-License-Identifier: Apache-2.0 */
/* Warnings about two cameras. */
#include "tools/pair_watch.h"

#include "base/log.h"

#define SETTLE_S 5   /* until then cameras may still be brought into step */
#define MIN_PAIRS 30 /* for a percentile to mean something */

void cf_pair_watch_exposure(cf_pair_watch *w, cf_frame *const pair[2]) {
    int64_t a = pair[0]->exposure_ns, b = pair[1]->exposure_ns;
    w->exposure_ns = !a || (b && b < a) ? b : a;
}

static void warn_of_skew(cf_pair_watch *w, const cf_pairing_stats *p) {
    double limit_us = (double)w->exposure_ns * 1e-4;
    if (w->warned_skew || p->pairs < MIN_PAIRS || limit_us <= 0 || p->skew_p99_us <= limit_us)
        return;
    w->warned_skew = 1;
    cf_log(CF_LOG_WARNING,
           "%s: the cameras are out of step by %.0f us (p50; p99 %.0f us), more than a tenth of "
           "the exposure of %.1f ms: what moves will not lie on itself",
           w->command, p->skew_p50_us, p->skew_p99_us, (double)w->exposure_ns * 1e-6);
}

cf_status cf_pair_watch_update(cf_pair_watch *w, const cf_pair_stream_stats *s, double now_s) {
    static const char *const names[2] = {"mono", "colour"};
    if (w->start_s <= 0)
        w->start_s = now_s;
    for (int i = 0; i < 2; i++) {
        if (!s->is_gone[i] || w->gone_s[i] <= 0)
            w->gone_s[i] = now_s;
        if (now_s - w->gone_s[i] > w->wait_s)
            return cf_fail(CF_ERR_DEVICE, "%s: the %s camera has been gone for %.0f s", w->command,
                           names[i], now_s - w->gone_s[i]);
    }
    if (now_s - w->start_s >= SETTLE_S)
        warn_of_skew(w, &s->pairing);
    return CF_OK;
}
