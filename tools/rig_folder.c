/* SPDX-License-Identifier: Apache-2.0 */
/* Files of a rig's folder that appear together. */
#include "tools/rig_folder.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "fusion/version.h"

#define PATH_ROOM 4096

struct cf_rig_folder {
    char path[PATH_ROOM], index[PATH_ROOM];
    int made; /* the folder is ours to remove */
    cf_rig *rig;
    cf_rig_edit *edit;
    int edited;
    cf_file_out *files[CF_RIG_FOLDER_FILES];
    int count;
    const char *outdated[CF_RIG_FOLDER_FILES];
    int outdated_count;
};

static int is_yaml(const char *path) {
    const char *dot = strrchr(cf_input_name(path), '.');
    return dot && (!strcasecmp(dot, ".yaml") || !strcasecmp(dot, ".yml"));
}

/* path is split into folder and rig file; a folder that is called *.yaml is a folder. */
static cf_status find_paths(const char *path, cf_rig_folder *f) {
    struct stat info;
    size_t length = strlen(path);
    int is_file = is_yaml(path) && (stat(path, &info) || !S_ISDIR(info.st_mode));
    if (!length || length > PATH_ROOM - 64)
        return cf_fail(CF_ERR_INVALID, "'%s' is no name for a rig's folder", path);
    if (!is_file) {
        while (length > 1 && path[length - 1] == '/')
            length--;
        snprintf(f->path, sizeof f->path, "%.*s", (int)length, path);
        snprintf(f->index, sizeof f->index, "%.*s/rig.yaml", (int)length, path);
        return CF_OK;
    }
    size_t folder = (size_t)(cf_input_name(path) - path);
    snprintf(f->index, sizeof f->index, "%s", path);
    snprintf(f->path, sizeof f->path, "%.*s", (int)(folder > 1 ? folder - 1 : folder), path);
    if (!folder)
        snprintf(f->path, sizeof f->path, ".");
    return CF_OK;
}

static cf_status make_folder(cf_rig_folder *f) {
    struct stat info;
    if (!stat(f->path, &info) && S_ISDIR(info.st_mode))
        return CF_OK;
    for (char *c = strchr(f->path + 1, '/'); c; c = strchr(c + 1, '/')) {
        *c = '\0';
        mkdir(f->path, 0777); /* what went wrong shows below */
        *c = '/';
    }
    if (mkdir(f->path, 0777))
        return cf_fail(CF_ERR_IO, "%s: cannot make this folder: %s", f->path, strerror(errno));
    f->made = 1;
    return CF_OK;
}

cf_status cf_rig_folder_open(const char *path, cf_rig_folder **out) {
    cf_rig_folder *f = cf_alloc(1, sizeof *f);
    *out = NULL;
    if (!f)
        return CF_ERR_MEMORY;
    cf_status status = find_paths(path, f);
    if (status == CF_OK)
        status = cf_rig_edit_open(f->index, &f->edit);
    if (status == CF_OK)
        status = cf_rig_parse_draft(f->index, cf_rig_edit_text(f->edit),
                                    strlen(cf_rig_edit_text(f->edit)), &f->rig);
    if (status == CF_OK)
        status = make_folder(f);
    if (status != CF_OK)
        cf_rig_folder_discard(&f);
    *out = f;
    return status;
}

const cf_rig *cf_rig_folder_rig(const cf_rig_folder *folder) {
    return folder->rig;
}

cf_rig_edit *cf_rig_folder_edit(cf_rig_folder *folder) {
    folder->edited = 1;
    return folder->edit;
}

cf_status cf_rig_folder_path(const cf_rig_folder *folder, const char *name, char *path,
                             size_t room) {
    if (snprintf(path, room, "%s/%s", folder->path, name) < (int)room)
        return CF_OK;
    return cf_fail(CF_ERR_INVALID, "%s: the folder's name is too long", folder->path);
}

cf_status cf_rig_folder_take(cf_rig_folder *folder, cf_file_out *file) {
    if (folder->count < CF_RIG_FOLDER_FILES) {
        folder->files[folder->count++] = file;
        return CF_OK;
    }
    cf_file_discard(&file);
    return cf_fail(CF_ERR_INVALID, "%s: more than %d files at once", folder->path,
                   CF_RIG_FOLDER_FILES);
}

