/* SPDX-License-Identifier: Apache-2.0 */
/* Raw files as a camera: a thread reads ahead, frames come at their times or as fast as it goes. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/queue.h"
#include "capture/file_list.h"
#include "capture/raw.h"
#include "capture/source_backend.h"

#define AHEAD 4         /* frames read ahead */
#define MAX_WARNINGS 5  /* about single files */
#define POLL_NS 1000000 /* how often a full pool is looked at */
#define PATH_ROOM 4352

typedef struct {
    cf_file_list list;
    int loop, as_fast, is_color, width, height;
    cf_frame_pool *pool;
    cf_queue *ahead;
    pthread_t thread;
    int is_started;
    atomic_int is_stopped;
    atomic_int status; /* why the reader ended early */
    atomic_ulong given, lost;
    cf_frame *next; /* read, not yet due */
    int64_t due_ns; /* when; 0: before the first */
    int64_t last_t_ns;
} files;

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void sleep_ns(int64_t ns) {
    struct timespec t = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = ns % 1000000000};
    nanosleep(&t, NULL);
}

static cf_status read_raw(const files *s, const cf_recording_frame *item, cf_frame **out) {
    char path[PATH_ROOM];
    snprintf(path, sizeof path, "%s/%s", s->list.folder, item->file);
    return cf_raw_read(path, out);
}

/* --- the reader --- */

/* Takes over what was read, but keeps the pooled frame's memory. */
static void fill(cf_frame *frame, const cf_frame *raw, const cf_recording_frame *item) {
    for (int y = 0; y < raw->image.height; y++)
        memcpy(cf_image_row(&frame->image, 0, y), cf_image_row(&raw->image, 0, y),
               2 * (size_t)raw->image.width);
    frame->profile = raw->profile; /* of a raw file: without tables, so nothing is owned twice */
    memcpy(frame->maker, raw->maker, sizeof frame->maker);
    memcpy(frame->model, raw->model, sizeof frame->model);
    memcpy(frame->timestamp, raw->timestamp, sizeof frame->timestamp);
    frame->iso = raw->iso;
    frame->aperture = raw->aperture;
    frame->focal_mm = raw->focal_mm;
    frame->orientation = raw->orientation;
    frame->exposure_ns = item->exposure_ns ? item->exposure_ns : raw->exposure_ns;
    frame->gain = item->gain > 0 ? item->gain : raw->gain;
    if (item->mono_gain > 0)
        frame->profile.gain = (float)item->mono_gain;
    frame->sequence = item->sequence;
    frame->t_ns = item->t_ns;
    frame->t_ref = item->t_ref;
}

static cf_status check_same(const files *s, const cf_recording_frame *item, const cf_frame *raw) {
    if (raw->image.width == s->width && raw->image.height == s->height &&
        raw->profile.is_color == s->is_color)
        return CF_OK;
    cf_log_lower(CF_LOG_ERROR);
    return cf_fail(CF_ERR_FORMAT, "%s/%s: %s, %dx%d, but the first frame was %s, %dx%d",
                   s->list.folder, item->file, raw->profile.is_color ? "colour" : "mono",
                   raw->image.width, raw->image.height, s->is_color ? "colour" : "mono", s->width,
                   s->height);
}

/* A frame of the pool as soon as there is one; NULL when it is over. */
static cf_frame *wait_for_room(files *s) {
    for (;;) {
        cf_frame *frame = atomic_load(&s->is_stopped) ? NULL : cf_frame_pool_get(s->pool);
        if (frame || atomic_load(&s->is_stopped))
            return frame;
        sleep_ns(POLL_NS);
    }
}

/* Passes a frame on; another status than CF_OK ends it. */
static cf_status pass_on(files *s, const cf_frame *raw, const cf_recording_frame *item) {
    CF_TRY(check_same(s, item, raw));
    cf_frame *frame = wait_for_room(s);
    if (!frame)
        return CF_ERR_END;
    fill(frame, raw, item);
    cf_status status = cf_queue_push(s->ahead, frame, -1);
    if (status != CF_OK)
        cf_frame_unref(&frame);
    return status;
}

