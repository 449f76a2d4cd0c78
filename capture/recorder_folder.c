/* SPDX-License-Identifier: Apache-2.0 */
/* Making the folder of a recording, or checking the one that is there. */
#include "capture/recorder_folder.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define MAX_UNKNOWN 64 /* pairs that a crash may have left without a line */
#define CRASH_LINES 2  /* lines that it may have damaged */

void cf_recorder_file_name(int camera, uint64_t index, char *out, size_t room) {
    snprintf(out, room, "%s/%06llu.dng", cf_recording_cameras[camera], (unsigned long long)index);
}

static void join(const char *folder, const char *name, char out[CF_RECORDER_PATH]) {
    snprintf(out, CF_RECORDER_PATH, "%s/%s", folder, name);
}

static cf_status failed(const char *path) {
    return cf_fail(CF_ERR_IO, "%s: cannot record there: %s", path, strerror(errno));
}

/* --- what is there --- */

typedef struct {
    int entries;      /* of the folder itself */
    int frames;       /* files of both cameras */
    uint64_t highest; /* of their numbers */
} contents;

/* "000007.dng" or, unfinished, "000007.dng.Xy12ab": 1 or 2; 0 is something else. */
static int kind_of_file(const char *name, uint64_t *number) {
    char *end;
    if (!isdigit((unsigned char)name[0]) || strlen(name) > 24)
        return 0;
    *number = strtoull(name, &end, 10);
    if (end - name < 6 || *number > 1000000000 || strncmp(end, ".dng", 4) != 0)
        return 0;
    return !end[4] ? 1 : end[4] == '.' && strlen(end) == 11 ? 2 : 0;
}

static cf_status look_at_frame(const char *path, const char *name, contents *c) {
    char file[CF_RECORDER_PATH];
    uint64_t number;
    int kind = kind_of_file(name, &number);
    if (!kind)
        return cf_fail(CF_ERR_IO, "%s/%s: is no part of a recording; nothing was touched", path,
                       name);
    if (kind == 2) {
        snprintf(file, sizeof file, "%s/%s", path, name);
        unlink(file);
        return CF_OK;
    }
    c->frames++;
    if (number > c->highest)
        c->highest = number;
    return CF_OK;
}

static cf_status look_at_entry(const char *path, const char *name, contents *c) {
    c->entries++;
    if (strcmp(name, CF_RECORDING_LOG) != 0 && strcmp(name, cf_recording_cameras[0]) != 0 &&
        strcmp(name, cf_recording_cameras[1]) != 0)
        return cf_fail(CF_ERR_IO, "%s/%s: is no part of a recording; nothing was touched", path,
                       name);
    return CF_OK;
}

/* Calls look with every entry; a folder that is not there has none. */
static cf_status look_into(const char *path, contents *c,
                           cf_status (*look)(const char *, const char *, contents *)) {
    cf_status status = CF_OK;
    DIR *dir = opendir(path);
    if (!dir)
        return errno == ENOENT ? CF_OK : failed(path);
    for (struct dirent *e = readdir(dir); e && status == CF_OK; e = readdir(dir))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            status = look(path, e->d_name, c);
    closedir(dir);
    return status;
}

static cf_status count_entry(const char *path, const char *name, contents *c) {
    (void)path;
    (void)name;
    c->entries++;
    return CF_OK;
}

static cf_status look(const char *path, int resume, contents *c) {
    char camera[CF_RECORDER_PATH];
    *c = (contents){0};
    CF_TRY(look_into(path, c, resume ? look_at_entry : count_entry));
    if (c->entries && !resume)
        return cf_fail(CF_ERR_IO,
                       "%s: is not empty; give a new folder, or resume the recording in it", path);
    for (int i = 0; i < 2 && resume; i++) {
        join(path, cf_recording_cameras[i], camera);
        CF_TRY(look_into(camera, c, look_at_frame));
    }
    return CF_OK;
}

/* --- its log --- */

static int file_is_there(const char *folder, int camera, uint64_t index) {
    char name[64], path[CF_RECORDER_PATH];
    struct stat info;
    cf_recorder_file_name(camera, index, name, sizeof name);
    join(folder, name, path);
    return !stat(path, &info) && S_ISREG(info.st_mode) && info.st_size > 0;
}

/* The next line, when it is the one that a recorder wrote for this camera and index. */
static int is_line_of(FILE *log, int camera, uint64_t index, int *lines) {
    char line[CF_RECORDING_LINE], name[64];
    cf_recording_frame frame;
    size_t length;
    if (!cf_recording_line_next(log, line, &length))
        return 0;
    ++*lines;
    if (feof(log) || cf_recording_line_read(line, length, &frame))
        return 0; /* cut short, or damaged */
    cf_recorder_file_name(camera, index, name, sizeof name);
    return frame.camera == camera && frame.index == index && !strcmp(frame.file, name);
}

