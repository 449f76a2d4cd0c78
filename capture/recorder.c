/* SPDX-License-Identifier: Apache-2.0 */
/* One thread that writes pairs, in their order. */
#include "capture/recorder.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/queue.h"
#include "capture/internal.h"
#include "capture/recorder_folder.h"

#define MAX_ROOM 64
#define FILE_HEADER 4096 /* bytes of a DNG beside its pixels, about */

typedef struct {
    cf_frame *frame[2];
} slot;

struct cf_recorder {
    char *path;
    cf_recorder_folder folder;
    uint64_t keep_free;
    slot slots[MAX_ROOM];
    cf_queue *idle, *waiting; /* of slots */
    pthread_t thread;
    cf_memory_file file; /* the writer's */
    atomic_int status;   /* the writer's first failure */
    pthread_mutex_t lock;
    cf_recorder_stats stats; /* under lock */
    double busy_s;           /* under lock */
};

/* --- the writer --- */

static void path_of(const cf_recorder *r, int camera, char out[CF_RECORDER_PATH]) {
    char name[64];
    cf_recorder_file_name(camera, r->folder.next, name, sizeof name);
    snprintf(out, CF_RECORDER_PATH, "%s/%s", r->path, name);
}

static cf_status check_space(const cf_recorder *r, cf_frame *const pair[2]) {
    struct statvfs disk;
    uint64_t need = r->keep_free;
    for (int i = 0; i < 2; i++)
        need +=
            2 * (uint64_t)pair[i]->profile.width * (uint64_t)pair[i]->profile.height + FILE_HEADER;
    if (statvfs(r->path, &disk))
        return cf_fail(CF_ERR_IO, "%s: %s", r->path, strerror(errno));
    uint64_t left = (uint64_t)disk.f_bavail * disk.f_frsize;
    if (left >= need)
        return CF_OK;
    return cf_fail(CF_ERR_IO,
                   "%s: the disk is full (%.0f MB left, %.0f MB are kept free); recording ended "
                   "after pair %llu",
                   r->path, (double)left / 1e6, (double)r->keep_free / 1e6,
                   (unsigned long long)r->folder.next);
}

static uint64_t size_of(const char *path) {
    struct stat info;
    return stat(path, &info) ? 0 : (uint64_t)info.st_size;
}

