/* SPDX-License-Identifier: Apache-2.0 */
/* The frame loop of `live`: while a pair is on the device, the picture before it is shown. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cl/ticket.h"
#include "tools/live_job.h"

#define WAIT_MS 100
#define WATCH_S 1
#define NONE (-1)

/* A pair on its way to a picture. Everything it needs is made before the first. */
typedef struct {
    cf_frame *pair[2]; /* held until the device has read them */
    cf_image output;   /* as the fusion gives it */
    cf_image picture;  /* as the sink takes it; the same memory where that is the same */
    cf_image shares;   /* rows of the provenance, in a frame before a line is due */
    int has_shares;
    cf_ticket ticket;
    double taken; /* seconds of cf_clock_seconds */
} job;

typedef struct {
    cf_live *live;
    job jobs[2];
    int latest; /* index of the job that was shown last, or NONE */
} loop;

static cf_status make_job(const cf_live *live, job *j) {
    cf_image shape;
    CF_TRY(cf_fuse_describe(live->fuse, live->options->view, &shape));
    CF_TRY(cf_image_alloc(shape.width, shape.height, 1, shape.format, &j->output));
    j->picture = j->output;
    if (shape.format != CF_PIXEL_RGB8)
        CF_TRY(cf_image_alloc(shape.width, shape.height, 1, CF_PIXEL_RGB8, &j->picture));
    CF_TRY(cf_fuse_describe(live->fuse, CF_FUSE_PROVENANCE, &shape));
    return cf_image_alloc(shape.width, (shape.height + CF_LIVE_ROWS - 1) / CF_LIVE_ROWS, 1,
                          CF_PIXEL_RGB8, &j->shares);
}

static void free_job(job *j) {
    if (j->picture.data != j->output.data)
        cf_image_free(&j->picture);
    cf_image_free(&j->output);
    cf_image_free(&j->shares);
    cf_frame_unref(&j->pair[0]);
    cf_frame_unref(&j->pair[1]);
}

/* Queues everything about a pair; nothing is waited for. */
static cf_status submit(cf_live *live, job *j, cf_frame *pair[2]) {
    j->taken = cf_clock_seconds();
    j->has_shares = cf_live_stats_due(&live->stats);
    live->stats.is_coming |= j->has_shares;
    memcpy(j->pair, pair, sizeof j->pair);
    cf_pair_watch_exposure(&live->watch, j->pair);
    pair[0] = pair[1] = NULL;
    CF_TRY(cf_live_cameras_look(live->cameras, j->pair));
    CF_TRY(cf_fuse_update(live->fuse, &live->cameras->now[0], &live->cameras->now[1]));
    CF_TRY(cf_fuse_queue(live->fuse, &j->pair[0]->image, &j->pair[1]->image));
    CF_TRY(cf_fuse_queue_read(live->fuse, live->options->view, 1, &j->output));
    if (j->has_shares)
        CF_TRY(cf_fuse_queue_read(live->fuse, CF_FUSE_PROVENANCE, CF_LIVE_ROWS, &j->shares));
    return cf_ticket_take(live->cl, &j->ticket);
}

/* Grey to three equal channels, where the sink needs them. */
static void finish_picture(job *j) {
    if (j->output.format != CF_PIXEL_U8)
        return;
    for (int y = 0; y < j->output.height; y++) {
        const unsigned char *from = cf_image_row(&j->output, 0, y);
        unsigned char *to = cf_image_row(&j->picture, 0, y);
        for (int x = 0; x < j->output.width; x++)
            to[3 * x] = to[3 * x + 1] = to[3 * x + 2] = from[x];
    }
}

/* The middle of the mono frame's exposure; 0 unknown. */
static int64_t middle(const cf_frame *frame) {
    int64_t half = frame->exposure_ns / 2;
    if (!frame->t_ns || frame->t_ref == CF_TIME_MID)
        return frame->t_ns;
    return frame->t_ref == CF_TIME_START ? frame->t_ns + half : frame->t_ns - half;
}

/* Of cameras since the exposure's middle; where time stamps are from another day, since the pair
 * was taken up. */
static double latency_ms(const cf_live *live, const job *j) {
    int is_live = cf_pair_stream_camera(live->stream, 0)->is_live;
    double now = cf_clock_seconds(), t = (double)middle(j->pair[0]) * 1e-9;
    return 1e3 * (now - (is_live && t > 0 ? t : j->taken));
}