typedef struct {
    uint64_t sequence; /* of the last frame that could be read */
    uint64_t skipped;  /* files since then */
    int has_last, warnings;
} progress;

static void count_lost(files *s, progress *p, uint64_t sequence) {
    uint64_t gap = p->has_last && sequence > p->sequence ? sequence - p->sequence - 1 : 0;
    atomic_fetch_add(&s->lost, gap > p->skipped ? gap : p->skipped);
    p->sequence = sequence;
    p->has_last = 1;
    p->skipped = 0;
}

static void skip(const files *s, progress *p) {
    p->skipped++;
    if (++p->warnings != MAX_WARNINGS)
        return;
    cf_log(CF_LOG_WARNING, "%s: more frames that cannot be read are counted, not named",
           s->list.folder);
    cf_log_lower(CF_LOG_DEBUG);
}

static void *read_ahead(void *argument) {
    files *s = argument;
    progress p = {0};
    cf_status status = CF_OK;
    uint64_t n = 0;
    cf_log_lower(CF_LOG_WARNING);
    for (; status == CF_OK && !atomic_load(&s->is_stopped); n++) {
        cf_recording_frame item = cf_file_list_at(&s->list, n);
        cf_frame *raw;
        if ((!s->loop && n >= s->list.count) || p.skipped >= s->list.count)
            break;
        cf_status got = read_raw(s, &item, &raw);
        if (got == CF_OK) {
            count_lost(s, &p, item.sequence);
            status = pass_on(s, raw, &item);
            cf_frame_unref(&raw);
        } else if (got == CF_ERR_MEMORY)
            status = got;
        else
            skip(s, &p);
    }
    atomic_fetch_add(&s->lost, p.skipped);
    if (status != CF_OK && status != CF_ERR_END)
        atomic_store(&s->status, (int)status);
    cf_queue_close(s->ahead);
    return NULL;
}

/* --- the backend --- */

static cf_status check_wishes(const char *path, const cf_source_params *p, const cf_frame *first) {
    if ((p->kind == CF_CAMERA_MONO && first->profile.is_color) ||
        (p->kind == CF_CAMERA_COLOR && !first->profile.is_color))
        return cf_fail(CF_ERR_UNSUPPORTED,
                       "%s: raws of a %s camera where a %s one is wanted; exchange them?", path,
                       first->profile.is_color ? "colour" : "mono",
                       first->profile.is_color ? "mono" : "colour");
    if (p->width && (p->width != first->image.width || p->height != first->image.height))
        return cf_fail(CF_ERR_UNSUPPORTED, "%s: has pictures of %dx%d, not %dx%d", path,
                       first->image.width, first->image.height, p->width, p->height);
    if (p->format && strcmp(p->format, "DNG") != 0)
        return cf_fail(CF_ERR_UNSUPPORTED, "%s: files have one format, DNG, not %s", path,
                       p->format);
    return CF_OK;
}

/* The first frame that can be read tells what all are like. */
static cf_status read_first(const char *path, const files *s, cf_frame **out) {
    cf_status status = CF_ERR_IO;
    cf_log_lower(CF_LOG_WARNING);
    for (size_t i = 0; i < s->list.count && status != CF_OK && status != CF_ERR_MEMORY; i++) {
        if (i == MAX_WARNINGS)
            cf_log_lower(CF_LOG_DEBUG);
        status = read_raw(s, &s->list.frames[i], out);
    }
    cf_log_lower(CF_LOG_ERROR);
    if (status == CF_OK || status == CF_ERR_MEMORY)
        return status;
    return cf_fail(status, "%s: no frame of it can be read", path);
}

