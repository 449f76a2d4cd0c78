/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs the frames of two streams by time stamp: nearest first, as soon as it is certain. */
#include "capture/pairing.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "capture/stamp_watch.h"

enum { MIN_ROOM = 2, MAX_ROOM = 64, SKEWS = 1024 };
/* Sums and differences of two of these stay in 64 bits. */
#define MAX_STAMP INT64_C(4000000000000000000)
#define MAX_PARAM INT64_C(1000000000000000)
#define NEVER (INT64_MAX / 2)

typedef struct {
    cf_pairing_item item;
    int64_t t;      /* by the mono camera's clock */
    uint64_t other; /* frames of the other camera that had come before */
} waiting;

typedef struct {
    waiting queue[MAX_ROOM]; /* a ring, in order of time */
    int first, count;
    cf_stamp_watch watch;
    int is_in_doubt;
    waiting doubted; /* a frame that jumped: a restart or a wild value */
    uint64_t taken;
    int64_t decided; /* time of the latest frame that left the queue */
} stream;

typedef struct {
    cf_pairing_item item[2];
} couple;

struct cf_pairing {
    cf_pairing_params params;
    stream cameras[2];
    couple ready[MAX_ROOM]; /* a ring */
    int first, count;
    int64_t skews[SKEWS]; /* of the latest pairs, a ring */
    cf_pairing_stats stats;
};

cf_status cf_pairing_create(const cf_pairing_params *params, cf_pairing **out) {
    static const cf_pairing_params defaults = CF_PAIRING_DEFAULTS;
    *out = NULL;
    if (!params)
        params = &defaults;
    if (params->limit_ns < 1 || params->limit_ns > MAX_PARAM)
        return cf_fail(CF_ERR_INVALID, "pairing: a limit of %lld ns", (long long)params->limit_ns);
    if (params->offset_ns < -MAX_PARAM || params->offset_ns > MAX_PARAM)
        return cf_fail(CF_ERR_INVALID, "pairing: an offset of %lld ns",
                       (long long)params->offset_ns);
    if (params->room < MIN_ROOM || params->room > MAX_ROOM)
        return cf_fail(CF_ERR_INVALID, "pairing: room for %d frames, not %d..%d", params->room,
                       MIN_ROOM, MAX_ROOM);
    cf_pairing *pairing = cf_alloc(1, sizeof *pairing);
    if (!pairing)
        return CF_ERR_MEMORY;
    pairing->params = *params;
    for (int c = 0; c < 2; c++)
        pairing->cameras[c].decided = -NEVER;
    *out = pairing;
    return CF_OK;
}

static waiting *at(stream *c, int place) {
    return &c->queue[(c->first + place) % MAX_ROOM];
}

static void drop(cf_pairing *pairing, int camera, const cf_pairing_item *item, uint64_t reason[2]) {
    reason[camera]++;
    if (pairing->params.drop)
        pairing->params.drop(pairing->params.user, camera, item->frame);
}

static void leave_alone(cf_pairing *pairing, int camera, const cf_pairing_item *item) {
    drop(pairing, camera, item, pairing->stats.alone);
}

static cf_pairing_item take(stream *c) {
    waiting *head = at(c, 0);
    c->decided = head->t;
    c->first = (c->first + 1) % MAX_ROOM;
    c->count--;
    return head->item;
}

static void take_alone(cf_pairing *pairing, int camera) {
    cf_pairing_item item = take(&pairing->cameras[camera]);
    leave_alone(pairing, camera, &item);
}

static void take_pair(cf_pairing *pairing) {
    if (pairing->count == pairing->params.room) {
        couple *oldest = &pairing->ready[pairing->first];
        for (int c = 0; c < 2; c++)
            leave_alone(pairing, c, &oldest->item[c]);
        pairing->first = (pairing->first + 1) % MAX_ROOM;
        pairing->count--;
    }
    int64_t skew = at(&pairing->cameras[1], 0)->t - at(&pairing->cameras[0], 0)->t;
    pairing->skews[pairing->stats.pairs++ % SKEWS] = skew;
    couple *pair = &pairing->ready[(pairing->first + pairing->count++) % MAX_ROOM];
    for (int c = 0; c < 2; c++)
        pair->item[c] = take(&pairing->cameras[c]);
}

/* A place in the line of time: the frame `place[camera]` of `camera`, all before which are behind.
 */
