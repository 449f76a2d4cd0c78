/* SPDX-License-Identifier: Apache-2.0 */
/* Files of a camera and their times. */
#include "capture/file_list.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/log.h"

#define DEFAULT_FPS 30.0
#define MIN_FPS 1e-3
#define MAX_EXPOSURE_NS ((int64_t)3600 * 1000000000) /* no exposure is that long */
#define PAUSE_NS 500000000 /* what is longer, and longer than so many frames, is a pause */
#define PAUSE_FRAMES 10
#define MAX_STEPS 1024 /* looked at for the frame duration */
#define MAX_TIME_NS ((int64_t)1 << 61)

static int is_folder(const char *path) {
    struct stat info;
    return !stat(path, &info) && S_ISDIR(info.st_mode);
}

/* Whether folder/name is there. */
static int has(const char *folder, const char *name) {
    char path[PATH_MAX + 64];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return !stat(path, &info);
}

/* --- times --- */

static int64_t middle_of(const cf_recording_frame *f) {
    int64_t half = f->exposure_ns / 2;
    int is_sane = f->exposure_ns < MAX_EXPOSURE_NS && f->t_ns > half;
    if (!is_sane || f->t_ref == CF_TIME_MID)
        return f->t_ns;
    return f->t_ref == CF_TIME_START ? f->t_ns + half : f->t_ns - half;
}

/* All times in the middle of the exposure; 0: they are no times. */
static int take_middles(cf_recording_camera *camera) {
    for (size_t i = 0; i < camera->count; i++) {
        cf_recording_frame *f = &camera->frames[i];
        if (f->t_ns <= 0 || f->t_ns >= MAX_TIME_NS)
            return 0;
        f->t_ns = middle_of(f);
        f->t_ref = f->exposure_ns ? CF_TIME_MID : f->t_ref;
    }
    return 1;
}

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Median frame duration; 0 unknown. */
static int64_t period_of(const cf_recording_camera *camera) {
    int64_t steps[MAX_STEPS];
    size_t count = 0, stride = camera->count / MAX_STEPS + 1;
    for (size_t i = 1; i < camera->count; i += stride) {
        const cf_recording_frame *f = &camera->frames[i];
        int64_t step = (f->t_ns - f[-1].t_ns) / (int64_t)(f->index - f[-1].index);
        if (step > 0)
            steps[count++] = step;
    }
    if (!count)
        return 0;
    qsort(steps, count, sizeof *steps, by_size);
    return steps[count / 2];
}

/* The camera whose frame at[] comes next by index, -1 at the end. */
static int next_camera(const cf_recording_camera camera[2], const size_t at[2]) {
    int has[2] = {at[0] < camera[0].count, at[1] < camera[1].count};
    if (!has[0] || !has[1])
        return has[0] ? 0 : has[1] ? 1 : -1;
    return camera[0].frames[at[0]].index > camera[1].frames[at[1]].index;
}

/*
 * Takes pauses out and joins times that begin anew (a recording that was resumed later, or after
 * the machine was started again): from there on both cameras' frames are shifted alike, and their
 * counts go on. Returns how long all of it lasts.
 */
static int64_t take_out_pauses(cf_recording_camera camera[2], int64_t period) {
    size_t at[2] = {0, 0};
    int64_t pause = period > PAUSE_NS / PAUSE_FRAMES ? PAUSE_FRAMES * period : PAUSE_NS;
    int64_t shift = 0, last = 0, first = 0;
    uint64_t count_shift[2] = {0, 0};
    int pauses = 0, seen[2] = {0, 0};
    for (int i = next_camera(camera, at); i >= 0; i = next_camera(camera, at)) {
        cf_recording_frame *f = &camera[i].frames[at[i]++];
        int64_t step = f->t_ns + shift - last;
        if (last && (step > pause || step < -pause)) {
            shift += period - step;
            pauses++;
        }
        if (seen[i] != pauses && at[i] > 1)
            count_shift[i] = f[-1].sequence + 1 - f->sequence;
        seen[i] = pauses;
        f->sequence += count_shift[i];
        f->t_ns += shift;
        last = f->t_ns;
        first = first ? first : last;
    }
    return last - first + period;
}

/* Times by number, the same for both cameras of a recording. Returns how long all of it lasts. */
static int64_t invent_times(cf_recording_camera camera[2], int64_t period) {
    uint64_t lowest = UINT64_MAX, highest = 0;
    for (int i = 0; i < 2; i++)
        if (camera[i].count) {
            uint64_t first = camera[i].frames[0].index;
            uint64_t last = camera[i].frames[camera[i].count - 1].index;
            lowest = first < lowest ? first : lowest;
            highest = last > highest ? last : highest;
        }
    int by_index = highest - lowest < (uint64_t)(MAX_TIME_NS / period); /* a log may say anything */
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < camera[i].count; k++) {
            cf_recording_frame *f = &camera[i].frames[k];
            f->t_ns = (int64_t)(by_index ? f->index - lowest + 1 : k + 1) * period;
            f->t_ref = CF_TIME_MID;
        }
    return by_index ? (int64_t)(highest - lowest + 1) * period
                    : (int64_t)(camera[0].count + camera[1].count) * period;
}

