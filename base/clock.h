/* SPDX-License-Identifier: Apache-2.0 */
/* The monotonic clock. */
#ifndef CHROMAFUSE_BASE_CLOCK_H
#define CHROMAFUSE_BASE_CLOCK_H

/* Seconds of CLOCK_MONOTONIC; only differences mean something. */
double cf_clock_seconds(void);

#endif
