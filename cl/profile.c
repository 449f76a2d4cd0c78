/* SPDX-License-Identifier: Apache-2.0 */
/* Collects the device times of launches. */
#include "cl/profile.h"

#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "cl/internal.h"

void cf_profile_enable(cf_cl *cl, int on) {
    if (on && !cl->events) {
        cl->events = cf_alloc(CF_PROFILE_EVENTS, sizeof *cl->events);
        cl->rows = cf_alloc(CF_PROFILE_ROWS, sizeof *cl->rows);
    }
    cl->profiling = on && cl->events && cl->rows;
}

void cf_profile_label(cf_cl *cl, const char *label) {
    cl->label = label ? label : "";
}

static size_t find_row(cf_cl *cl, const char *kernel) {
    for (size_t i = 0; i < cl->row_count; i++)
        if (!strcmp(cl->rows[i].kernel, kernel) && !strcmp(cl->rows[i].label, cl->label))
            return i;
    char *label = cl->row_count < CF_PROFILE_ROWS ? cf_strdup(cl->label) : NULL;
    if (!label) /* the last row gathers what has no room */
        return cl->row_count ? cl->row_count - 1 : 0;
    cl->rows[cl->row_count] = (cf_profile_row){.label = label, .kernel = kernel};
    return cl->row_count++;
}

/* Labels are copies: who set one may be gone when the rows are read. */
static void free_rows(cf_cl *cl) {
    for (size_t i = 0; i < cl->row_count; i++)
        cf_free((void *)cl->rows[i].label);
    cl->row_count = 0;
}

cl_event *cf_profile_slot(cf_cl *cl, const char *kernel) {
    if (!cl->profiling)
        return NULL;
    if (cl->event_count == CF_PROFILE_EVENTS && cf_profile_collect(cl) != CF_OK)
        return NULL;
    cf_pending_event *pending = &cl->events[cl->event_count];
    pending->event = NULL;
    pending->row = find_row(cl, kernel);
    return &pending->event;
}

void cf_profile_added(cf_cl *cl) {
    if (cl->profiling && cl->event_count < CF_PROFILE_EVENTS && cl->events[cl->event_count].event)
        cl->event_count++;
}

cf_status cf_profile_collect(cf_cl *cl) {
    CF_TRY(cf_cl_finish(cl));
    for (size_t i = 0; i < cl->event_count; i++) {
        cl_ulong start = 0, end = 0;
        cf_pending_event *p = &cl->events[i];
        clGetEventProfilingInfo(p->event, CL_PROFILING_COMMAND_START, sizeof start, &start, NULL);
        clGetEventProfilingInfo(p->event, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL);
        clReleaseEvent(p->event);
        p->event = NULL;
        cl->rows[p->row].calls++;
        cl->rows[p->row].ms += end > start ? (double)(end - start) * 1e-6 : 0;
    }
    cl->event_count = 0;
    return CF_OK;
}

const cf_profile_row *cf_profile_rows(const cf_cl *cl, size_t *count) {
    *count = cl->row_count;
    return cl->rows;
}

void cf_profile_reset(cf_cl *cl) {
    if (cl->event_count)
        (void)cf_profile_collect(cl);
    free_rows(cl);
}

void cf_profile_free(cf_cl *cl) {
    for (size_t i = 0; i < cl->event_count; i++)
        clReleaseEvent(cl->events[i].event);
    cl->event_count = 0;
    free_rows(cl);
    cf_free(cl->events);
    cf_free(cl->rows);
    cl->events = NULL;
    cl->rows = NULL;
}
