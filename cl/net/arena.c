/* SPDX-License-Identifier: Apache-2.0 */
/* One buffer for everything that lives only within a run: offsets from lifetimes. */
#include <stdlib.h>

#include "base/log.h"
#include "cl/net/plan.h"

static cf_place *root_of(cf_place *place, size_t *offset) {
    *offset = 0;
    for (; place->whole; place = place->whole)
        *offset += place->offset;
    return place;
}

static void touch(cf_place *place, int step) {
    if (step < place->first)
        place->first = step;
    if (step > place->last)
        place->last = step;
}

/* Every buffer of a step's arguments is a place's first member. */
static void mark_lifetimes(cf_planner *plan) {
    size_t offset;
    for (size_t s = 0; s < plan->step_count; s++)
        for (size_t a = 0; a < plan->steps[s].count; a++) {
            const cf_arg *arg = &plan->steps[s].args[a];
            if (arg->type == CF_ARG_BUFFER && arg->value.buffer)
                touch(root_of((cf_place *)arg->value.buffer, &offset), (int)s);
        }
}

typedef struct {
    cf_place *place;
    size_t at;
} slot;

static int larger_first(const void *a, const void *b) {
    const cf_place *x = ((const slot *)a)->place, *y = ((const slot *)b)->place;
    if (x->buffer.bytes != y->buffer.bytes)
        return x->buffer.bytes < y->buffer.bytes ? 1 : -1;
    return (x->first > y->first) - (x->first < y->first);
}

static int by_offset(const void *a, const void *b) {
    const slot *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

/* The lowest gap among the placed ones that live at the same time. `taken` is scratch. */
static size_t lowest_gap(const slot *placed, size_t count, const cf_place *place, slot *taken) {
    size_t n = 0, at = 0;
    for (size_t i = 0; i < count; i++)
        if (placed[i].place->first <= place->last && placed[i].place->last >= place->first)
            taken[n++] = placed[i];
    qsort(taken, n, sizeof *taken, by_offset);
    for (size_t i = 0; i < n; i++) {
        if (taken[i].at >= at + place->buffer.bytes)
            break;
        size_t end = taken[i].at + taken[i].place->buffer.bytes;
        at = end > at ? end : at;
    }
    return at;
}

static cf_status make_view(cf_net *net, cf_place *place, size_t offset) {
    cl_int error;
    cl_buffer_region region = {offset, place->buffer.bytes};
    place->buffer.mem = clCreateSubBuffer(net->arena->mem, CL_MEM_READ_WRITE,
                                          CL_BUFFER_CREATE_TYPE_REGION, &region, &error);
    if (!place->buffer.mem)
        return cf_fail(CF_ERR_DEVICE, "%s: no view of %zu bytes of a buffer: %s",
                       net->cl->info.name, place->buffer.bytes, cf_cl_error_text(error));
    return CF_OK;
}

/* A root's offset: roots keep theirs in `offset`, which means nothing else for them. */
static cf_status make_views(cf_planner *plan, cf_net *net) {
    for (cf_place *p = plan->places; p; p = p->next) {
        size_t inside;
        if (p->kind != CF_PLACE_ARENA)
            continue;
        cf_place *root = root_of(p, &inside);
        if (root->last >= 0)
            CF_TRY(make_view(net, p, root->offset + inside));
    }
    return CF_OK;
}

cf_status cf_plan_arena(cf_planner *plan, cf_net *net) {
    size_t count = 0, end = 0, room = 0;
    mark_lifetimes(plan);
    for (const cf_place *p = plan->places; p; p = p->next)
        room += p->kind == CF_PLACE_ARENA;
    slot *slots = cf_plan_keep(plan, 2 * room + 1, sizeof *slots);
    if (!slots)
        return CF_ERR_MEMORY;
    for (cf_place *p = plan->places; p; p = p->next)
        if (p->kind == CF_PLACE_ARENA && !p->whole && p->last >= 0)
            slots[count++].place = p;
    qsort(slots, count, sizeof *slots, larger_first);
    for (size_t i = 0; i < count; i++) {
        cf_place *place = slots[i].place;
        slots[i].at = lowest_gap(slots, i, place, slots + room);
        place->offset = slots[i].at;
        net->info.activation_bytes += place->buffer.bytes;
        if (slots[i].at + place->buffer.bytes > end)
            end = slots[i].at + place->buffer.bytes;
    }
    net->info.arena_bytes = end;
    if (!end)
        return CF_OK;
    CF_TRY(cf_buffer_get(plan->cl, end, &net->arena));
    return make_views(plan, net);
}
