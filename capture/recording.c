/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the log of a recording, or a folder in its place. */
#include "capture/recording.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "base/natural.h"

#define MAX_LOG ((size_t)1 << 30)
#define MAX_FRAMES ((size_t)1 << 22) /* of one camera: 38 hours at 30 a second */
#define PATH_ROOM 4096

static cf_status add(cf_recording_camera *camera, size_t *room, const cf_recording_frame *frame) {
    if (camera->count == *room) {
        size_t more = *room ? 2 * *room : 256;
        if (more > MAX_FRAMES)
            return cf_fail(CF_ERR_UNSUPPORTED, "a recording of more than %zu frames of one camera",
                           MAX_FRAMES);
        cf_recording_frame *frames = cf_alloc(more, sizeof *frames);
        if (!frames)
            return CF_ERR_MEMORY;
        if (camera->count)
            memcpy(frames, camera->frames, camera->count * sizeof *frames);
        cf_free(camera->frames);
        camera->frames = frames;
        *room = more;
    }
    camera->frames[camera->count++] = *frame;
    return CF_OK;
}

/* --- folders --- */

/* What lies beside raws, and what a writer that was killed has left ("000007.dng.Xy12ab"). */
static int is_frame_name(const char *name) {
    static const char *const others[] = {"txt", "json", "jsonl", "yaml", "yml", "md", "log", "csv"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof others / sizeof *others; i++)
        if (!strcasecmp(dot + 1, others[i]))
            return 0;
    int is_unfinished = dot && dot - name >= 4 && !strncasecmp(dot - 4, ".dng", 4);
    return name[0] != '.' && !is_unfinished;
}

static int is_folder(const char *folder, const char *name) {
    char path[PATH_ROOM];
    struct stat info;
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    return n < PATH_ROOM && !stat(path, &info) && S_ISDIR(info.st_mode);
}

static int by_name(const void *a, const void *b) {
    return cf_natural_compare(((const cf_recording_frame *)a)->file,
                              ((const cf_recording_frame *)b)->file);
}

static cf_status list_entries(const char *folder, DIR *dir, cf_recording_camera *out) {
    size_t room = 0;
    for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        cf_recording_frame frame = {0};
        if (!is_frame_name(e->d_name) || is_folder(folder, e->d_name))
            continue;
        if (strlen(e->d_name) >= sizeof frame.file) {
            cf_log(CF_LOG_WARNING, "%s/%s: too long a name, left out", folder, e->d_name);
            continue;
        }
        snprintf(frame.file, sizeof frame.file, "%.127s", e->d_name);
        CF_TRY(add(out, &room, &frame));
    }
    return CF_OK;
}

cf_status cf_recording_list_folder(const char *folder, cf_recording_camera *out) {
    *out = (cf_recording_camera){0};
    DIR *dir = opendir(folder);
    if (!dir)
        return cf_fail(CF_ERR_IO, "%s: %s", folder, strerror(errno));
    cf_status status = list_entries(folder, dir, out);
    closedir(dir);
    if (status == CF_OK && !out->count)
        status = cf_fail(CF_ERR_IO, "%s: there is no raw picture in the folder", folder);
    if (status != CF_OK) {
        cf_free(out->frames);
        *out = (cf_recording_camera){0};
        return status;
    }
    qsort(out->frames, out->count, sizeof *out->frames, by_name);
    for (size_t i = 0; i < out->count; i++)
        out->frames[i].index = out->frames[i].sequence = i;
    return CF_OK;
}

/* The two folders of a recording whose log is of no use. */
static cf_status list_cameras(cf_recording *r) {
    char path[PATH_ROOM];
    for (int i = 0; i < 2; i++) {
        cf_recording_camera *camera = &r->camera[i];
        cf_free(camera->frames);
        *camera = (cf_recording_camera){0};
        int n = snprintf(path, sizeof path, "%s/%s", r->folder, cf_recording_cameras[i]);
        if (n >= PATH_ROOM)
            return cf_fail(CF_ERR_INVALID, "%s: too long a name", r->folder);
        CF_TRY(cf_recording_list_folder(path, camera));
        for (size_t k = 0; k < camera->count; k++) {
            cf_recording_frame *f = &camera->frames[k];
            size_t prefix = strlen(cf_recording_cameras[i]) + 1;
            size_t length = strlen(f->file) + 1;
            if (prefix + length > sizeof f->file)
                return cf_fail(CF_ERR_INVALID, "%s/%s: too long a name", path, f->file);
            memmove(f->file + prefix, f->file, length);
            memcpy(f->file, cf_recording_cameras[i], prefix - 1);
            f->file[prefix - 1] = '/';
            f->camera = i;
        }
    }
    return CF_OK;
}

