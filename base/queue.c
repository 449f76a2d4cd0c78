/* SPDX-License-Identifier: Apache-2.0 */
/* A ring under a mutex. */
#include "base/queue.h"

#include <assert.h>
#include <pthread.h>
#include <time.h>

#include "base/alloc.h"
#include "base/log.h"

#define MAX_ROOM 4096

struct cf_queue {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    void **items;
    int room, first, count, closed;
};

cf_status cf_queue_create(int room, cf_queue **out) {
    *out = NULL;
    if (room < 1 || room > MAX_ROOM)
        return cf_fail(CF_ERR_INVALID, "queue: room for %d items, not 1..%d", room, MAX_ROOM);
    cf_queue *q = cf_alloc(1, sizeof *q);
    if (!q)
        return CF_ERR_MEMORY;
    q->items = cf_alloc((size_t)room, sizeof *q->items);
    if (!q->items) {
        cf_free(q);
        return CF_ERR_MEMORY;
    }
    q->room = room;
    pthread_condattr_t monotonic; /* a waiting thread must not care who sets the wall clock */
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    *out = q;
    return CF_OK;
}

void cf_queue_destroy(cf_queue **handle) {
    if (!handle || !*handle)
        return;
    cf_queue *q = *handle;
    *handle = NULL;
    pthread_cond_destroy(&q->changed);
    pthread_mutex_destroy(&q->lock);
    cf_free(q->items);
    cf_free(q);
}

static struct timespec deadline(int timeout_ms) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += timeout_ms / 1000;
    t.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

/* Waits, the lock held, while the queue is as `full` asks (else: empty) and open. 0: time is up. */
static int wait_while(cf_queue *q, int full, int timeout_ms) {
    struct timespec until = {0};
    if (timeout_ms > 0)
        until = deadline(timeout_ms);
    while (!q->closed && q->count == (full ? q->room : 0)) {
        if (!timeout_ms)
            return 0;
        if (timeout_ms < 0)
            pthread_cond_wait(&q->changed, &q->lock);
        else if (pthread_cond_timedwait(&q->changed, &q->lock, &until))
            return q->closed || q->count != (full ? q->room : 0);
    }
    return 1;
}

static void append(cf_queue *q, void *item) {
    q->items[(q->first + q->count++) % q->room] = item;
    pthread_cond_broadcast(&q->changed);
}

static void *take(cf_queue *q) {
    void *item = q->items[q->first];
    q->first = (q->first + 1) % q->room;
    q->count--;
    pthread_cond_broadcast(&q->changed);
    return item;
}

cf_status cf_queue_push(cf_queue *q, void *item, int timeout_ms) {
    assert(item);
    pthread_mutex_lock(&q->lock);
    cf_status status = wait_while(q, 1, timeout_ms) ? CF_OK : CF_ERR_TIMEOUT;
    if (q->closed)
        status = CF_ERR_END;
    if (status == CF_OK)
        append(q, item);
    pthread_mutex_unlock(&q->lock);
    return status;
}

void *cf_queue_push_newest(cf_queue *q, void *item) {
    assert(item);
    pthread_mutex_lock(&q->lock);
    void *gone = q->closed ? item : q->count == q->room ? take(q) : NULL;
    if (gone != item)
        append(q, item);
    pthread_mutex_unlock(&q->lock);
    return gone;
}

cf_status cf_queue_pop(cf_queue *q, int timeout_ms, void **item) {
    *item = NULL;
    pthread_mutex_lock(&q->lock);
    cf_status status = wait_while(q, 0, timeout_ms) ? CF_OK : CF_ERR_TIMEOUT;
    if (q->count)
        *item = take(q);
    else if (q->closed)
        status = CF_ERR_END;
    pthread_mutex_unlock(&q->lock);
    return status;
}

void cf_queue_close(cf_queue *q) {
    pthread_mutex_lock(&q->lock);
    q->closed = 1;
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
}

int cf_queue_count(cf_queue *q) {
    pthread_mutex_lock(&q->lock);
    int count = q->count;
    pthread_mutex_unlock(&q->lock);
    return count;
}
