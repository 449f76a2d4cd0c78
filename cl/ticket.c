/* SPDX-License-Identifier: Apache-2.0 */
/* Points in a device's queue. */
#include "cl/ticket.h"

#include "base/log.h"
#include "cl/internal.h"

static cf_status failed(const cf_cl *cl, cl_int error) {
    return cf_fail(cf_cl_error_status(error), "%s: %s", cl->info.name, cf_cl_error_text(error));
}

cf_status cf_ticket_take(cf_cl *cl, cf_ticket *ticket) {
    cl_event event;
    cl_int error = clEnqueueMarkerWithWaitList(cl->queue, 0, NULL, &event);
    if (error != CL_SUCCESS)
        return failed(cl, error);
    ticket->event = event;
    return cf_cl_flush(cl);
}

int cf_ticket_is_done(const cf_ticket *ticket) {
    cl_int state = CL_COMPLETE; /* an error is negative: nothing to wait for either */
    if (ticket->event)
        clGetEventInfo(ticket->event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state, &state,
                       NULL);
    return state <= CL_COMPLETE;
}

cf_status cf_ticket_wait(cf_cl *cl, cf_ticket *ticket) {
    if (!ticket->event)
        return CF_OK;
    cl_event event = ticket->event;
    ticket->event = NULL;
    cl_int error = clWaitForEvents(1, &event);
    clReleaseEvent(event);
    return error == CL_SUCCESS ? CF_OK : failed(cl, error);
}
