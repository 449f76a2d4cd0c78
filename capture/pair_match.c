/* SPDX-License-Identifier: Apache-2.0 */
/* From frames to pairs: the order in which recorded frames are taken, steering, exposure, delivery.
 */
#include <stdlib.h>

#include "base/log.h"
#include "capture/pair_internal.h"

#define PATIENCE_NS 2000000000LL    /* frames without a pair: say so */
#define GIVE_UP_NS 20000000000LL    /* ... and give up */
#define BATCH (CF_PAIR_WAITING + 1) /* pairs that one frame or a flush can complete, at most */

void cf_pair_drop(void *user, int camera, void *frame) {
    (void)user;
    (void)camera;
    cf_frame *f = frame;
    cf_frame_unref(&f);
}

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void start_steering(cf_pair_stream *s) {
    const cf_control_range *range = &s->camera[1].info.frame_ns;
    cf_phase_lock_params p = CF_PHASE_LOCK_DEFAULTS;
    qsort(s->learned, CF_PAIR_LEARN, sizeof *s->learned, by_size);
    p.nominal_ns = s->period_ns = s->learned[CF_PAIR_LEARN / 2];
    p.min_ns = (int64_t)range->min;
    p.max_ns = (int64_t)range->max;
    p.step_ns = (int64_t)range->step;
    if (p.nominal_ns < p.min_ns || p.nominal_ns > p.max_ns) {
        cf_log(CF_LOG_WARNING,
               "%s cannot run at the mono camera's %.4g frames a second: it is not steered",
               s->camera[1].info.uri, 1e9 / (double)p.nominal_ns);
        s->params.use_sync = 0;
    } else if (cf_phase_lock_create(&p, &s->phase) != CF_OK)
        s->params.use_sync = 0;
}

static int can_steer(const cf_pair_stream *s) {
    return s->params.use_sync && !s->is_synced && s->camera[1].info.frame_ns.max > 0 &&
           s->camera[0].info.is_live && s->camera[1].info.is_live;
}

/* The leading camera's true period, in this machine's time. */
static void learn_period(cf_pair_stream *s, const cf_pair_camera *c, int64_t t_ns,
                         uint64_t sequence) {
    if (!c->last_ns || sequence <= c->last_sequence || t_ns <= c->last_ns)
        return;
    s->learned[s->learned_count++] = (t_ns - c->last_ns) / (int64_t)(sequence - c->last_sequence);
    if (s->learned_count == CF_PAIR_LEARN)
        start_steering(s);
}

/* Both cameras deliver, and nothing pairs. */
static cf_status watch(cf_pair_stream *s, int64_t now_ns, int64_t distance_ns) {
    cf_pairing_stats stats;
    cf_pairing_statistics(s->pairing, &stats);
    if (stats.pairs != s->apart_pairs || !s->apart_since_ns || now_ns < s->apart_since_ns) {
        s->apart_pairs = stats.pairs;
        s->apart_since_ns = now_ns;
        return CF_OK;
    }
    int64_t apart_ns = now_ns - s->apart_since_ns;
    if (apart_ns > GIVE_UP_NS)
        return cf_fail(CF_ERR_UNSUPPORTED,
                       "%s and %s are not in step: no two frames were less than %.3f ms apart; "
                       "allow more, or give the offset between their time stamps",
                       s->camera[0].info.uri, s->camera[1].info.uri,
                       (double)s->params.limit_ns * 1e-6);
    if (apart_ns > PATIENCE_NS && !s->has_warned) {
        s->has_warned = 1;
        cf_log(CF_LOG_WARNING,
               "no pairs yet: the cameras' frames are %.3f ms apart, and %.3f ms is the limit%s",
               (double)distance_ns * 1e-6, (double)s->params.limit_ns * 1e-6,
               s->phase ? "; bringing them into step" : "");
    }
    return CF_OK;
}

/* Says once what keeps the cameras from getting into step. */
static void tell_mode(cf_pair_stream *s, cf_phase_lock_mode mode) {
    const char *uri = s->camera[1].info.uri;
    if (mode == s->told_mode)
        return;
    s->told_mode = mode;
    if (mode == CF_PHASE_LOCK_IGNORED)
        cf_log(CF_LOG_WARNING, "%s does not take the frame durations it is given: it runs free",
               uri);
    if (mode == CF_PHASE_LOCK_OUT_OF_RANGE)
        cf_log(CF_LOG_WARNING,
               "%s would need frame durations outside %.3f to %.3f ms to stay in step: it runs "
               "free; a lower rate helps",
               uri, s->camera[1].info.frame_ns.min * 1e-6, s->camera[1].info.frame_ns.max * 1e-6);
}

static void steer(cf_pair_stream *s, uint64_t sequence, int64_t phase_ns) {
    int64_t frame_ns = cf_phase_lock_update(s->phase, sequence, phase_ns);
    cf_phase_lock_state state = cf_phase_lock_status(s->phase);
    pthread_mutex_lock(&s->facts_lock);
    if (frame_ns)
        s->camera[1].pending.frame_ns = frame_ns;
    s->phase_state = state;
    pthread_mutex_unlock(&s->facts_lock);
    tell_mode(s, state.mode);
}

