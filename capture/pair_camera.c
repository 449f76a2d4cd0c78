/* SPDX-License-Identifier: Apache-2.0 */
/* The thread of one camera of a pair: reads frames, sets controls, waits for a camera that went
 * away. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "capture/pair_internal.h"

#define POLL_MS 100  /* how soon a thread sees that it is to stop */
#define RETRY_MS 500 /* between tries to open a camera that went away */

static int is_stopping(cf_pair_stream *s) {
    pthread_mutex_lock(&s->lock);
    int stopping = s->is_stopping;
    pthread_mutex_unlock(&s->lock);
    return stopping;
}

void cf_pair_fail(cf_pair_stream *s, cf_status why) {
    pthread_mutex_lock(&s->lock);
    if (s->failure == CF_OK)
        s->failure = why;
    s->is_stopping = 1;
    pthread_cond_broadcast(&s->turn);
    pthread_mutex_unlock(&s->lock);
    cf_queue_close(s->out);
}

/* Sleeps unless the stream is stopping. */
static void rest(cf_pair_stream *s, long ms) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += ms * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&s->lock);
    while (!s->is_stopping && pthread_cond_timedwait(&s->turn, &s->lock, &until) != ETIMEDOUT)
        continue;
    pthread_mutex_unlock(&s->lock);
}

static void note_statistics(cf_pair_camera *c) {
    cf_source_stats stats = cf_source_statistics(c->source);
    pthread_mutex_lock(&c->stream->facts_lock);
    c->stats = stats;
    pthread_mutex_unlock(&c->stream->facts_lock);
}

static void apply_pending(cf_pair_camera *c) {
    pthread_mutex_lock(&c->stream->facts_lock);
    cf_source_controls controls = c->pending;
    c->pending = (cf_source_controls){0};
    pthread_mutex_unlock(&c->stream->facts_lock);
    if (controls.exposure_ns || controls.frame_ns || controls.gain > 0)
        cf_source_set(c->source, &controls);
}

/* Nothing more comes of this camera for now. */
static void flush(cf_pair_camera *c) {
    cf_pair_stream *s = c->stream;
    pthread_mutex_lock(&s->lock);
    cf_pairing_flush(s->pairing, c->index);
    if (s->phase)
        cf_phase_lock_reset(s->phase);
    c->last_ns = 0;
    c->has_head = 0;
    pthread_cond_broadcast(&s->turn);
    pthread_mutex_unlock(&s->lock);
}

static void lose(cf_pair_camera *c) {
    cf_pair_stream *s = c->stream;
    cf_source_stats last = cf_source_statistics(c->source);
    cf_source_close(&c->source);
    pthread_mutex_lock(&s->facts_lock);
    c->earlier.frames += last.frames;
    c->earlier.damaged += last.damaged;
    c->earlier.lost += last.lost;
    c->earlier.overrun += last.overrun;
    c->stats = (cf_source_stats){0};
    c->is_gone = 1;
    pthread_mutex_unlock(&s->facts_lock);
    flush(c);
    if (s->params.reconnect)
        cf_log(CF_LOG_WARNING, "%s: waiting for the camera to come back", c->info.uri);
    else
        cf_pair_fail(s, CF_ERR_DEVICE);
}

/* One try to get a camera back as it was. */
static cf_status reopen(cf_pair_camera *c) {
    cf_source_info before = c->info;
    cf_log_lower(CF_LOG_DEBUG);
    cf_status status = cf_pair_camera_open(c, c->stream->params.uri[c->index]);
    if (status == CF_OK)
        status = cf_source_start(c->source);
    cf_log_lower(CF_LOG_ERROR);
    if (status == CF_OK && (c->info.width != before.width || c->info.height != before.height ||
                            c->info.layout != before.layout))
        status = cf_fail(CF_ERR_UNSUPPORTED, "%s came back as another camera, %dx%d %s", before.uri,
                         c->info.width, c->info.height, c->info.format);
    if (status != CF_OK) {
        cf_source_close(&c->source);
        c->info = before;
    }
    return status;
}

static void come_back(cf_pair_camera *c) {
    cf_pair_stream *s = c->stream;
    rest(s, RETRY_MS);
    if (is_stopping(s))
        return;
    cf_status status = reopen(c);
    if (status == CF_ERR_UNSUPPORTED || status == CF_ERR_MEMORY)
        cf_pair_fail(s, status);
    if (status != CF_OK)
        return;
    cf_log(CF_LOG_WARNING, "%s: the camera is back", c->info.uri);
    c->idle_since = cf_clock_seconds();
    pthread_mutex_lock(&s->facts_lock);
    c->reconnects++;
    c->is_gone = 0;
    c->pending = s->params.fixed[c->index];
    pthread_mutex_unlock(&s->facts_lock);
}

/* A recording is over. The other camera's last frames may still find partners. */
static void end(cf_pair_camera *c) {
    cf_pair_stream *s = c->stream;
    pthread_mutex_lock(&s->lock);
    c->is_ended = 1;
    c->has_head = 0;
    pthread_cond_broadcast(&s->turn);
    pthread_mutex_unlock(&s->lock);
    cf_pair_take(c, NULL);
    pthread_mutex_lock(&s->lock);
    int is_last = ++s->done == 2;
    pthread_mutex_unlock(&s->lock);
    if (is_last)
        cf_queue_close(s->out);
}

static double patience(const cf_pair_camera *c) {
    int ms = c->stream->params.stall_ms;
    return ms ? ms * 1e-3 : 2 + (c->info.fps > 0 ? 10 / c->info.fps : 0);
}

static void check_stall(cf_pair_camera *c) {
    double idle = cf_clock_seconds() - c->idle_since;
    if (!c->info.is_live || idle < patience(c))
        return;
    cf_log(c->stream->params.reconnect ? CF_LOG_WARNING : CF_LOG_ERROR,
           "%s: no frame for %.1f s: the driver has stopped delivering", c->info.uri, idle);
    lose(c);
}

/* Nothing of the other camera can pair with what still comes of this one. */
static int is_pointless(cf_pair_camera *c) {
    cf_pair_stream *s = c->stream;
    pthread_mutex_lock(&s->lock);
    const cf_pair_camera *other = &s->camera[!c->index];
    int pointless = other->is_ended && c->last_ns > other->last_ns + s->params.limit_ns;
    pthread_mutex_unlock(&s->lock);
    return pointless;
}

/* 0: the stream is over for this camera. */
static int step(cf_pair_camera *c) {
    cf_frame *frame;
    apply_pending(c);
    /* a camera that is waited for has not failed yet */
    cf_log_lower(c->stream->params.reconnect ? CF_LOG_WARNING : CF_LOG_ERROR);
    cf_status status = cf_source_next(c->source, POLL_MS, &frame);
    cf_log_lower(CF_LOG_ERROR);
    note_statistics(c);
    if (status == CF_OK) {
        c->idle_since = cf_clock_seconds();
        cf_pair_take(c, frame);
        if (!is_pointless(c))
            return 1;
        end(c);
        return 0;
    }
    if (status == CF_ERR_TIMEOUT)
        check_stall(c);
    else if (status == CF_ERR_DEVICE)
        lose(c);
    else if (status == CF_ERR_END)
        end(c);
    else
        cf_pair_fail(c->stream, status);
    return status != CF_ERR_END;
}

void *cf_pair_camera_run(void *user) {
    cf_pair_camera *c = user;
    int goes_on = 1;
    c->idle_since = cf_clock_seconds();
    while (goes_on && !is_stopping(c->stream)) {
        if (c->source)
            goes_on = step(c);
        else
            come_back(c);
    }
    return NULL;
}
