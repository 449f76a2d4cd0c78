/* SPDX-License-Identifier: Apache-2.0 */
/* Which of several methods to use for a node: measured once per device, kept in a file. */
#ifndef CHROMAFUSE_CL_NET_TUNE_H
#define CHROMAFUSE_CL_NET_TUNE_H

#include "cl/net/planner.h"

/* One way among `count` to do the work that `key` describes. */
typedef struct {
    const char *key; /* one word: everything that the time depends on, "conv_n1_16x8x8_..." */
    const char *const *names; /* one word each, in the file */
    size_t count;
    size_t fallback; /* used when nothing was measured */
    /* Records the launches of method `index`. May be called several times. */
    cf_status (*record)(cf_planner *plan, size_t index, void *user);
    void *user;
} cf_choice;

/*
 * Records one method: where the plan is tuned (cf_plan_tuning), each is timed on scratch memory and
 * the fastest taken and written down; else the one that was measured for this device before, or the
 * fallback. What was measured is a text file in the program cache's folder, a line each, replaced
 * as a whole; one that is damaged or of another version is ignored (logged). A method that fails
 * while it is timed is left out; the error is logged.
 */
cf_status cf_choose(cf_planner *plan, const cf_choice *choice);

/* The same without recording the one that was chosen. */
size_t cf_choose_index(cf_planner *plan, const cf_choice *choice);

#endif