/* Takes over one camera's frames. */
static void set_times(cf_recording_camera camera[2], int which, int has_times, double fps,
                      cf_file_list *out) {
    int is_known = has_times && take_middles(&camera[0]) && take_middles(&camera[1]);
    int64_t period = is_known ? period_of(&camera[0]) : 0;
    if (is_known && !period)
        period = period_of(&camera[1]);
    is_known = period > 0 && period < MAX_TIME_NS / PAUSE_FRAMES;
    out->period_ns = is_known ? period : llround(1e9 / (fps > MIN_FPS ? fps : DEFAULT_FPS));
    out->span_ns =
        is_known ? take_out_pauses(camera, period) : invent_times(camera, out->period_ns);
    out->frames = camera[which].frames;
    out->count = camera[which].count;
    camera[which] = (cf_recording_camera){0};
    if (!out->count)
        return;
    uint64_t first = out->frames[0].sequence, last = out->frames[out->count - 1].sequence;
    out->span_sequence = last >= first ? last - first + 1 : out->count;
}

/* --- what a path stands for --- */

static cf_status open_recording(const char *folder, int camera, double fps, cf_file_list *out) {
    cf_recording *r;
    CF_TRY(cf_recording_open(folder, &r));
    set_times(r->camera, camera, r->has_log, fps, out);
    cf_recording_close(&r);
    if (!out->count)
        return cf_fail(CF_ERR_IO, "%s: the log has no frame of the %s camera", folder,
                       cf_recording_cameras[camera]);
    out->folder = cf_strdup(folder);
    return out->folder ? CF_OK : CF_ERR_MEMORY;
}

static cf_status open_folder(const char *folder, double fps, cf_file_list *out) {
    cf_recording_camera files[2] = {0};
    CF_TRY(cf_recording_list_folder(folder, &files[0]));
    set_times(files, 0, 0, fps, out);
    out->folder = cf_strdup(folder);
    return out->folder ? CF_OK : CF_ERR_MEMORY;
}

static cf_status open_one(const char *path, double fps, cf_file_list *out) {
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    if (strlen(name) >= sizeof out->frames->file)
        return cf_fail(CF_ERR_INVALID, "%s: too long a name", path);
    cf_recording_camera file[2] = {{cf_alloc(1, sizeof *file->frames), 1}};
    out->folder = cf_strdup(slash ? path : ".");
    if (!file->frames || !out->folder) {
        cf_free(file->frames);
        return CF_ERR_MEMORY;
    }
    memcpy(file->frames->file, name, strlen(name) + 1);
    set_times(file, 0, 0, fps, out);
    if (slash)
        out->folder[slash == path ? 1 : slash - path] = '\0';
    return CF_OK;
}

/* The camera whose folder of a recording `full` is, and the recording's folder in full; or -1. */
static int camera_of(char *full) {
    char *slash = strrchr(full, '/');
    for (int i = 0; slash && slash > full && i < 2; i++)
        if (!strcmp(slash + 1, cf_recording_cameras[i])) {
            *slash = '\0';
            if (has(full, CF_RECORDING_LOG))
                return i;
            *slash = '/';
        }
    return -1;
}

static cf_status open_path(const char *path, cf_camera_kind kind, double fps, cf_file_list *out) {
    char full[PATH_MAX];
    if (!realpath(path, full))
        return cf_fail(CF_ERR_IO, "%s: %s", path, strerror(errno));
    if (!is_folder(full))
        return open_one(path, fps, out);
    int camera = camera_of(full);
    if (camera >= 0)
        return open_recording(full, camera, fps, out);
    int is_whole = has(full, CF_RECORDING_LOG) || (has(full, "mono") && has(full, "color"));
    if (is_whole && kind == CF_CAMERA_ANY)
        return cf_fail(CF_ERR_INVALID,
                       "%s: is a recording of two cameras; give %s/mono or %s/color", path, path,
                       path);
    if (is_whole)
        return open_recording(full, kind == CF_CAMERA_COLOR, fps, out);
    return open_folder(path, fps, out);
}

cf_status cf_file_list_open(const char *path, cf_camera_kind kind, double fps, cf_file_list *out) {
    *out = (cf_file_list){0};
    cf_status status = open_path(path, kind, fps, out);
    if (status != CF_OK)
        cf_file_list_clear(out);
    return status;
}

void cf_file_list_clear(cf_file_list *list) {
    cf_free(list->folder);
    cf_free(list->frames);
    *list = (cf_file_list){0};
}

cf_recording_frame cf_file_list_at(const cf_file_list *list, uint64_t n) {
    cf_recording_frame f = list->frames[n % list->count];
    uint64_t round = n / list->count;
    f.t_ns += (int64_t)round * list->span_ns;
    f.sequence += round * list->span_sequence;
    return f;
}