static cf_status set_up(const char *path, const cf_source_params *p, files *s,
                        cf_source_info *info) {
    cf_frame *first;
    CF_TRY(cf_file_list_open(path, p->kind, p->fps, &s->list));
    CF_TRY(read_first(path, s, &first));
    cf_status status = check_wishes(path, p, first);
    s->width = info->width = first->image.width;
    s->height = info->height = first->image.height;
    s->is_color = first->profile.is_color;
    info->profile = first->profile; /* without tables */
    snprintf(info->name, sizeof info->name, "%.100s", first->model[0] ? first->model : path);
    cf_frame_unref(&first);
    CF_TRY(status);
    snprintf(info->format, sizeof info->format, "DNG");
    info->layout = CF_RAW_CODES;
    info->fps = 1e9 / (double)s->list.period_ns;
    int ahead = p->frames - 1 < AHEAD ? p->frames - 1 : AHEAD;
    CF_TRY(cf_queue_create(ahead, &s->ahead));
    return cf_frame_pool_create(s->width, s->height, CF_RAW_CODES, p->frames, &s->pool);
}

static void close_files(void *state) {
    files *s = state;
    void *item;
    atomic_store(&s->is_stopped, 1);
    if (s->is_started) {
        cf_queue_close(s->ahead);
        pthread_join(s->thread, NULL);
        while (cf_queue_pop(s->ahead, 0, &item) == CF_OK) {
            cf_frame *frame = item;
            cf_frame_unref(&frame);
        }
    }
    cf_frame_unref(&s->next);
    cf_queue_destroy(&s->ahead);
    cf_frame_pool_destroy(&s->pool);
    cf_file_list_clear(&s->list);
    cf_free(s);
}

static cf_status open_files(const char *path, const cf_source_params *params, cf_source_info *info,
                            void **state) {
    files *s = cf_alloc(1, sizeof *s);
    if (!s)
        return CF_ERR_MEMORY;
    s->loop = params->loop;
    s->as_fast = params->as_fast;
    cf_status status = set_up(path, params, s, info);
    if (status != CF_OK) {
        close_files(s);
        return status;
    }
    *state = s;
    return CF_OK;
}

static cf_status start_files(void *state) {
    files *s = state;
    if (s->is_started)
        return CF_OK;
    int error = pthread_create(&s->thread, NULL, read_ahead, s);
    if (error)
        return cf_fail(CF_ERR_MEMORY, "%s: no thread: %s", s->list.folder, strerror(error));
    s->is_started = 1;
    return CF_OK;
}

/* Waits until the next frame is due, at most until the deadline. */
static cf_status wait_until_due(files *s, int64_t deadline) {
    if (!s->due_ns)
        s->due_ns = now_ns();
    else if (s->last_t_ns != s->next->t_ns) {
        int64_t gap = s->next->t_ns - s->last_t_ns;
        s->due_ns += gap > 0 ? gap : 0;
    }
    s->last_t_ns = s->next->t_ns;
    int64_t until = s->due_ns < deadline ? s->due_ns : deadline;
    int64_t wait = until - now_ns();
    if (wait > 0)
        sleep_ns(wait);
    return s->due_ns <= deadline ? CF_OK : CF_ERR_TIMEOUT;
}

static cf_status next_file(void *state, int timeout_ms, cf_frame **out) {
    files *s = state;
    int64_t deadline = now_ns() + (int64_t)timeout_ms * 1000000;
    if (!s->next) {
        void *item;
        cf_status status = cf_queue_pop(s->ahead, timeout_ms, &item);
        if (status == CF_ERR_END && atomic_load(&s->status) != CF_OK)
            return (cf_status)atomic_load(&s->status);
        CF_TRY(status);
        s->next = item;
    }
    if (!s->as_fast)
        CF_TRY(wait_until_due(s, deadline));
    *out = s->next;
    s->next = NULL;
    atomic_fetch_add(&s->given, 1);
    return CF_OK;
}

static void tell_statistics(const void *state, cf_source_stats *out) {
    const files *s = state;
    out->frames = atomic_load(&s->given);
    out->lost = atomic_load(&s->lost);
}

const cf_source_backend cf_source_backend_file = {
    .scheme = "file",
    .summary = "file:PATH: a camera's folder of a recording, a folder of raws, one raw",
    .open = open_files,
    .start = start_files,
    .next = next_file,
    .statistics = tell_statistics,
    .close = close_files,
};
