/* SPDX-License-Identifier: Apache-2.0 */
/* Points in a device's queue: to know, or to wait until, everything queued before is done. */
#ifndef CHROMAFUSE_CL_TICKET_H
#define CHROMAFUSE_CL_TICKET_H

#include "cl/device.h"

/* Start with {0}, which counts as done. Every ticket taken must be waited for. */
typedef struct {
    void *event; /* private */
} cf_ticket;

/* Marks the end of what is queued now, and starts it; does not wait. The ticket must be done. */
cf_status cf_ticket_take(cf_cl *cl, cf_ticket *ticket);

/* 1 when waiting would not take time. */
int cf_ticket_is_done(const cf_ticket *ticket);

/* Waits, and makes the ticket {0}. CF_ERR_DEVICE, logged: the work before it failed. */
cf_status cf_ticket_wait(cf_cl *cl, cf_ticket *ticket);

#endif