static cf_status read_log(cf_recorder_folder *f, FILE *log) {
    char line[CF_RECORDING_LINE];
    int lines = 0; /* behind the last whole pair */
    size_t length;
    uint64_t index = 0;
    for (; is_line_of(log, 0, index, &lines) && is_line_of(log, 1, index, &lines); lines = 0) {
        int is_whole = file_is_there(f->path, 0, index) && file_is_there(f->path, 1, index);
        index++;
        if (is_whole) {
            f->next = index;
            f->log_bytes = ftello(log);
        }
    }
    while (cf_recording_line_next(log, line, &length))
        lines++;
    if (lines > CRASH_LINES)
        return cf_fail(CF_ERR_IO,
                       "%s/" CF_RECORDING_LOG ": after pair %llu come lines that no recorder "
                       "wrote; nothing was touched",
                       f->path, (unsigned long long)index);
    return CF_OK;
}

static cf_status check_log(cf_recorder_folder *f, const contents *c) {
    int copy = dup(f->log);
    FILE *log = copy >= 0 ? fdopen(copy, "rb") : NULL;
    if (!log) {
        if (copy >= 0)
            close(copy);
        return failed(f->path);
    }
    cf_status status = read_log(f, log);
    fclose(log);
    CF_TRY(status);
    if (c->frames && c->highest >= f->next + MAX_UNKNOWN)
        return cf_fail(CF_ERR_IO,
                       "%s: has frames up to %06llu, its log only up to pair %llu; nothing was "
                       "touched",
                       f->path, (unsigned long long)c->highest, (unsigned long long)f->next);
    return ftruncate(f->log, f->log_bytes) ? failed(f->path) : CF_OK;
}

/* --- making --- */

static cf_status make_parents(const char *path) {
    char part[CF_RECORDER_PATH];
    snprintf(part, sizeof part, "%s", path);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0777) && errno != EEXIST)
            return failed(path);
        *slash = '/';
    }
    return CF_OK;
}

static cf_status make_folders(cf_recorder_folder *f) {
    char camera[CF_RECORDER_PATH];
    f->made_folder = !mkdir(f->path, 0777);
    if (!f->made_folder && errno != EEXIST)
        return failed(f->path);
    for (int i = 0; i < 2; i++) {
        join(f->path, cf_recording_cameras[i], camera);
        if (mkdir(camera, 0777) && errno != EEXIST)
            return failed(camera);
    }
    return CF_OK;
}

static cf_status open_log(cf_recorder_folder *f, const contents *c) {
    char path[CF_RECORDER_PATH];
    struct stat info;
    join(f->path, CF_RECORDING_LOG, path);
    f->made_log = stat(path, &info) != 0;
    if (f->made_log && c->frames)
        return cf_fail(CF_ERR_IO, "%s: has frames but no log; nothing was touched", f->path);
    if (!f->made_log && !S_ISREG(info.st_mode))
        return cf_fail(CF_ERR_IO, "%s: not a regular file", path);
    f->log = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (f->log < 0)
        return failed(path);
    if (flock(f->log, LOCK_EX | LOCK_NB))
        return cf_fail(CF_ERR_IO, "%s: another program is recording there", f->path);
    return CF_OK;
}

cf_status cf_recorder_folder_open(const char *path, int resume, cf_recorder_folder *out) {
    contents there;
    *out = (cf_recorder_folder){.path = path, .log = -1};
    if (!path || !*path || strlen(path) > CF_RECORDER_PATH - 64)
        return cf_fail(CF_ERR_INVALID, "recorder: the folder's name is missing or too long");
    CF_TRY(look(path, resume, &there));
    cf_status status = make_parents(path);
    if (status == CF_OK)
        status = make_folders(out);
    if (status == CF_OK)
        status = open_log(out, &there);
    if (status == CF_OK)
        status = check_log(out, &there);
    if (status != CF_OK)
        cf_recorder_folder_close(out);
    return status;
}

void cf_recorder_folder_close(cf_recorder_folder *f) {
    char path[CF_RECORDER_PATH];
    int is_empty = f->made_log && !f->next && f->log >= 0;
    if (f->log >= 0)
        close(f->log);
    f->log = -1;
    if (is_empty) {
        join(f->path, CF_RECORDING_LOG, path);
        unlink(path);
    }
    if (!is_empty && !f->made_folder)
        return;
    for (int i = 0; i < 2; i++) { /* only empty folders go */
        join(f->path, cf_recording_cameras[i], path);
        rmdir(path);
    }
    if (f->made_folder)
        rmdir(f->path);
}
