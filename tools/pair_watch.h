/* SPDX-License-Identifier: Apache-2.0 */
/* Looks once a second at how two cameras do and warns of what a person should know. */
#ifndef CHROMAFUSE_TOOLS_PAIR_WATCH_H
#define CHROMAFUSE_TOOLS_PAIR_WATCH_H

#include "capture/pair_stream.h"

/* Start with command and wait_s, the rest 0. */
typedef struct {
    const char *command; /* whose warnings these are */
    double wait_s;       /* how long a camera may be gone */
    int64_t exposure_ns; /* private: the shorter one of the latest pair */
    double start_s, gone_s[2];
    int warned_skew;
} cf_pair_watch;

/* Remembers how long the pair was exposed. */
void cf_pair_watch_exposure(cf_pair_watch *watch, cf_frame *const pair[2]);

/* Warns, once, when the skew exceeds a tenth of the exposure. CF_ERR_DEVICE, logged: a camera has
 * been gone for longer than wait_s. now_s: of cf_clock_seconds. */
cf_status cf_pair_watch_update(cf_pair_watch *watch, const cf_pair_stream_stats *stats,
                               double now_s);

#endif
