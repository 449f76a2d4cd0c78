/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, starting, taking and closing of a pair of cameras. */
#include "capture/pair_stream.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "capture/pair_internal.h"

#define LIMIT_UNKNOWN_NS 5000000 /* where no frame rate is known */

/* The same file or device by another name is still the same camera. */
static int is_same(const char *a, const char *b) {
    char real[2][PATH_MAX];
    if (!strcmp(a, b))
        return 1;
    const char *colon[2] = {strchr(a, ':'), strchr(b, ':')};
    size_t scheme[2] = {colon[0] ? (size_t)(colon[0] - a) : 0,
                        colon[1] ? (size_t)(colon[1] - b) : 0};
    if (scheme[0] != scheme[1] || strncmp(a, b, scheme[0]) != 0)
        return 0;
    return realpath(colon[0] ? colon[0] + 1 : a, real[0]) &&
           realpath(colon[1] ? colon[1] + 1 : b, real[1]) && !strcmp(real[0], real[1]);
}

static cf_status check(const cf_pair_stream_params *p) {
    static const char *const whose[2] = {"mono", "colour"};
    for (int i = 0; i < 2; i++)
        if (!p->uri[i] || !*p->uri[i])
            return cf_fail(CF_ERR_INVALID, "which camera is the %s one?", whose[i]);
    if (is_same(p->uri[0], p->uri[1]))
        return cf_fail(CF_ERR_INVALID, "%s and %s are the same camera; two are needed", p->uri[0],
                       p->uri[1]);
    if (p->room < 1 || p->room > 64 || p->limit_ns < 0 || p->stall_ms < 0)
        return cf_fail(CF_ERR_INVALID,
                       "pairs: room %d (1..64), limit %lld ns, stall after %d ms make no sense",
                       p->room, (long long)p->limit_ns, p->stall_ms);
    return CF_OK;
}

cf_status cf_pair_camera_open(cf_pair_camera *c, const char *uri) {
    CF_TRY(cf_source_open(uri, &c->params, &c->source));
    c->info = *cf_source_describe(c->source);
    return CF_OK;
}

static cf_status open_cameras(cf_pair_stream *s) {
    const cf_pair_stream_params *p = &s->params;
    for (int i = 0; i < 2; i++) {
        cf_pair_camera *c = &s->camera[i];
        c->stream = s;
        c->index = i;
        c->params = p->source[i];
        c->params.kind = i ? CF_CAMERA_COLOR : CF_CAMERA_MONO;
        int needed = CF_PAIR_WAITING + p->room + 6; /* in the pairing, on the way, with the taker */
        if (c->params.frames < needed)
            c->params.frames = needed;
        CF_TRY(cf_pair_camera_open(c, p->uri[i]));
    }
    return CF_OK;
}

/* Opens the cameras again in step, where the platform can do that. */
static cf_status synchronize(cf_pair_stream *s) {
    if (!s->params.use_sync || !s->camera[0].info.sync_server || !s->camera[1].info.sync_client)
        return CF_OK;
    for (int i = 0; i < 2; i++)
        cf_source_close(&s->camera[i].source);
    s->is_synced = 1;
    for (int i = 0; i < 2; i++) {
        s->camera[i].params.sync = i ? CF_SYNC_CLIENT : CF_SYNC_SERVER;
        CF_TRY(cf_pair_camera_open(&s->camera[i], s->params.uri[i]));
    }
    return CF_OK;
}

/* A camera that comes back must be what it was. */
static void remember_choice(cf_pair_camera *c) {
    memcpy(c->format, c->info.format, sizeof c->format);
    c->params.format = *c->format ? c->format : NULL;
    c->params.width = c->info.width;
    c->params.height = c->info.height;
    if (c->info.fps > 0)
        c->params.fps = c->info.fps;
}

static cf_status make_pairing(cf_pair_stream *s) {
    cf_pairing_params p = CF_PAIRING_DEFAULTS;
    double fps = fmax(s->camera[0].info.fps, s->camera[1].info.fps);
    p.offset_ns = s->params.offset_ns;
    p.room = CF_PAIR_WAITING;
    p.limit_ns = s->params.limit_ns;
    if (!p.limit_ns)
        p.limit_ns = fps > 0 ? (int64_t)(1e9 / fps / 3) : LIMIT_UNKNOWN_NS;
    s->params.limit_ns = p.limit_ns;
    p.drop = cf_pair_drop;
    return cf_pairing_create(&p, &s->pairing);
}

static cf_status make_exposure(cf_pair_stream *s) {
    if (!s->params.auto_exposure)
        return CF_OK;
    cf_exposure_params p = s->params.exposure;
    for (int i = 0; i < 2; i++) {
        const cf_source_info *info = &s->camera[i].info;
        p.exposure_ns[i] = info->exposure_ns;
        p.gain[i] = info->gain;
        p.frame_ns[i] = info->fps > 0 ? (int64_t)(1e9 / info->fps) : 0;
    }
    return cf_exposure_create(&p, &s->exposure);
}

static cf_status make_queues(cf_pair_stream *s) {
    int count = s->params.room + 2; /* one in each thread's hands */
    CF_TRY(cf_queue_create(s->params.room, &s->out));
    CF_TRY(cf_queue_create(count, &s->free_slots));
    s->slots = cf_alloc((size_t)count, sizeof *s->slots);
    if (!s->slots)
        return CF_ERR_MEMORY;
    for (int i = 0; i < count; i++)
        CF_TRY(cf_queue_push(s->free_slots, &s->slots[i], 0));
    return CF_OK;
}