/* 0 or an errno. */
static int write_all(int file, const char *bytes, size_t length) {
    while (length) {
        ssize_t written = write(file, bytes, length);
        if (written < 0 && errno != EINTR)
            return errno;
        if (!written)
            return ENOSPC;
        bytes += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
    return 0;
}

/* Both lines or none. */
static cf_status append_lines(cf_recorder *r, cf_frame *const pair[2]) {
    char lines[2 * CF_RECORDING_LINE];
    size_t length = 0;
    for (int i = 0; i < 2; i++) {
        cf_recording_frame line = {.camera = i,
                                   .index = r->folder.next,
                                   .sequence = pair[i]->sequence,
                                   .t_ns = pair[i]->t_ns,
                                   .t_ref = pair[i]->t_ref,
                                   .exposure_ns = pair[i]->exposure_ns,
                                   .gain = pair[i]->gain};
        if (!i && pair[i]->profile.gain != 1) /* told by who set the exposures */
            line.mono_gain = (double)pair[i]->profile.gain;
        cf_recorder_file_name(i, r->folder.next, line.file, sizeof line.file);
        length += cf_recording_line_write(&line, lines + length);
    }
    int why = write_all(r->folder.log, lines, length);
    if (!why) {
        r->folder.log_bytes += (int64_t)length;
        return CF_OK;
    }
    if (ftruncate(r->folder.log, r->folder.log_bytes))
        cf_log(CF_LOG_DEBUG, "%s: the log ends in a piece of a line", r->path);
    return cf_fail(CF_ERR_IO, "%s/" CF_RECORDING_LOG ": cannot write: %s", r->path, strerror(why));
}

/* A pair that could not be written leaves no file behind. */
static cf_status write_pair(cf_recorder *r, cf_frame *const pair[2], uint64_t *bytes) {
    char path[2][CF_RECORDER_PATH];
    int written = 0;
    cf_status status = check_space(r, pair);
    *bytes = 0;
    for (; written < 2 && status == CF_OK; written += status == CF_OK) {
        path_of(r, written, path[written]);
        status = cf_dng_write_through(path[written], pair[written], &r->file);
    }
    if (status == CF_OK)
        status = append_lines(r, pair);
    for (int i = 0; i < written; i++) {
        if (status != CF_OK)
            unlink(path[i]);
        else
            *bytes += size_of(path[i]);
    }
    r->folder.next += status == CF_OK;
    return status;
}

static void put_back(cf_recorder *r, slot *s) {
    cf_frame_unref(&s->frame[0]);
    cf_frame_unref(&s->frame[1]);
    cf_queue_push(r->idle, s, 0); /* has room for all */
}

/* Processor time of the calling thread. */
static double cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void *write_pairs(void *argument) {
    cf_recorder *r = argument;
    void *item;
    while (cf_queue_pop(r->waiting, -1, &item) == CF_OK) {
        slot *s = item;
        uint64_t bytes = 0;
        double start = cf_clock_seconds();
        cf_status status = (cf_status)atomic_load(&r->status);
        if (status == CF_OK) {
            status = write_pair(r, s->frame, &bytes);
            atomic_store(&r->status, (int)status);
        }
        put_back(r, s);
        pthread_mutex_lock(&r->lock);
        r->busy_s += cf_clock_seconds() - start;
        r->stats.cpu_s = cpu_seconds();
        r->stats.written += status == CF_OK;
        r->stats.dropped += status != CF_OK;
        r->stats.bytes += bytes;
        pthread_mutex_unlock(&r->lock);
    }
    return NULL;
}

/* --- outside --- */

static cf_status make_queues(cf_recorder *r, int room) {
    CF_TRY(cf_queue_create(room, &r->idle));
    CF_TRY(cf_queue_create(room, &r->waiting));
    for (int i = 0; i < room; i++)
        CF_TRY(cf_queue_push(r->idle, &r->slots[i], 0));
    return CF_OK;
}

static void free_recorder(cf_recorder *r) {
    cf_queue_destroy(&r->idle);
    cf_queue_destroy(&r->waiting);
    cf_memory_file_clear(&r->file);
    pthread_mutex_destroy(&r->lock);
    cf_free(r->path);
    cf_free(r);
}

static cf_status start(const cf_recorder_params *params, cf_recorder *r) {
    r->path = cf_strdup(params->folder);
    if (!r->path)
        return CF_ERR_MEMORY;
    CF_TRY(make_queues(r, params->room));
    CF_TRY(cf_recorder_folder_open(r->path, params->resume, &r->folder));
    int error = pthread_create(&r->thread, NULL, write_pairs, r);
    if (!error)
        return CF_OK;
    cf_recorder_folder_close(&r->folder);
    return cf_fail(CF_ERR_MEMORY, "recorder: no thread: %s", strerror(error));
}

cf_status cf_recorder_open(const cf_recorder_params *params, cf_recorder **out) {
    *out = NULL;
    if (!params || !params->folder || params->room < 1 || params->room > MAX_ROOM)
        return cf_fail(CF_ERR_INVALID, "recorder: needs a folder and room for 1 to %d pairs",
                       MAX_ROOM);
    cf_recorder *r = cf_alloc(1, sizeof *r);
    if (!r)
        return CF_ERR_MEMORY;
    pthread_mutex_init(&r->lock, NULL);
    r->keep_free = params->keep_free;
    cf_status status = start(params, r);
    if (status != CF_OK) {
        free_recorder(r);
        return status;
    }
    *out = r;
    return CF_OK;
}

cf_status cf_recorder_push(cf_recorder *r, cf_frame *pair[2], int wait) {
    void *item = NULL;
    cf_status status = (cf_status)atomic_load(&r->status);
    if (status == CF_OK)
        status = cf_queue_pop(r->idle, wait ? -1 : 0, &item);
    if (status != CF_OK) {
        cf_frame_unref(&pair[0]);
        cf_frame_unref(&pair[1]);
        pthread_mutex_lock(&r->lock);
        r->stats.dropped++;
        pthread_mutex_unlock(&r->lock);
        return status;
    }
    slot *s = item;
    for (int i = 0; i < 2; i++) {
        s->frame[i] = pair[i];
        pair[i] = NULL;
    }
    return cf_queue_push(r->waiting, s, 0);
}

cf_recorder_stats cf_recorder_statistics(cf_recorder *r) {
    pthread_mutex_lock(&r->lock);
    cf_recorder_stats stats = r->stats;
    double busy = r->busy_s;
    pthread_mutex_unlock(&r->lock);
    stats.waiting = cf_queue_count(r->waiting);
    stats.write_mb_s = busy > 0 ? (double)stats.bytes / 1e6 / busy : 0;
    return stats;
}

cf_status cf_recorder_close(cf_recorder **handle, cf_recorder_stats *last) {
    if (last)
        *last = (cf_recorder_stats){0};
    if (!handle || !*handle)
        return CF_OK;
    cf_recorder *r = *handle;
    *handle = NULL;
    cf_queue_close(r->waiting);
    pthread_join(r->thread, NULL);
    cf_status status = (cf_status)atomic_load(&r->status);
    if (last)
        *last = cf_recorder_statistics(r);
    cf_recorder_folder_close(&r->folder);
    free_recorder(r);
    return status;
}