typedef struct {
    int camera, place[2];
} spot;

/*
 * The distance from a frame to the next one if that is the other camera's, NEVER where it is not or
 * is beyond the limit; where *is_certain is 0, at least that far. A frame of its own camera that
 * may yet come in between shows in the distance from that next one on: it is less than nothing.
 */
static int64_t gap(cf_pairing *pairing, spot here, const int64_t coming[2], int *is_certain) {
    stream *own = &pairing->cameras[here.camera], *other = &pairing->cameras[!here.camera];
    int next = here.place[here.camera] + 1, across = here.place[!here.camera];
    int is_across_known = across < other->count;
    int64_t t = at(own, here.place[here.camera])->t;
    int64_t across_t = is_across_known ? at(other, across)->t : coming[!here.camera];
    *is_certain = 1;
    if (across_t - t > pairing->params.limit_ns ||
        (next < own->count && across_t >= at(own, next)->t))
        return NEVER;
    *is_certain = is_across_known;
    return across_t - t;
}

/*
 * Decides about the earliest frame; 0 when that is not possible yet. Gaps that get smaller and
 * smaller are followed to the smallest, a pair; from there back every second one is a pair too.
 */
static int decide(cf_pairing *pairing, const int64_t coming[2]) {
    stream *c = pairing->cameras;
    if (c[0].count == 0 && c[1].count == 0)
        return 0;
    int is_colour = c[0].count == 0 || (c[1].count > 0 && at(&c[1], 0)->t < at(&c[0], 0)->t);
    spot here = {.camera = is_colour};
    int is_certain, is_pair = 1;
    int64_t smallest = gap(pairing, here, coming, &is_certain);
    if (!is_certain)
        return 0;
    if (smallest == NEVER) {
        take_alone(pairing, here.camera);
        return 1;
    }
    for (;; is_pair = !is_pair) {
        here.place[here.camera]++;
        here.camera = !here.camera;
        int64_t following = gap(pairing, here, coming, &is_certain);
        if (following >= smallest)
            break;
        if (!is_certain)
            return 0;
        smallest = following;
    }
    if (is_pair)
        take_pair(pairing);
    else
        take_alone(pairing, is_colour);
    return 1;
}

/* Decides about all that is certain when a camera that is gone (-1: none) gives nothing more. */
static void settle(cf_pairing *pairing, int gone) {
    int64_t coming[2];
    for (int c = 0; c < 2; c++)
        coming[c] = c == gone ? NEVER : cf_stamp_watch_soonest(&pairing->cameras[c].watch);
    while (decide(pairing, coming)) {
    }
}

/* Lets go what waits for more frames of the other camera than may be late. */
static void expire(cf_pairing *pairing) {
    for (int c = 0; c < 2; c++) {
        stream *own = &pairing->cameras[c];
        uint64_t late = (uint64_t)pairing->params.room;
        while (own->count > 0 && pairing->cameras[!c].taken - at(own, 0)->other > late)
            take_alone(pairing, c);
    }
}

/* Decides by what is there until at most `count` frames of the camera are left. */
static void force(cf_pairing *pairing, int camera, int count) {
    static const int64_t nothing[2] = {NEVER, NEVER};
    while (pairing->cameras[camera].count > count)
        decide(pairing, nothing);
}

/* Puts a frame that was overtaken in its place, if that is not decided already. */
static void insert(cf_pairing *pairing, int camera, const waiting *frame) {
    stream *own = &pairing->cameras[camera];
    int place = own->count;
    while (place > 0 && at(own, place - 1)->t > frame->t)
        place--;
    if (place > 0 && at(own, place - 1)->t == frame->t) {
        drop(pairing, camera, &frame->item, pairing->stats.duplicated);
        return;
    }
    if (own->count == pairing->params.room || frame->t <= own->decided) {
        leave_alone(pairing, camera, &frame->item);
        return;
    }
    for (int k = own->count++; k > place; k--)
        *at(own, k) = *at(own, k - 1);
    *at(own, place) = *frame;
}

/* Puts a frame last. What seems to be later is of the time before its clock was set back. */
static void append(cf_pairing *pairing, int camera, const waiting *frame) {
    stream *own = &pairing->cameras[camera];
    for (; own->count > 0 && at(own, own->count - 1)->t >= frame->t; own->count--)
        leave_alone(pairing, camera, &at(own, own->count - 1)->item);
    force(pairing, camera, pairing->params.room - 1);
    *at(own, own->count++) = *frame;
}

