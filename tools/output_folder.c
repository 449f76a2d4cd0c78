/* SPDX-License-Identifier: Apache-2.0 */
/* Folders as results, by way of a temporary folder. */
#include "tools/output_folder.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define PATH_ROOM 4096

static cf_status join(char *out, const char *folder, const char *name) {
    if (snprintf(out, PATH_ROOM, "%s/%s", folder, name) < PATH_ROOM)
        return CF_OK;
    return cf_fail(CF_ERR_INVALID, "%s: the name is too long", folder);
}

/* Moves every file of `from` into `to`, or removes them where to is NULL. */
static cf_status empty_folder(const char *from, const char *to) {
    char source[PATH_ROOM], target[PATH_ROOM];
    cf_status status = CF_OK;
    DIR *dir = opendir(from);
    for (struct dirent *e = dir ? readdir(dir) : NULL; e && status == CF_OK; e = readdir(dir)) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        status = join(source, from, e->d_name);
        if (status == CF_OK && to)
            status = join(target, to, e->d_name);
        if (status == CF_OK && (to ? rename(source, target) : unlink(source)))
            status = cf_fail(CF_ERR_IO, "%s: %s", to ? target : source, strerror(errno));
    }
    if (dir)
        closedir(dir);
    return status;
}

void cf_output_make_parents(const char *file) {
    char path[PATH_ROOM];
    if (snprintf(path, sizeof path, "%s", file) >= PATH_ROOM || !*path)
        return;
    for (char *c = strchr(path + 1, '/'); c; c = strchr(c + 1, '/')) {
        *c = '\0';
        mkdir(path, 0777);
        *c = '/';
    }
}

cf_status cf_output_folder_check(const char *path) {
    static const char *const endings[] = {".png", ".jpg", ".jpeg", ".tif", ".tiff"};
    size_t length = strlen(path);
    struct stat info;
    if (!stat(path, &info) && S_ISDIR(info.st_mode))
        return CF_OK;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t n = strlen(endings[i]);
        if (length > n && !strcasecmp(path + length - n, endings[i]))
            return cf_fail(CF_ERR_INVALID, "%s: from folders come many pictures: name a folder",
                           path);
    }
    return CF_OK;
}

static cf_status publish(const char *temporary, const char *path) {
    mode_t mask = umask(0);
    umask(mask);
    chmod(temporary, 0777 & ~mask); /* mkdtemp gives 0700 */
    if (!rename(temporary, path))
        return CF_OK; /* path was new, or an empty folder */
    if (errno != ENOTEMPTY && errno != EEXIST)
        return cf_fail(CF_ERR_IO, "%s: cannot write this folder: %s", path, strerror(errno));
    CF_TRY(empty_folder(temporary, path));
    rmdir(temporary);
    return CF_OK;
}

cf_status cf_output_folder(const char *path, cf_status (*fill)(const char *folder, void *context),
                           void *context) {
    char temporary[PATH_ROOM], target[PATH_ROOM];
    sigset_t wait, before;
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    if (!length || length > PATH_ROOM - 16)
        return cf_fail(CF_ERR_INVALID, "'%s' is no name for a folder", path);
    snprintf(target, sizeof target, "%.*s", (int)length, path);
    cf_output_make_parents(target);
    snprintf(temporary, sizeof temporary, "%.*s.XXXXXX", (int)length, path);
    sigemptyset(&wait);
    sigaddset(&wait, SIGINT);
    sigaddset(&wait, SIGTERM);
    sigprocmask(SIG_BLOCK, &wait, &before);
    cf_status status = CF_OK;
    if (!mkdtemp(temporary))
        status = cf_fail(CF_ERR_IO, "%s: cannot make this folder: %s", target, strerror(errno));
    if (status == CF_OK) {
        status = fill(temporary, context);
        if (status == CF_OK)
            status = publish(temporary, target);
        if (status != CF_OK) {
            empty_folder(temporary, NULL);
            rmdir(temporary);
        }
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return status;
}