static void make_locks(cf_pair_stream *s) {
    pthread_condattr_t monotonic;
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->deliver_lock, NULL);
    pthread_mutex_init(&s->facts_lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->turn, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static cf_status build(cf_pair_stream *s) {
    CF_TRY(open_cameras(s));
    CF_TRY(synchronize(s));
    const cf_source_info *m = &s->camera[0].info, *c = &s->camera[1].info;
    for (int i = 0; i < 2; i++) {
        remember_choice(&s->camera[i]);
        s->camera[i].pending = s->params.fixed[i];
    }
    s->is_merging = !m->is_live && !c->is_live;
    s->is_lossless = s->is_merging && !(s->params.latest && !s->camera[0].params.as_fast);
    if (m->fps > 0 && c->fps > 0 && fabs(m->fps - c->fps) > 0.02 * m->fps)
        cf_log(CF_LOG_WARNING, "%s runs at %.4g frames a second and %s at %.4g: few will pair",
               m->uri, m->fps, c->uri, c->fps);
    CF_TRY(make_pairing(s));
    CF_TRY(make_exposure(s));
    return make_queues(s);
}

cf_status cf_pair_stream_open(const cf_pair_stream_params *params, cf_pair_stream **out) {
    *out = NULL;
    CF_TRY(check(params));
    cf_pair_stream *s = cf_alloc(1, sizeof *s);
    if (!s)
        return CF_ERR_MEMORY;
    s->params = *params;
    make_locks(s);
    cf_status status = CF_OK;
    for (int i = 0; i < 2; i++) {
        s->params.uri[i] = cf_strdup(params->uri[i]);
        if (!s->params.uri[i])
            status = CF_ERR_MEMORY;
    }
    if (status == CF_OK)
        status = build(s);
    if (status != CF_OK) {
        cf_pair_stream_close(&s);
        return status;
    }
    *out = s;
    return CF_OK;
}

static void stop_threads(cf_pair_stream *s) {
    if (s->out)
        cf_queue_close(s->out); /* first: a thread that waits for room in it may hold the lock */
    pthread_mutex_lock(&s->lock);
    s->is_stopping = 1;
    pthread_cond_broadcast(&s->turn);
    pthread_mutex_unlock(&s->lock);
    for (int i = 0; i < 2; i++)
        if (s->camera[i].has_thread)
            pthread_join(s->camera[i].thread, NULL);
}

void cf_pair_stream_close(cf_pair_stream **handle) {
    if (!handle || !*handle)
        return;
    cf_pair_stream *s = *handle;
    void *slot;
    *handle = NULL;
    stop_threads(s);
    while (s->out && cf_queue_pop(s->out, 0, &slot) == CF_OK)
        for (int i = 0; i < 2; i++)
            cf_frame_unref(&((cf_pair_slot *)slot)->frame[i]);
    cf_pairing_destroy(&s->pairing);
    cf_phase_lock_destroy(&s->phase);
    cf_exposure_destroy(&s->exposure);
    cf_queue_destroy(&s->out);
    cf_queue_destroy(&s->free_slots);
    cf_free(s->slots);
    for (int i = 0; i < 2; i++) {
        cf_source_close(&s->camera[i].source);
        cf_free((char *)s->params.uri[i]);
    }
    pthread_cond_destroy(&s->turn);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->deliver_lock);
    pthread_mutex_destroy(&s->facts_lock);
    cf_free(s);
}

const cf_source_info *cf_pair_stream_camera(const cf_pair_stream *s, int camera) {
    return &s->camera[camera].info;
}

cf_status cf_pair_stream_start(cf_pair_stream *s) {
    /* Clients wait for their server: the colour camera goes first. */
    for (int i = 1; i >= 0; i--)
        CF_TRY(cf_source_start(s->camera[i].source));
    for (int i = 0; i < 2; i++) {
        if (pthread_create(&s->camera[i].thread, NULL, cf_pair_camera_run, &s->camera[i]))
            return cf_fail(CF_ERR_MEMORY, "%s: no more threads", s->params.uri[i]);
        s->camera[i].has_thread = 1;
    }
    return CF_OK;
}

cf_status cf_pair_stream_next(cf_pair_stream *s, int timeout_ms, cf_frame *pair[2]) {
    void *item;
    pair[0] = pair[1] = NULL;
    cf_status status = cf_queue_pop(s->out, timeout_ms, &item);
    if (status == CF_OK) {
        cf_pair_slot *slot = item;
        for (int i = 0; i < 2; i++) {
            pair[i] = slot->frame[i];
            slot->frame[i] = NULL;
        }
        return cf_queue_push(s->free_slots, slot, 0);
    }
    if (status == CF_ERR_END) {
        pthread_mutex_lock(&s->lock);
        if (s->failure != CF_OK)
            status = s->failure;
        pthread_mutex_unlock(&s->lock);
    }
    return status;
}

static cf_source_stats sum(cf_source_stats a, cf_source_stats b) {
    return (cf_source_stats){a.frames + b.frames, a.damaged + b.damaged, a.lost + b.lost,
                             a.overrun + b.overrun};
}

void cf_pair_stream_statistics(cf_pair_stream *s, cf_pair_stream_stats *out) {
    *out = (cf_pair_stream_stats){0};
    pthread_mutex_lock(&s->facts_lock);
    for (int i = 0; i < 2; i++) {
        const cf_pair_camera *c = &s->camera[i];
        out->camera[i] = sum(c->stats, c->earlier);
        out->reconnects[i] = c->reconnects;
        out->is_gone[i] = c->is_gone;
    }
    out->pairing = s->pairing_stats;
    out->phase = s->phase_state;
    out->exposure = s->decision;
    out->dropped = s->dropped;
    pthread_mutex_unlock(&s->facts_lock);
}