/* A frame that jumped goes on by what the one after it says. */
static void settle_doubt(cf_pairing *pairing, int camera) {
    stream *own = &pairing->cameras[camera];
    own->is_in_doubt = 0;
    if (own->watch.is_made_good)
        append(pairing, camera, &own->doubted);
    else
        leave_alone(pairing, camera, &own->doubted.item);
}

void cf_pairing_push(cf_pairing *pairing, int camera, const cf_pairing_item *item) {
    assert(camera == 0 || camera == 1);
    if (item->t_ns < -MAX_STAMP || item->t_ns > MAX_STAMP) {
        leave_alone(pairing, camera, item);
        return;
    }
    stream *own = &pairing->cameras[camera];
    waiting frame = {*item, item->t_ns - (camera ? pairing->params.offset_ns : 0),
                     pairing->cameras[!camera].taken};
    cf_stamp stamp = {frame.t, item->sequence};
    cf_stamp_kind kind =
        cf_stamp_watch_look(&own->watch, stamp, item->period_ns, pairing->params.room);
    if (own->is_in_doubt && kind != CF_STAMP_OVERTAKEN)
        settle_doubt(pairing, camera);
    if (kind == CF_STAMP_DUPLICATE) {
        drop(pairing, camera, item, pairing->stats.duplicated);
    } else if (kind == CF_STAMP_OVERTAKEN) {
        insert(pairing, camera, &frame);
    } else if (kind == CF_STAMP_RESTART) {
        pairing->stats.restarts[camera]++;
        own->is_in_doubt = 1;
        own->doubted = frame;
    } else {
        append(pairing, camera, &frame);
    }
    own->taken += kind != CF_STAMP_DUPLICATE;
    settle(pairing, -1);
    expire(pairing);
}

int cf_pairing_pop(cf_pairing *pairing, cf_pairing_item pair[2]) {
    if (pairing->count == 0)
        return 0;
    memcpy(pair, pairing->ready[pairing->first].item, sizeof pairing->ready[0].item);
    pairing->first = (pairing->first + 1) % MAX_ROOM;
    pairing->count--;
    return 1;
}

static void forget_doubt(cf_pairing *pairing, int camera) {
    stream *own = &pairing->cameras[camera];
    if (own->is_in_doubt)
        leave_alone(pairing, camera, &own->doubted.item);
    own->is_in_doubt = 0;
}

void cf_pairing_flush(cf_pairing *pairing, int camera) {
    assert(camera >= -1 && camera <= 1);
    for (int c = 0; c < 2; c++)
        if (camera == c || camera < 0)
            forget_doubt(pairing, c);
    if (camera >= 0)
        settle(pairing, camera);
    for (int c = 0; c < 2 && camera < 0; c++)
        force(pairing, c, 0);
}

void cf_pairing_destroy(cf_pairing **handle) {
    if (!handle || !*handle)
        return;
    cf_pairing *pairing = *handle;
    cf_pairing_item pair[2];
    while (cf_pairing_pop(pairing, pair))
        for (int c = 0; c < 2; c++)
            leave_alone(pairing, c, &pair[c]);
    for (int c = 0; c < 2; c++) {
        forget_doubt(pairing, c);
        while (pairing->cameras[c].count > 0)
            take_alone(pairing, c);
    }
    cf_free(pairing);
    *handle = NULL;
}

static int compare_int64(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

void cf_pairing_statistics(const cf_pairing *pairing, cf_pairing_stats *out) {
    *out = pairing->stats;
    for (int c = 0; c < 2; c++)
        out->lost[c] = pairing->cameras[c].watch.lost;
    size_t n = pairing->stats.pairs < SKEWS ? (size_t)pairing->stats.pairs : SKEWS;
    if (n == 0)
        return;
    int64_t sorted[SKEWS];
    double sum = 0;
    for (size_t k = 0; k < n; k++) {
        sum += (double)pairing->skews[k];
        sorted[k] = llabs(pairing->skews[k]);
    }
    qsort(sorted, n, sizeof *sorted, compare_int64);
    out->skew_mean_us = sum / (double)n * 1e-3;
    out->skew_p50_us = (double)sorted[n / 2] * 1e-3;
    out->skew_p99_us = (double)sorted[(n - 1) * 99 / 100] * 1e-3;
}