static cf_status show(cf_live *live, job *j) {
    finish_picture(j);
    CF_TRY(cf_sink_write(live->sink, &j->picture, middle(j->pair[0])));
    cf_live_stats_add(&live->stats, j->pair, latency_ms(live, j));
    if (j->has_shares) {
        cf_live_stats_shares(&live->stats, &j->shares);
        cf_live_stats_print(&live->stats, live->stream, live->cl, 0);
    }
    return CF_OK;
}

/* Now and then: are the cameras there, and in step? */
static cf_status watch(cf_live *live) {
    cf_pair_stream_stats stats;
    double now = cf_clock_seconds();
    if (now - live->watched < WATCH_S)
        return CF_OK;
    live->watched = now;
    cf_pair_stream_statistics(live->stream, &stats);
    return cf_pair_watch_update(&live->watch, &stats, now);
}

/* CF_ERR_END: enough was shown, or the recording is over; CF_ERR_CANCELLED: told to stop. */
static cf_status next_pair(cf_live *live, int has_picture, cf_frame *pair[2]) {
    const cf_live_options *o = live->options;
    if (cf_cli_interrupted())
        return CF_ERR_CANCELLED;
    if ((o->frames && (long)live->stats.shown + has_picture >= o->frames) ||
        (o->seconds > 0 && cf_clock_seconds() - live->stats.start >= o->seconds))
        return CF_ERR_END;
    CF_TRY(watch(live));
    return cf_pair_stream_next(live->stream, has_picture ? 0 : WAIT_MS, pair);
}

/* Nothing came for a while: a window wants to be looked after all the same, and a line is due. */
static cf_status idle(loop *l) {
    cf_live *live = l->live;
    if (cf_live_stats_due(&live->stats))
        cf_live_stats_print(&live->stats, live->stream, live->cl, 0);
    if (l->latest == NONE || cf_sink_keeps_all(live->sink))
        return CF_OK;
    return cf_sink_write(live->sink, &l->jobs[l->latest].picture, 0);
}

/* Shows a job that is done and lets go of its frames. */
static cf_status finish(loop *l, int index) {
    job *j = &l->jobs[index];
    cf_status status = show(l->live, j);
    cf_frame_unref(&j->pair[0]);
    cf_frame_unref(&j->pair[1]);
    l->latest = index;
    return status;
}

/*
 * Each turn waits for the pair on the device, sends the freshest one after it, and only then shows
 * the picture: showing costs the device nothing, and no pair grows old in a queue.
 */
static cf_status run(loop *l, cf_frame *first[2]) {
    cf_live *live = l->live;
    cf_frame *pair[2] = {NULL, NULL};
    int working = NONE;
    cf_status status;
    if (first[0]) {
        CF_TRY(submit(live, &l->jobs[0], first));
        working = 0;
    }
    do {
        int done = working;
        working = NONE;
        if (done != NONE)
            CF_TRY(cf_ticket_wait(live->cl, &l->jobs[done].ticket));
        status = next_pair(live, done != NONE, pair);
        if (status == CF_OK) {
            working = done == 0;
            CF_TRY(submit(live, &l->jobs[working], pair));
        }
        if (done != NONE)
            CF_TRY(finish(l, done));
        else if (status == CF_ERR_TIMEOUT)
            CF_TRY(idle(l));
    } while (status == CF_OK || status == CF_ERR_TIMEOUT);
    return status == CF_ERR_END ? CF_OK : status;
}

cf_status cf_live_loop(cf_live *live, cf_frame *first[2]) {
    loop l = {.live = live, .latest = NONE};
    cf_status status = CF_OK;
    live->stats.start = live->stats.last = cf_clock_seconds();
    for (int i = 0; i < 2 && status == CF_OK; i++)
        status = make_job(live, &l.jobs[i]);
    if (status == CF_OK)
        status = run(&l, first);
    (void)cf_cl_finish(live->cl); /* nothing may still read from or write to a job */
    for (int i = 0; i < 2; i++) {
        (void)cf_ticket_wait(live->cl, &l.jobs[i].ticket);
        free_job(&l.jobs[i]);
    }
    return status;
}
