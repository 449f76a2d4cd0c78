/* SPDX-License-Identifier: Apache-2.0 */
/* Which pictures a `colorize` command line means, and where their results go. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/natural.h"
#include "capture/picture_out.h"
#include "tools/colorize_job.h"
#include "tools/colorize_video.h"
#include "tools/input_list.h"

#define PATH_ROOM 4096
#define MAX_ITEMS 1000000
#define MAX_DEPTH 32

/* Endings that are tried in folders: display pictures, then raws. */
static const char *const endings[] = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".dng", ".nef",
                                      ".cr2", ".cr3", ".arw",  ".raf", ".orf",  ".rw2", ".pef"};

typedef struct {
    const cf_colorize_options *options;
    cf_colorize_list *list;
    struct stat out; /* of the result's folder; st_ino 0: not there yet */
} walk;

static int has_ending(const char *name, const char *ending) {
    size_t length = strlen(name), n = strlen(ending);
    return length > n && !strcasecmp(name + length - n, ending);
}

static int is_picture_name(const char *name) {
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (has_ending(name, endings[i]))
            return 1;
    return 0;
}

static cf_status put(char path[PATH_ROOM], const char *a, const char *b, const char *c) {
    if (snprintf(path, PATH_ROOM, "%s%s%s", a, b, c) < PATH_ROOM)
        return CF_OK;
    return cf_fail(CF_ERR_INVALID, "%s%s: the name is too long", a, b);
}

static cf_status add(cf_colorize_list *list, const char *in, const char *out, int is_video) {
    if (strcmp(in, "-") && cf_input_is_same(in, out))
        return cf_fail(CF_ERR_INVALID,
                       "%s: the result would replace it; name another with --output", in);
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 64;
        cf_colorize_item *more = room <= MAX_ITEMS ? cf_alloc(room, sizeof *more) : NULL;
        if (!more)
            return cf_fail(CF_ERR_MEMORY, "colorize: more than %d files", MAX_ITEMS / 2);
        if (list->count)
            memcpy(more, list->items, list->count * sizeof *more);
        cf_free(list->items);
        list->items = more;
        list->room = room;
    }
    cf_colorize_item *item = &list->items[list->count];
    *item = (cf_colorize_item){cf_strdup(in), cf_strdup(out), is_video};
    list->count++;
    return item->in && item->out ? CF_OK : CF_ERR_MEMORY;
}

/* The result's ending: the option's, the picture's own, or PNG. */
static const char *ending_for(const cf_colorize_options *o, const char *name) {
    for (size_t i = 0; !o->format && i < 5; i++)
        if (has_ending(name, endings[i]) && (o->depth == 8 || !strchr(endings[i], 'j')))
            return endings[i];
    return !o->format                  ? ".png"
           : !strcmp(o->format, "jpg") ? ".jpg"
           : !strcmp(o->format, "tif") ? ".tif"
                                       : ".png";
}

/* The video's own where its coded frames can go there, or Matroska, where all can. */
static const char *video_ending_for(const cf_colorize_options *o, const char *name) {
    static const char *const written[] = {".mkv", ".avi", ".y4m", ".mp4", ".mov"};
    int count = o->codec && !strcmp(o->codec, "ffv1") ? 2 : 5;
    for (int i = 0; i < count; i++)
        if (has_ending(name, written[i]))
            return written[i];
    return ".mkv";
}

/* in becomes folder/relative with another ending. */
static cf_status add_into(walk *w, const char *in, const char *folder, const char *relative,
                          int is_video) {
    char out[PATH_ROOM], stem[PATH_ROOM];
    const char *ending =
        is_video ? video_ending_for(w->options, relative) : ending_for(w->options, relative);
    CF_TRY(put(stem, folder, "/", relative));
    char *dot = strrchr(stem, '.'), *slash = strrchr(stem, '/');
    if (dot && dot > slash + 1)
        *dot = '\0';
    CF_TRY(put(out, stem, ending, ""));
    return add(w->list, in, out, is_video);
}

static int by_name(const void *a, const void *b) {
    return cf_natural_compare(*(char *const *)a, *(char *const *)b);
}

typedef struct {
    char **names;
    size_t count, room;
} name_list;

static void free_names(name_list *l) {
    for (size_t i = 0; i < l->count; i++)
        cf_free(l->names[i]);
    cf_free(l->names);
}

static cf_status add_name(name_list *l, const char *name) {
    if (l->count == l->room) {
        size_t room = l->room ? 2 * l->room : 64;
        char **more = cf_alloc(room, sizeof *more);
        if (!more)
            return CF_ERR_MEMORY;
        if (l->count)
            memcpy(more, l->names, l->count * sizeof *more);
        cf_free(l->names);
        l->names = more;
        l->room = room;
    }
    l->names[l->count] = cf_strdup(name);
    return l->names[l->count] ? (l->count++, CF_OK) : CF_ERR_MEMORY;
}

static cf_status list_folder(const char *folder, name_list *l) {
    DIR *dir = opendir(folder);
    cf_status status = CF_OK;
    if (!dir)
        return cf_fail(CF_ERR_IO, "%s: %s", folder, strerror(errno));
    for (struct dirent *e = readdir(dir); e && status == CF_OK; e = readdir(dir))
        if (e->d_name[0] != '.')
            status = add_name(l, e->d_name);
    closedir(dir);
    if (l->count)
        qsort(l->names, l->count, sizeof *l->names, by_name);
    return status;
}

