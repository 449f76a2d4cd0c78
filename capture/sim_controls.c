/* SPDX-License-Identifier: Apache-2.0 */
/* The delay line of a simulated camera's controls. */
#include "capture/sim_controls.h"

#include <math.h>

/* Between the end of an exposure and the next one's earliest start. */
#define MARGIN_NS 100000

void cf_sim_controls_init(cf_sim_controls *c, const cf_source_controls *now) {
    pthread_mutex_init(&c->lock, NULL);
    c->now = *now;
    c->next = 0;
    c->count = 0;
}

void cf_sim_controls_clear(cf_sim_controls *c) {
    pthread_mutex_destroy(&c->lock);
}

static double rounded(const cf_control_range *r, double value) {
    if (r->step > 0)
        value = rint(value / r->step) * r->step;
    return fmin(fmax(value, r->min), r->max);
}

static void merge(const cf_source_controls *from, cf_source_controls *to) {
    if (from->exposure_ns > 0)
        to->exposure_ns = from->exposure_ns;
    if (from->frame_ns > 0)
        to->frame_ns = from->frame_ns;
    if (from->gain > 0)
        to->gain = from->gain;
}

/* Holds from now on. */
static void apply(cf_sim_controls *c, const cf_source_controls *set) {
    merge(set, &c->now);
    c->now.frame_ns = (int64_t)rounded(&c->frame_ns, (double)c->now.frame_ns);
    double most = fmin((double)c->now.frame_ns - MARGIN_NS, c->exposure_ns.max);
    c->now.exposure_ns = (int64_t)fmin(rounded(&c->exposure_ns, (double)c->now.exposure_ns), most);
    c->now.gain = rounded(&c->gain, c->now.gain);
}

void cf_sim_controls_set(cf_sim_controls *c, const cf_source_controls *set) {
    pthread_mutex_lock(&c->lock);
    long frame = c->next - 1 + c->delay;
    if (!c->next) {
        apply(c, set);
    } else {
        if (c->count && (c->count == CF_SIM_PENDING || c->pending[c->count - 1].frame == frame))
            c->count--;
        else
            c->pending[c->count].set = (cf_source_controls){0};
        c->pending[c->count].frame = frame;
        merge(set, &c->pending[c->count++].set);
    }
    pthread_mutex_unlock(&c->lock);
}

cf_source_controls cf_sim_controls_advance(cf_sim_controls *c) {
    pthread_mutex_lock(&c->lock);
    int due = 0;
    while (due < c->count && c->pending[due].frame <= c->next)
        apply(c, &c->pending[due++].set);
    for (int i = due; i < c->count; i++)
        c->pending[i - due] = c->pending[i];
    c->count -= due;
    c->next++;
    cf_source_controls now = c->now;
    pthread_mutex_unlock(&c->lock);
    return now;
}
