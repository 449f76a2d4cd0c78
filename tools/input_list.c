/* SPDX-License-Identifier: Apache-2.0 */
/* Names, folders and patterns to lists of files. */
#include "tools/input_list.h"

#include <dirent.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/natural.h"

#define PATH_ROOM 4096

const char *cf_input_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int by_name(const void *a, const void *b) {
    return cf_natural_compare(*(char *const *)a, *(char *const *)b);
}

/* Whether the file is in the list under this or another name; if not, its id becomes the next. */
static int is_known(cf_input_list *list, const char *path) {
    struct stat info;
    if (stat(path, &info))
        return 0; /* why it cannot be read is for its reader to say */
    const unsigned long long id[2] = {info.st_dev, info.st_ino};
    for (size_t i = 0; i < list->count; i++)
        if (list->ids[i][0] == id[0] && list->ids[i][1] == id[1])
            return 1;
    memcpy(list->ids[list->count], id, sizeof id);
    return 0;
}

static cf_status append(cf_input_list *list, const char *option, const char *path) {
    if (list->count == CF_INPUT_MAX)
        return cf_fail(CF_ERR_INVALID, "--%s: more than %d files", option, CF_INPUT_MAX);
    if (!list->paths)
        list->paths = cf_alloc(CF_INPUT_MAX, sizeof *list->paths);
    if (!list->ids)
        list->ids = cf_alloc(CF_INPUT_MAX, sizeof *list->ids);
    if (!list->paths || !list->ids)
        return CF_ERR_MEMORY;
    if (is_known(list, path)) {
        cf_log(CF_LOG_WARNING, "--%s: %s was given before and counts once", option, path);
        return CF_OK;
    }
    char *copy = cf_strdup(path);
    if (!copy)
        return CF_ERR_MEMORY;
    list->paths[list->count++] = copy;
    return CF_OK;
}

/* What lies beside pictures in folders of recordings and rigs. */
static int is_picture_name(const char *name) {
    static const char *const others[] = {"txt",  "json",        "jsonl", "yaml", "yml", "md",
                                         "html", "cameramodel", "svg",   "vnl",  "csv", "log"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof others / sizeof *others; i++)
        if (!strcasecmp(dot + 1, others[i]))
            return 0;
    return name[0] != '.';
}

static int is_folder(const char *path) {
    struct stat info;
    return !stat(path, &info) && S_ISDIR(info.st_mode);
}

static cf_status add_folder(cf_input_list *list, const char *option, const char *folder) {
    char path[PATH_ROOM];
    size_t seen = 0, length = strlen(folder);
    cf_status status = CF_OK;
    DIR *dir = opendir(folder);
    for (struct dirent *e = dir ? readdir(dir) : NULL; e && status == CF_OK; e = readdir(dir)) {
        int slash = length && folder[length - 1] == '/';
        int n = snprintf(path, sizeof path, "%s%s%s", folder, slash ? "" : "/", e->d_name);
        if (n < PATH_ROOM && is_picture_name(e->d_name) && !is_folder(path)) {
            status = append(list, option, path);
            seen++;
        }
    }
    if (dir)
        closedir(dir);
    if (status == CF_OK && !seen)
        return cf_fail(CF_ERR_IO, "--%s: there is no picture in the folder %s", option, folder);
    return status;
}

static cf_status add_pattern(cf_input_list *list, const char *option, const char *pattern) {
    glob_t found;
    cf_status status = CF_OK;
    int error = glob(pattern, GLOB_NOSORT, NULL, &found);
    for (size_t i = 0; !error && i < found.gl_pathc && status == CF_OK; i++)
        if (!is_folder(found.gl_pathv[i]))
            status = append(list, option, found.gl_pathv[i]);
    if (!error)
        globfree(&found);
    if (error == GLOB_NOSPACE)
        return cf_fail(CF_ERR_MEMORY, "--%s %s: out of memory", option, pattern);
    if (error)
        return cf_fail(CF_ERR_IO, "--%s: no file is called %s, and none fits it as a pattern",
                       option, pattern);
    return status;
}

cf_status cf_input_list_add(cf_input_list *list, const char *option, const char *value) {
    struct stat info;
    size_t before = list->count;
    if (!*value)
        return cf_fail(CF_ERR_INVALID, "--%s needs a file, a folder or a pattern", option);
    if (is_folder(value))
        CF_TRY(add_folder(list, option, value));
    else if (!stat(value, &info))
        return append(list, option, value);
    else
        CF_TRY(add_pattern(list, option, value));
    if (list->count > before)
        qsort(list->paths + before, list->count - before, sizeof *list->paths, by_name);
    return CF_OK;
}

int cf_input_is_same(const char *a, const char *b) {
    struct stat x, y;
    return !stat(a, &x) && !stat(b, &y) && x.st_ino == y.st_ino && x.st_dev == y.st_dev &&
           S_ISREG(x.st_mode);
}

cf_status cf_input_lists_distinct(const cf_input_list *mono, const cf_input_list *color) {
    for (size_t i = 0; i < mono->count; i++)
        for (size_t k = 0; k < color->count; k++) {
            if (cf_input_is_same(mono->paths[i], color->paths[k]))
                return cf_fail(CF_ERR_INVALID,
                               "%s is given for both cameras: --mono and --color need the two "
                               "cameras' own pictures",
                               mono->paths[i]);
        }
    return CF_OK;
}

void cf_input_list_clear(cf_input_list *list) {
    for (size_t i = 0; i < list->count; i++)
        cf_free(list->paths[i]);
    cf_free(list->paths);
    cf_free(list->ids);
    *list = (cf_input_list){0};
}