cf_status cf_rig_folder_report(cf_rig_folder *folder, const char *path, FILE **stream) {
    cf_file_out *file;
    *stream = NULL;
    CF_TRY(cf_file_create(path, &file));
    *stream = cf_file_stream(file);
    return cf_rig_folder_take(folder, file);
}

cf_status cf_rig_folder_create(cf_rig_folder *folder, const char *name, FILE **stream) {
    char path[PATH_ROOM];
    *stream = NULL;
    CF_TRY(cf_rig_folder_path(folder, name, path, sizeof path));
    return cf_rig_folder_report(folder, path, stream);
}

/* Ctrl-C and SIGTERM wait from here on, in a good run to its end: a run that put its results in
 * place has not failed. */
static void hold_signals(sigset_t *before) {
    sigset_t wait;
    sigemptyset(&wait);
    sigaddset(&wait, SIGINT);
    sigaddset(&wait, SIGTERM);
    sigprocmask(SIG_BLOCK, &wait, before);
}

void cf_rig_folder_outdate(cf_rig_folder *folder, const char *name) {
    if (folder->outdated_count < CF_RIG_FOLDER_FILES)
        folder->outdated[folder->outdated_count++] = name;
}

static void remove_outdated(const cf_rig_folder *folder) {
    char path[PATH_ROOM];
    for (int i = 0; i < folder->outdated_count; i++)
        if (cf_rig_folder_path(folder, folder->outdated[i], path, sizeof path) == CF_OK)
            unlink(path); /* mostly it is not there */
}

cf_status cf_rig_folder_commit(cf_rig_folder **folder) {
    cf_rig_folder *f = *folder;
    cf_status status = CF_OK;
    sigset_t before;
    hold_signals(&before);
    /* A full disk shows now, before anything is in place. */
    for (int i = 0; i < f->count && status == CF_OK; i++)
        if (fflush(cf_file_stream(f->files[i])))
            status = cf_fail(CF_ERR_IO, "%s: cannot write: %s", cf_file_target(f->files[i]),
                             strerror(errno));
    if (status == CF_OK)
        f->made = 0;
    for (int i = 0; i < f->count && status == CF_OK; i++)
        status = cf_file_commit(&f->files[i]);
    if (status == CF_OK && f->edited)
        status = cf_rig_edit_write(f->edit, NULL);
    if (status == CF_OK)
        remove_outdated(f);
    cf_rig_folder_discard(folder);
    if (status != CF_OK)
        sigprocmask(SIG_SETMASK, &before, NULL);
    return status;
}

void cf_rig_folder_discard(cf_rig_folder **folder) {
    if (!folder || !*folder)
        return;
    for (int i = 0; i < (*folder)->count; i++)
        cf_file_discard(&(*folder)->files[i]);
    if ((*folder)->made)
        rmdir((*folder)->path);
    cf_rig_destroy(&(*folder)->rig);
    cf_rig_edit_destroy(&(*folder)->edit);
    cf_free(*folder);
    *folder = NULL;
}

/* Now, or what SOURCE_DATE_EPOCH says, as ISO 8601. */
static void timestamp(char out[32]) {
    const char *fixed = getenv("SOURCE_DATE_EPOCH");
    time_t t = fixed ? (time_t)strtoll(fixed, NULL, 10) : time(NULL);
    struct tm utc;
    out[0] = '\0';
    if (gmtime_r(&t, &utc))
        strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

void cf_record_begin(cf_json *json, const char *what, const cf_record_source *sources,
                     size_t count) {
    char text[64];
    cf_json_open(json, NULL, '{');
    cf_json_text(json, "calibration", what);
    timestamp(text);
    cf_json_text(json, "made", text);
    snprintf(text, sizeof text, "chromafuse %s", cf_version());
    cf_json_text(json, "by", text);
    cf_json_open(json, "from", '{');
    for (size_t i = 0; i < count; i++) {
        if (!sources[i].list->count)
            continue;
        cf_json_open(json, sources[i].name, '[');
        for (size_t k = 0; k < sources[i].list->count; k++)
            cf_json_text(json, NULL, sources[i].list->paths[k]);
        cf_json_close(json, ']');
    }
    cf_json_close(json, '}');
}
