/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the pair stream: what its threads share. */
#ifndef CHROMAFUSE_CAPTURE_PAIR_INTERNAL_H
#define CHROMAFUSE_CAPTURE_PAIR_INTERNAL_H

#include <pthread.h>

#include "base/queue.h"
#include "capture/pair_stream.h"

#define CF_PAIR_WAITING 8 /* frames of one camera that wait for a partner */
#define CF_PAIR_LEARN 16  /* frames whose distance tells the leading camera's period */

/* One camera and the thread that reads it. The thread alone touches source. */
typedef struct {
    cf_pair_stream *stream;
    int index;         /* 0 mono, 1 colour */
    cf_source *source; /* NULL while the camera is away */
    cf_source_info info;
    cf_source_params params;
    char format[32]; /* what params.format points at */
    pthread_t thread;
    int has_thread;
    double idle_since; /* seconds of the monotonic clock */

    /* Under the stream's lock. */
    int64_t head_ns; /* the frame that waits for its turn, aligned to the mono camera's time */
    int has_head, is_ended;
    int64_t last_ns; /* the latest frame handed to the pairing, aligned; 0 none */
    uint64_t last_sequence, frames;

    /* Under facts_lock. */
    cf_source_controls pending;
    cf_source_stats stats, earlier; /* of this source, of those before it */
    uint64_t reconnects;
    int is_gone;
} cf_pair_camera;

/* A pair on its way to the taker. */
typedef struct {
    cf_frame *frame[2];
} cf_pair_slot;

struct cf_pair_stream {
    cf_pair_stream_params params;
    cf_pair_camera camera[2];
    int is_merging;  /* neither camera is live: frames are taken in the order of their times */
    int is_lossless; /* pairs wait for the taker */
    int is_synced;   /* the platform keeps the sensors in step */

    /* lock guards the pairing and the cameras' places in it; deliver_lock, taken while lock is held
     * and kept when that is given back, keeps the pairs in order; facts_lock guards what statistics
     * and controls are about and is never held for long. */
    pthread_mutex_t lock, deliver_lock, facts_lock;
    pthread_cond_t turn; /* with lock: somebody's head has changed, or stopping */
    int is_stopping;     /* under lock */
    int done;            /* under lock: cameras whose last pairs are delivered */
    cf_status failure;   /* under lock: why the stream ended, CF_OK: it did not fail */

    cf_pairing *pairing;
    cf_phase_lock *phase; /* NULL: nothing to steer, or the period is still being learned */
    int64_t learned[CF_PAIR_LEARN];
    int learned_count;
    int64_t period_ns; /* of the leading camera, once learned */
    cf_phase_lock_mode told_mode;
    int64_t apart_since_ns, apart_ns; /* frames of both cameras come, but no pair since then */
    uint64_t apart_pairs;
    int has_warned;

    cf_exposure *exposure; /* under deliver_lock */
    cf_queue *out, *free_slots;
    cf_pair_slot *slots;

    /* Under facts_lock. */
    cf_pairing_stats pairing_stats;
    cf_phase_lock_state phase_state;
    cf_exposure_decision decision;
    uint64_t dropped;
};

/* Opens the camera as c->params says and fills c->info. */
cf_status cf_pair_camera_open(cf_pair_camera *c, const char *uri);

/* The thread of one camera; user: cf_pair_camera. */
void *cf_pair_camera_run(void *user);

/* Takes a frame of camera c into the pairing and hands over the pairs that are certain now. */
void cf_pair_take(cf_pair_camera *c, cf_frame *frame);

/* Gives a frame back that the pairing leaves alone. */
void cf_pair_drop(void *user, int camera, void *frame);

/* Ends the stream for a reason; from any thread, no lock held. The first reason counts. */
void cf_pair_fail(cf_pair_stream *s, cf_status why);

#endif
