/* SPDX-License-Identifier: Apache-2.0 */
/* In place of the window where SDL is not there at build time. */
#include <string.h>

#include "base/log.h"
#include "capture/sink_backend.h"

static int takes_window(const char *target) {
    return !strcmp(target, "window");
}

static cf_status open_window(const char *target, const cf_sink_params *params, void **state) {
    (void)target;
    (void)params;
    (void)state;
    return cf_fail(CF_ERR_UNSUPPORTED, "window: this build has none (SDL 2 was not there); a video "
                                       "player shows what -o - writes");
}

const cf_sink_backend cf_sink_backend_window = {
    .summary = "window (not in this build)", .takes = takes_window, .open = open_window};
