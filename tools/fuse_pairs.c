/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the pairs of raw files that a `fuse` command line means. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "capture/recording.h"
#include "tools/fuse_job.h"

cf_status cf_temporal_parse(const char *value, cf_temporal *out) {
    *out = !strcmp(value, "on") ? CF_TEMPORAL_ON : CF_TEMPORAL_OFF;
    return !strcmp(value, "on") || !strcmp(value, "off")
               ? CF_OK
               : cf_fail(CF_ERR_INVALID, "--temporal is on or off, not '%s'", value);
}

int cf_is_folder(const char *path) {
    struct stat st;
    return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static char *join(const char *folder, const char *name, const char *suffix) {
    size_t bytes = strlen(folder) + strlen(name) + strlen(suffix) + 2;
    char *path = cf_alloc(bytes, 1);
    if (path)
        snprintf(path, bytes, "%s/%s%s", folder, name, suffix);
    return path;
}

static cf_status pair_up(const cf_fuse_options *o, const char *mono, const char *color,
                         const cf_recording_camera *m, const cf_recording_camera *c,
                         cf_fuse_pair *pairs) {
    for (size_t i = 0; i < m->count; i++) {
        char stem[sizeof m->frames->file];
        snprintf(stem, sizeof stem, "%s", m->frames[i].file);
        char *dot = strrchr(stem, '.');
        if (dot)
            *dot = '\0';
        pairs[i].mono = join(mono, m->frames[i].file, "");
        pairs[i].color = join(color, c->frames[i].file, "");
        pairs[i].out = join(o->out, stem, ".png");
        if (!pairs[i].mono || !pairs[i].color || !pairs[i].out)
            return CF_ERR_MEMORY;
    }
    return CF_OK;
}

static cf_status find_in_folders(const cf_fuse_options *o, const char *mono, const char *color,
                                 cf_fuse_pair **pairs, size_t *count) {
    cf_recording_camera m, c = {0};
    cf_status status = cf_recording_list_folder(mono, &m);
    if (status == CF_OK)
        status = cf_recording_list_folder(color, &c);
    if (status == CF_OK && m.count != c.count)
        status =
            cf_fail(CF_ERR_INVALID, "%s has %zu files, %s has %zu: they must pair up one to one",
                    mono, m.count, color, c.count);
    if (status == CF_OK && mkdir(o->out, 0777) && errno != EEXIST)
        status = cf_fail(CF_ERR_IO, "%s: %s", o->out, strerror(errno));
    if (status == CF_OK) {
        *pairs = cf_alloc(m.count, sizeof **pairs);
        *count = m.count;
        status = *pairs ? pair_up(o, mono, color, &m, &c, *pairs) : CF_ERR_MEMORY;
    }
    cf_free(m.frames);
    cf_free(c.frames);
    return status;
}

/* --- recordings --- */

static int is_readable(const char *path) {
    return path && !access(path, R_OK);
}

/* One pair of the log; a pair without its files is left out and 0 comes back. */
static int take_pair(const cf_fuse_options *o, const char *folder,
                     const cf_recording_frame *const frame[2], cf_fuse_pair *out) {
    char stem[sizeof frame[0]->file];
    const char *slash = strrchr(frame[0]->file, '/');
    snprintf(stem, sizeof stem, "%s", slash ? slash + 1 : frame[0]->file);
    char *dot = strrchr(stem, '.');
    if (dot)
        *dot = '\0';
    out->mono = join(folder, frame[0]->file, "");
    out->color = join(folder, frame[1]->file, "");
    out->out = join(o->out, stem, ".png");
    out->mono_gain = frame[0]->mono_gain;
    out->is_recorded = 1;
    if (is_readable(out->mono) && is_readable(out->color) && out->out)
        return 1;
    cf_log(CF_LOG_WARNING, "%s: pair %llu is left out: %s is not there", folder,
           (unsigned long long)frame[0]->index, frame[is_readable(out->mono)]->file);
    cf_free(out->mono);
    cf_free(out->color);
    cf_free(out->out);
    *out = (cf_fuse_pair){0};
    return 0;
}

static cf_status pairs_of_log(const cf_fuse_options *o, const cf_recording *r, cf_fuse_pair **pairs,
                              size_t *count) {
    const cf_recording_frame *frame[2];
    size_t at[2] = {0, 0}, room = r->camera[0].count, seen = 0;
    *pairs = cf_alloc(room, sizeof **pairs);
    if (!*pairs)
        return CF_ERR_MEMORY;
    for (; cf_recording_next_pair(r, at, frame); seen++)
        *count += (size_t)take_pair(o, r->folder, frame, &(*pairs)[*count]);
    size_t alone = r->camera[0].count + r->camera[1].count - 2 * seen;
    if (alone)
        cf_log(CF_LOG_WARNING, "%s: %zu frames without a partner are left out", r->folder, alone);
    if (!*count)
        return cf_fail(CF_ERR_IO, "%s: has no pair whose files are there", r->folder);
    if (mkdir(o->out, 0777) && errno != EEXIST)
        return cf_fail(CF_ERR_IO, "%s: %s", o->out, strerror(errno));
    return CF_OK;
}

/* By the log where there is a good one, else in the order of the names. */
static cf_status find_in_recording(const cf_fuse_options *o, const char *folder, const char *mono,
                                   const char *color, cf_fuse_pair **pairs, size_t *count) {
    cf_recording *recording;
    char *log = join(folder, CF_RECORDING_LOG, "");
    int has_log = is_readable(log);
    cf_free(log);
    if (!has_log)
        return find_in_folders(o, mono, color, pairs, count);
    CF_TRY(cf_recording_open(folder, &recording));
    cf_status status = recording->has_log ? pairs_of_log(o, recording, pairs, count)
                                          : find_in_folders(o, mono, color, pairs, count);
    cf_recording_close(&recording);
    return status;
}

static cf_status find_recording(const cf_fuse_options *o, cf_fuse_pair **pairs, size_t *count) {
    char *mono = join(o->mono, "mono", ""), *color = join(o->mono, "color", "");
    cf_status status = mono && color ? CF_OK : CF_ERR_MEMORY;
    if (status == CF_OK && (!cf_is_folder(mono) || !cf_is_folder(color)))
        status = cf_fail(CF_ERR_INVALID,
                         "%s: is no recording (it has no mono/ and color/); give the colour "
                         "camera's folder with --color",
                         o->mono);
    if (status == CF_OK)
        status = find_in_recording(o, o->mono, mono, color, pairs, count);
    cf_free(mono);
    cf_free(color);
    return status;
}

/* The folder whose mono/ and color/ these two are, in `out`; 0 when they are not of one. */
static int share_recording(const char *mono, const char *color, char out[PATH_MAX]) {
    char other[PATH_MAX];
    if (!realpath(mono, out) || !realpath(color, other))
        return 0;
    char *a = strrchr(out, '/'), *b = strrchr(other, '/');
    if (!a || !b || strcmp(a, "/mono") != 0 || strcmp(b, "/color") != 0)
        return 0;
    *a = *b = '\0';
    return *out && !strcmp(out, other);
}

static cf_status find_in_two(const cf_fuse_options *o, cf_fuse_pair **pairs, size_t *count) {
    char folder[PATH_MAX];
    if (share_recording(o->mono, o->color, folder))
        return find_in_recording(o, folder, o->mono, o->color, pairs, count);
    return find_in_folders(o, o->mono, o->color, pairs, count);
}

cf_status cf_fuse_pairs_find(const cf_fuse_options *o, cf_fuse_pair **pairs, size_t *count) {
    *pairs = NULL;
    *count = 0;
    cf_status status = CF_OK;
    int folders = cf_is_folder(o->mono);
    if (folders && (!o->color || !strcmp(o->mono, o->color)))
        status = find_recording(o, pairs, count);
    else if (folders && cf_is_folder(o->color))
        status = find_in_two(o, pairs, count);
    else if (folders || (o->color && cf_is_folder(o->color)))
        status =
            cf_fail(CF_ERR_INVALID, "--mono and --color must both be files or both be folders");
    else {
        *pairs = cf_alloc(1, sizeof **pairs);
        *count = 1;
        if (!*pairs)
            return CF_ERR_MEMORY;
        **pairs = (cf_fuse_pair){
            .mono = cf_strdup(o->mono), .color = cf_strdup(o->color), .out = cf_strdup(o->out)};
        if (!(*pairs)->mono || !(*pairs)->color || !(*pairs)->out)
            status = CF_ERR_MEMORY;
    }
    if (status != CF_OK) {
        cf_fuse_pairs_free(*pairs, *pairs ? *count : 0);
        *pairs = NULL;
    }
    return status;
}

void cf_fuse_pairs_free(cf_fuse_pair *pairs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        cf_free(pairs[i].mono);
        cf_free(pairs[i].color);
        cf_free(pairs[i].out);
    }
    cf_free(pairs);
}