static int is_same(const struct stat *a, const struct stat *b) {
    return a->st_ino && a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static cf_status walk_folder(walk *w, const char *folder, const char *to, int depth);

/* One entry of a folder. Links to folders are not followed: they may lead in circles. */
static cf_status walk_entry(walk *w, const char *folder, const char *to, const char *name,
                            int depth) {
    char path[PATH_ROOM], below[PATH_ROOM];
    struct stat info;
    CF_TRY(put(path, folder, "/", name));
    if (!lstat(path, &info) && S_ISDIR(info.st_mode)) {
        if (is_same(&w->out, &info))
            return CF_OK;
        if (depth == MAX_DEPTH)
            return cf_fail(CF_ERR_INVALID, "%s: more than %d folders deep", path, MAX_DEPTH);
        CF_TRY(put(below, to, "/", name));
        return walk_folder(w, path, below, depth + 1);
    }
    int is_video = cf_colorize_has_video_ending(name);
    if (is_video || is_picture_name(name))
        return add_into(w, path, to, name, is_video);
    cf_log(CF_LOG_WARNING, "%s: neither picture nor video by its name; left out", path);
    return CF_OK;
}

static cf_status walk_folder(walk *w, const char *folder, const char *to, int depth) {
    name_list l = {0};
    cf_status status = list_folder(folder, &l);
    for (size_t i = 0; i < l.count && status == CF_OK; i++)
        status = walk_entry(w, folder, to, l.names[i], depth);
    free_names(&l);
    return status;
}

static cf_status add_operand(walk *w, const char *path, const struct stat *info) {
    char folder[PATH_ROOM], to[PATH_ROOM];
    const char *out = w->options->out;
    if (!S_ISDIR(info->st_mode))
        return add_into(w, path, out, cf_input_name(path), cf_colorize_names_video(path));
    size_t length = strlen(path), before = w->list->count;
    while (length > 1 && path[length - 1] == '/')
        length--;
    snprintf(folder, sizeof folder, "%.*s", length < PATH_ROOM ? (int)length : PATH_ROOM - 1, path);
    if (is_same(&w->out, info))
        return cf_fail(CF_ERR_INVALID,
                       "%s: results would replace their pictures; name another "
                       "folder with --output",
                       path);
    CF_TRY(put(to, out, w->options->input_count > 1 ? "/" : "",
               w->options->input_count > 1 ? cf_input_name(folder) : ""));
    CF_TRY(walk_folder(w, folder, to, 0));
    if (w->list->count == before)
        return cf_fail(CF_ERR_IO, "%s: there is no picture or video in this folder", path);
    return CF_OK;
}

static int by_out(const void *a, const void *b) {
    const cf_colorize_item *x = *(cf_colorize_item *const *)a, *y = *(cf_colorize_item *const *)b;
    int order = strcmp(x->out, y->out);
    return order ? order : (x > y) - (x < y);
}

/* photo.dng and photo.png: the later one becomes photo.png.png or the like. */
static cf_status part_namesakes(cf_colorize_list *list) {
    cf_colorize_item **order = cf_alloc(list->count, sizeof *order);
    cf_status status = order ? CF_OK : CF_ERR_MEMORY;
    for (size_t i = 0; order && i < list->count; i++)
        order[i] = &list->items[i];
    if (order && list->count)
        qsort(order, list->count, sizeof *order, by_out);
    for (size_t i = 1, first = 0; i < list->count && status == CF_OK; i++) {
        cf_colorize_item *item = order[i];
        if (strcmp(order[first]->out, item->out)) {
            first = i;
            continue;
        }
        char out[PATH_ROOM], folder[PATH_ROOM];
        snprintf(folder, sizeof folder, "%.*s", (int)(cf_input_name(item->out) - item->out),
                 item->out);
        status = put(out, folder, cf_input_name(item->in), strrchr(item->out, '.'));
        cf_free(item->out);
        item->out = status == CF_OK ? cf_strdup(out) : NULL;
        status = item->out ? CF_OK : CF_ERR_MEMORY;
    }
    cf_free(order);
    return status;
}

/* 1 when the results are to go into a folder. */
static int wants_folder(const cf_colorize_options *o, const struct stat *first, int out_is_folder) {
    size_t length = strlen(o->out);
    return o->input_count > 1 || S_ISDIR(first->st_mode) || out_is_folder ||
           (length && o->out[length - 1] == '/');
}

cf_status cf_colorize_list_make(const cf_colorize_options *o, cf_colorize_list *list) {
    walk w = {.options = o, .list = list};
    struct stat info = {0};
    cf_status status = CF_OK;
    *list = (cf_colorize_list){0};
    int has_out = !stat(o->out, &w.out), is_pipe = !strcmp(o->inputs[0], "-");
    if (!is_pipe && stat(o->inputs[0], &info))
        return cf_fail(CF_ERR_IO, "%s: %s", o->inputs[0], strerror(errno));
    int out_is_folder = has_out && S_ISDIR(w.out.st_mode);
    if (!wants_folder(o, &info, out_is_folder) || is_pipe) {
        if (out_is_folder)
            return cf_fail(CF_ERR_INVALID, "%s: from a pipe the result has no name: name a file",
                           o->out);
        return add(list, o->inputs[0], o->out, 0);
    }
    list->is_folder = 1;
    if (has_out && !out_is_folder)
        return cf_fail(CF_ERR_INVALID, "%s: from several pictures come several: name a folder",
                       o->out);
    for (size_t i = 0; i < o->input_count && status == CF_OK; i++) {
        if (stat(o->inputs[i], &info))
            return cf_fail(CF_ERR_IO, "%s: %s", o->inputs[i], strerror(errno));
        status = add_operand(&w, o->inputs[i], &info);
    }
    return status == CF_OK ? part_namesakes(list) : status;
}

void cf_colorize_list_clear(cf_colorize_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        cf_free(list->items[i].in);
        cf_free(list->items[i].out);
    }
    cf_free(list->items);
    *list = (cf_colorize_list){0};
}
