/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded queue of pointers between threads. */
#ifndef CHROMAFUSE_BASE_QUEUE_H
#define CHROMAFUSE_BASE_QUEUE_H

#include "base/status.h"

typedef struct cf_queue cf_queue;

/* A queue for at most room pointers, 1..4096. */
cf_status cf_queue_create(int room, cf_queue **out);
/* What is still inside is the caller's to pop first. No other thread may be using the queue. */
void cf_queue_destroy(cf_queue **queue);

/*
 * Puts an item (not NULL) at the end, waiting timeout_ms (0: not at all, negative: for ever) for
 * room. CF_OK; CF_ERR_TIMEOUT when there is none; CF_ERR_END when the queue is closed. Unless CF_OK
 * the item stays the caller's.
 */
cf_status cf_queue_push(cf_queue *queue, void *item, int timeout_ms);

/*
 * Puts an item at the end without waiting. Returns what had to go: the oldest item of a full queue,
 * the item itself when the queue is closed, else NULL.
 */
void *cf_queue_push_newest(cf_queue *queue, void *item);

/* Takes the oldest item. CF_OK; CF_ERR_TIMEOUT when none came within timeout_ms (as above);
 * CF_ERR_END when the queue is closed and empty. */
cf_status cf_queue_pop(cf_queue *queue, int timeout_ms, void **item);

/* From now on pushes fail and pops drain; wakes everybody who waits. */
void cf_queue_close(cf_queue *queue);

int cf_queue_count(cf_queue *queue);

#endif