/* --- the log --- */

static int by_index(const void *a, const void *b) {
    const cf_recording_frame *x = a, *y = b;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Sorts and leaves out what is there twice. */
static size_t put_in_order(cf_recording_camera *camera) {
    size_t kept = 0, count = camera->count;
    if (count)
        qsort(camera->frames, count, sizeof *camera->frames, by_index);
    for (size_t i = 0; i < count; i++)
        if (!kept || camera->frames[i].index != camera->frames[kept - 1].index)
            camera->frames[kept++] = camera->frames[i];
    camera->count = kept;
    return count - kept;
}

static cf_status read_lines(const char *path, FILE *f, cf_recording *r) {
    char line[CF_RECORDING_LINE];
    size_t room[2] = {0}, number = 0, length;
    while (cf_recording_line_next(f, line, &length)) {
        cf_recording_frame frame;
        const char *why = cf_recording_line_read(line, length, &frame);
        number++;
        if (!why)
            CF_TRY(add(&r->camera[frame.camera], &room[frame.camera], &frame));
        else if (!r->damaged++)
            cf_log(CF_LOG_WARNING, "%s: line %zu is ignored: %s", path, number, why);
    }
    if (r->damaged > 1)
        cf_log(CF_LOG_WARNING, "%s: %zu damaged lines in all are ignored", path, r->damaged);
    return CF_OK;
}

/* CF_OK and has_log 0 when it cannot be used. */
static cf_status read_log(cf_recording *r) {
    char path[PATH_ROOM];
    struct stat info;
    FILE *f;
    size_t size;
    int n = snprintf(path, sizeof path, "%s/" CF_RECORDING_LOG, r->folder);
    if (n >= PATH_ROOM)
        return cf_fail(CF_ERR_INVALID, "%s: too long a name", r->folder);
    if (stat(path, &info)) {
        cf_log(CF_LOG_WARNING, "%s: %s; the files count in the order of their names", path,
               strerror(errno));
        return CF_OK;
    }
    CF_TRY(cf_file_open(path, &f, &size));
    cf_status status = size <= MAX_LOG ? read_lines(path, f, r) : CF_OK;
    fclose(f);
    CF_TRY(status);
    size_t twice = put_in_order(&r->camera[0]) + put_in_order(&r->camera[1]);
    if (twice)
        cf_log(CF_LOG_WARNING, "%s: %zu frames are there twice; one line each counts", path, twice);
    r->has_log = r->camera[0].count + r->camera[1].count > 0;
    if (!r->has_log)
        cf_log(CF_LOG_WARNING, "%s: %s; the files count in the order of their names", path,
               size > MAX_LOG ? "larger than 1 GB" : "no usable line");
    return CF_OK;
}

cf_status cf_recording_open(const char *folder, cf_recording **out) {
    *out = NULL;
    cf_recording *r = cf_alloc(1, sizeof *r);
    if (!r)
        return CF_ERR_MEMORY;
    r->folder = cf_strdup(folder);
    cf_status status = r->folder ? read_log(r) : CF_ERR_MEMORY;
    if (status == CF_OK && !r->has_log)
        status = list_cameras(r);
    if (status != CF_OK)
        cf_recording_close(&r);
    *out = r;
    return status;
}

void cf_recording_close(cf_recording **handle) {
    if (!handle || !*handle)
        return;
    for (int i = 0; i < 2; i++)
        cf_free((*handle)->camera[i].frames);
    cf_free((*handle)->folder);
    cf_free(*handle);
    *handle = NULL;
}

int cf_recording_next_pair(const cf_recording *r, size_t at[2], const cf_recording_frame *pair[2]) {
    while (at[0] < r->camera[0].count && at[1] < r->camera[1].count) {
        pair[0] = &r->camera[0].frames[at[0]];
        pair[1] = &r->camera[1].frames[at[1]];
        at[0] += pair[0]->index <= pair[1]->index;
        at[1] += pair[1]->index <= pair[0]->index;
        if (pair[0]->index == pair[1]->index)
            return 1;
    }
    return 0;
}
