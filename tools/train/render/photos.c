/* SPDX-License-Identifier: Apache-2.0 */
/* Listing, splitting and loading of photos. */
#include "tools/train/render/photos.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/log.h"
#include "tools/picture_8bit.h"

#define HELD_OUT 20 /* one photo in so many */
#define MAX_TRIES 200
#define GREY_CHROMA 6 /* mean difference of the channels, 0..255, below which a photo is grey */

typedef struct {
    char **paths;
    size_t count, room;
} path_list;

static cf_status push(path_list *list, const char *path) {
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 256;
        char **more = cf_alloc(room, sizeof *more);
        if (!more)
            return CF_ERR_MEMORY;
        for (size_t i = 0; i < list->count; i++)
            more[i] = list->paths[i];
        cf_free(list->paths);
        list->paths = more;
        list->room = room;
    }
    list->paths[list->count] = cf_strdup(path);
    return list->paths[list->count] ? (list->count++, CF_OK) : CF_ERR_MEMORY;
}

static int is_photo(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot &&
           (!strcasecmp(dot, ".jpg") || !strcasecmp(dot, ".jpeg") || !strcasecmp(dot, ".png"));
}

static cf_status walk(const char *folder, int depth, path_list *list) {
    char path[4096];
    DIR *dir = opendir(folder);
    cf_status status = CF_OK;
    if (!dir)
        return cf_fail(CF_ERR_IO, "%s: cannot read the folder: %s", folder, strerror(errno));
    for (struct dirent *e; status == CF_OK && (e = readdir(dir));) {
        struct stat st;
        if (e->d_name[0] == '.' ||
            snprintf(path, sizeof path, "%s/%s", folder, e->d_name) >= (int)sizeof path ||
            lstat(path, &st))
            continue;
        if (S_ISDIR(st.st_mode) && depth < 16)
            status = walk(path, depth + 1, list);
        else if (S_ISREG(st.st_mode) && is_photo(e->d_name))
            status = push(list, path);
    }
    closedir(dir);
    return status;
}

/* FNV-1a of the file's name, without its folder. */
static int is_held_out(const char *path) {
    const char *name = strrchr(path, '/');
    uint32_t hash = 2166136261U;
    for (name = name ? name + 1 : path; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619U;
    return (hash >> 8) % HELD_OUT == 0;
}

static int by_split_then_name(const void *a, const void *b) {
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    int sides = is_held_out(x) - is_held_out(y);
    return sides ? sides : strcmp(x, y);
}

cf_status cf_photo_set_open(const char *folder, int min_side, cf_photo_set *out) {
    path_list list = {0};
    *out = (cf_photo_set){.min_side = min_side};
    cf_status status = walk(folder, 0, &list);
    out->paths = list.paths;
    out->count = list.count;
    if (status == CF_OK && list.count)
        qsort(list.paths, list.count, sizeof *list.paths, by_split_then_name);
    while (out->train < out->count && !is_held_out(out->paths[out->train]))
        out->train++;
    if (status == CF_OK && !out->train)
        status =
            cf_fail(CF_ERR_INVALID, "%s: no photos (*.jpg, *.jpeg, *.png) to train on", folder);
    if (status != CF_OK)
        cf_photo_set_free(out);
    return status;
}

void cf_photo_set_free(cf_photo_set *set) {
    for (size_t i = 0; i < set->count; i++)
        cf_free(set->paths[i]);
    cf_free(set->paths);
    *set = (cf_photo_set){0};
}

/* Mean distance of red and blue from green; a photo that is nearly grey teaches no colour. */
static int is_grey(const cf_image *photo) {
    double sum = 0;
    for (int y = 0; y < photo->height; y += 4) {
        const unsigned char *p = cf_image_row(photo, 0, y);
        for (int x = 0; x < photo->width; x++, p += 3)
            sum += abs(p[0] - p[1]) + abs(p[2] - p[1]);
    }
    return sum < GREY_CHROMA * (double)photo->width * ((photo->height + 3) / 4);
}

static float linear_of(int code) {
    float s = (float)code / 255;
    return s <= 0.04045F ? s / 12.92F : powf((s + 0.055F) / 1.055F, 2.4F);
}

static cf_status linearise(const cf_image *photo, cf_image *out) {
    float table[256];
    CF_TRY(cf_image_alloc(photo->width, photo->height, 1, CF_PIXEL_RGBF32, out));
    for (int i = 0; i < 256; i++)
        table[i] = linear_of(i);
    for (int y = 0; y < photo->height; y++) {
        const unsigned char *from = cf_image_row(photo, 0, y);
        float *to = cf_image_row(out, 0, y);
        for (int i = 0; i < 3 * photo->width; i++)
            to[i] = table[from[i]];
    }
    return CF_OK;
}

cf_status cf_photo_draw(const cf_photo_set *set, int held_out, cf_random *random, cf_image *out) {
    size_t first = held_out && set->count > set->train ? set->train : 0;
    size_t room = first ? set->count - set->train : set->train;
    for (int i = 0; i < MAX_TRIES; i++) {
        cf_image photo;
        const char *path = set->paths[first + (size_t)(cf_random_uniform(random) * (double)room)];
        if (cf_picture_read_8bit(path, &photo) != CF_OK)
            continue; /* it has logged why */
        int small = photo.width < photo.height ? photo.width : photo.height;
        int large = photo.width + photo.height - small;
        int usable = small >= set->min_side && large <= 4 * small && !is_grey(&photo);
        cf_status status = usable ? linearise(&photo, out) : CF_OK;
        cf_image_free(&photo);
        if (usable)
            return status;
    }
    return cf_fail(CF_ERR_FORMAT, "none of %d photos drawn is in colour and has %d pixels a side",
                   MAX_TRIES, set->min_side);
}