static cf_status follow(cf_pair_stream *s, const cf_pair_camera *c, int64_t t_ns,
                        uint64_t sequence) {
    if (c->index == 0) {
        if (!s->phase && can_steer(s))
            learn_period(s, c, t_ns, sequence);
        return CF_OK;
    }
    const cf_pair_camera *mono = &s->camera[0];
    if (!mono->last_ns)
        return CF_OK;
    int64_t phase_ns = t_ns - mono->last_ns;
    /* A pause of the leading camera would multiply what is wrong about its period. */
    if (s->phase && llabs(phase_ns) < 2 * s->period_ns)
        steer(s, sequence, phase_ns);
    return watch(s, t_ns, llabs(phase_ns));
}

/* Waits until a recorded frame is the earliest of both cameras'; lock is held. 0: stop. */
static int wait_for_turn(cf_pair_camera *c, int64_t t_ns) {
    cf_pair_stream *s = c->stream;
    const cf_pair_camera *other = &s->camera[!c->index];
    c->head_ns = t_ns;
    c->has_head = 1;
    pthread_cond_broadcast(&s->turn);
    while (s->is_merging && !s->is_stopping && !other->is_ended &&
           !(other->has_head && t_ns <= other->head_ns))
        pthread_cond_wait(&s->turn, &s->lock);
    c->has_head = 0;
    return !s->is_stopping;
}

/* Takes over the frame; lock is held. */
static cf_status enter(cf_pair_camera *c, cf_frame *frame) {
    cf_pair_stream *s = c->stream;
    int64_t t_ns = frame->t_ns - (c->index ? s->params.offset_ns : 0);
    if (!wait_for_turn(c, t_ns)) {
        cf_frame_unref(&frame);
        return CF_OK;
    }
    int64_t period_ns = frame->frame_ns;
    if (!period_ns && c->info.fps > 0)
        period_ns = (int64_t)(1e9 / c->info.fps);
    const cf_pairing_item item = {
        .t_ns = frame->t_ns,
        .period_ns = period_ns,
        .sequence = frame->sequence,
        .frame = frame,
    };
    uint64_t sequence = frame->sequence;
    cf_pairing_push(s->pairing, c->index, &item);
    cf_status status = follow(s, c, t_ns, sequence);
    c->last_ns = t_ns;
    c->last_sequence = sequence;
    c->frames++;
    return status;
}

static void release(cf_pair_stream *s, cf_pair_slot *slot) {
    for (int i = 0; i < 2; i++)
        cf_frame_unref(&slot->frame[i]);
    cf_queue_push(s->free_slots, slot, 0);
}

/* The brain looks at the pair and marks it; deliver_lock is held. */
static void expose(cf_pair_stream *s, const cf_pair_slot *slot) {
    cf_exposure_decision d;
    if (!s->exposure || cf_exposure_update(s->exposure, slot->frame, &d) != CF_OK)
        return;
    for (int i = 0; i < 3 && !s->params.exposure.manual_white; i++)
        slot->frame[1]->profile.neutral[i] = d.neutral[i];
    slot->frame[0]->profile.gain = (float)d.mono_gain;
    pthread_mutex_lock(&s->facts_lock);
    s->decision = d;
    for (int i = 0; i < 2; i++)
        if (d.changed[i]) {
            cf_source_controls *pending = &s->camera[i].pending;
            if (d.controls[i].exposure_ns)
                pending->exposure_ns = d.controls[i].exposure_ns;
            if (d.controls[i].gain > 0)
                pending->gain = d.controls[i].gain;
        }
    pthread_mutex_unlock(&s->facts_lock);
}

static void count_drop(cf_pair_stream *s) {
    pthread_mutex_lock(&s->facts_lock);
    s->dropped++;
    pthread_mutex_unlock(&s->facts_lock);
}

/* Hands a pair to the taker, or drops one and counts it; deliver_lock is held. */
static void deliver(cf_pair_stream *s, cf_pairing_item pair[2]) {
    void *item;
    cf_pair_slot *gone = NULL;
    if (cf_queue_pop(s->free_slots, s->is_lossless ? -1 : 0, &item) != CF_OK) {
        for (int i = 0; i < 2; i++)
            cf_pair_drop(NULL, i, pair[i].frame);
        count_drop(s);
        return;
    }
    cf_pair_slot *slot = item;
    for (int i = 0; i < 2; i++)
        slot->frame[i] = pair[i].frame;
    expose(s, slot);
    if (s->is_lossless)
        gone = cf_queue_push(s->out, slot, -1) == CF_OK ? NULL : slot;
    else if (s->params.latest)
        gone = cf_queue_push_newest(s->out, slot);
    else
        gone = cf_queue_push(s->out, slot, 0) == CF_OK ? NULL : slot;
    if (gone) {
        release(s, gone);
        count_drop(s);
    }
}

void cf_pair_take(cf_pair_camera *c, cf_frame *frame) {
    cf_pair_stream *s = c->stream;
    cf_pairing_item pairs[BATCH][2];
    int count = 0;
    cf_status status = CF_OK;
    pthread_mutex_lock(&s->lock);
    if (frame)
        status = enter(c, frame);
    else
        cf_pairing_flush(s->pairing, c->index);
    while (count < BATCH && cf_pairing_pop(s->pairing, pairs[count]))
        count++;
    pthread_mutex_lock(&s->deliver_lock);
    pthread_mutex_lock(&s->facts_lock);
    cf_pairing_statistics(s->pairing, &s->pairing_stats);
    pthread_mutex_unlock(&s->facts_lock);
    pthread_cond_broadcast(&s->turn);
    pthread_mutex_unlock(&s->lock);
    for (int i = 0; i < count; i++)
        deliver(s, pairs[i]);
    pthread_mutex_unlock(&s->deliver_lock);
    if (status != CF_OK)
        cf_pair_fail(s, status);
}
