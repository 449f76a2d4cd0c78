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
#define MAX_SPAN_NS ((int64_t)30 * 24 * 3600 * 1000000000) /* times farther apart are no times */
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
    int is_sane = f->exposure_ns < MAX_SPAN_NS && f->t_ns > half && f->t_ns < MAX_TIME_NS;
    if (!is_sane || f->t_ref == CF_TIME_MID)
        return f->t_ns;
    return f->t_ref == CF_TIME_START ? f->t_ns + half : f->t_ns - half;
}

typedef struct {
    int64_t first, last;      /* times */
    uint64_t lowest, highest; /* indices */
    int is_known;
} extent;

/* Takes a camera's times in; both cameras of a recording share one time line. */
static void widen(const cf_recording_camera *camera, extent *e) {
    for (size_t i = 0; i < camera->count; i++) {
        const cf_recording_frame *f = &camera->frames[i];
        int64_t t = middle_of(f);
        e->is_known = e->is_known && t > 0 && t < MAX_TIME_NS;
        e->first = t < e->first ? t : e->first;
        e->last = t > e->last ? t : e->last;
        e->lowest = f->index < e->lowest ? f->index : e->lowest;
        e->highest = f->index > e->highest ? f->index : e->highest;
    }
}

/* Mean frame duration; 0 unknown. */
static int64_t period_of(const cf_recording_camera *camera) {
    if (camera->count < 2)
        return 0;
    const cf_recording_frame *first = camera->frames, *last = first + camera->count - 1;
    int64_t span = middle_of(last) - middle_of(first);
    return span > 0 ? span / (int64_t)(last->index - first->index) : 0;
}

/* period 0: unknown. */
static void set_times(cf_file_list *list, const extent *e, int64_t period, double fps) {
    uint64_t steps = e->highest - e->lowest;
    int is_known = e->is_known && e->last - e->first < MAX_SPAN_NS && period > 0;
    list->period_ns = is_known ? period : llround(1e9 / (fps > MIN_FPS ? fps : DEFAULT_FPS));
    int by_index = steps < (uint64_t)(MAX_TIME_NS / list->period_ns); /* a log may say anything */
    int64_t count = by_index ? (int64_t)steps + 1 : (int64_t)list->count;
    list->span_ns = is_known ? e->last - e->first + list->period_ns : count * list->period_ns;
    for (size_t i = 0; i < list->count; i++) {
        cf_recording_frame *f = &list->frames[i];
        int64_t number = by_index ? (int64_t)(f->index - e->lowest) : (int64_t)i;
        f->t_ns = is_known ? middle_of(f) : (number + 1) * list->period_ns;
        if (f->exposure_ns || !is_known)
            f->t_ref = CF_TIME_MID;
    }
    uint64_t first = list->frames[0].sequence, last = list->frames[list->count - 1].sequence;
    list->span_sequence = last >= first ? last - first + 1 : list->count;
}

/* --- what a path stands for --- */

static cf_status open_recording(const char *folder, int camera, double fps, cf_file_list *out) {
    cf_recording *r;
    CF_TRY(cf_recording_open(folder, &r));
    extent e = {.first = INT64_MAX, .lowest = UINT64_MAX, .is_known = r->has_log};
    widen(&r->camera[0], &e);
    widen(&r->camera[1], &e);
    int64_t period = period_of(&r->camera[0]);
    if (!period)
        period = period_of(&r->camera[1]);
    out->frames = r->camera[camera].frames;
    out->count = r->camera[camera].count;
    r->camera[camera] = (cf_recording_camera){0};
    cf_recording_close(&r);
    if (!out->count)
        return cf_fail(CF_ERR_IO, "%s: the log has no frame of the %s camera", folder,
                       cf_recording_cameras[camera]);
    out->folder = cf_strdup(folder);
    set_times(out, &e, period, fps);
    return out->folder ? CF_OK : CF_ERR_MEMORY;
}

static cf_status open_folder(const char *folder, double fps, cf_file_list *out) {
    cf_recording_camera files;
    CF_TRY(cf_recording_list_folder(folder, &files));
    extent e = {.lowest = 0, .highest = files.count - 1};
    out->frames = files.frames;
    out->count = files.count;
    out->folder = cf_strdup(folder);
    set_times(out, &e, 0, fps);
    return out->folder ? CF_OK : CF_ERR_MEMORY;
}

static cf_status open_one(const char *path, double fps, cf_file_list *out) {
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const extent e = {0};
    if (strlen(name) >= sizeof out->frames->file)
        return cf_fail(CF_ERR_INVALID, "%s: too long a name", path);
    out->frames = cf_alloc(1, sizeof *out->frames);
    out->folder = cf_strdup(slash ? path : ".");
    if (!out->frames || !out->folder)
        return CF_ERR_MEMORY;
    if (slash)
        out->folder[slash == path ? 1 : slash - path] = '\0';
    memcpy(out->frames->file, name, strlen(name) + 1);
    out->count = 1;
    set_times(out, &e, 0, fps);
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
