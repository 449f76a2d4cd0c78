/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the backend of a URI and passes on to it. */
#include "capture/source.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "capture/source_backend.h"

/* A frame whose time is farther from now was not taken by this machine just now. */
#define MAX_AGE_NS ((int64_t)60 * 1000000000)

struct cf_source {
    const cf_source_backend *backend;
    void *state;
    cf_source_info info;
};

static const cf_source_backend *find(const char *uri, const char **rest) {
    const cf_source_backend *file = NULL;
    for (size_t i = 0; cf_source_backends[i]; i++) {
        size_t n = strlen(cf_source_backends[i]->scheme);
        if (!strncmp(uri, cf_source_backends[i]->scheme, n) && uri[n] == ':') {
            *rest = uri + n + 1;
            return cf_source_backends[i];
        }
        if (!strcmp(cf_source_backends[i]->scheme, "file"))
            file = cf_source_backends[i];
    }
    *rest = uri;
    return file;
}

/* "name:" where there is no file of that name: somebody means a kind of camera. */
static int names_a_kind(const char *uri) {
    size_t n = strspn(uri, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
    return n && uri[n] == ':' && access(uri, F_OK);
}

static cf_status unknown(const char *uri) {
    char known[1024] = "";
    for (size_t i = 0; cf_source_backends[i]; i++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", used ? "; " : "",
                 cf_source_backends[i]->summary);
    }
    return cf_fail(CF_ERR_UNSUPPORTED, "%s: no such kind of camera; there are %s", uri, known);
}

static cf_status check(const char *uri, const cf_source_params *p) {
    if (!uri || !*uri || strlen(uri) >= sizeof((cf_source_info *)0)->uri)
        return cf_fail(CF_ERR_INVALID, "a camera's name must have 1 to %zu characters",
                       sizeof((cf_source_info *)0)->uri - 1);
    if (p->frames < 2 || p->frames > 256)
        return cf_fail(CF_ERR_INVALID, "%s: %d frames in flight, not 2..256", uri, p->frames);
    if ((p->width || p->height) && !cf_image_size_ok(p->width, p->height))
        return cf_fail(CF_ERR_INVALID, "%s: cannot take pictures of %dx%d", uri, p->width,
                       p->height);
    if (!(p->fps >= 0 && p->fps <= 10000))
        return cf_fail(CF_ERR_INVALID, "%s: %g frames a second", uri, p->fps);
    return CF_OK;
}

cf_status cf_source_open(const char *uri, const cf_source_params *params, cf_source **out) {
    const cf_source_params defaults = CF_SOURCE_DEFAULTS;
    const char *rest;
    *out = NULL;
    if (!params)
        params = &defaults;
    CF_TRY(check(uri, params));
    const cf_source_backend *backend = find(uri, &rest);
    if (!backend || (rest == uri && names_a_kind(uri)))
        return unknown(uri);
    cf_source *s = cf_alloc(1, sizeof *s);
    if (!s)
        return CF_ERR_MEMORY;
    s->backend = backend;
    cf_status status = backend->open(rest, params, &s->info, &s->state);
    if (status != CF_OK) {
        cf_free(s);
        return status;
    }
    if (!s->info.uri[0])
        snprintf(s->info.uri, sizeof s->info.uri, "%s", uri);
    *out = s;
    return CF_OK;
}

void cf_source_close(cf_source **handle) {
    if (!handle || !*handle)
        return;
    (*handle)->backend->close((*handle)->state);
    cf_free(*handle);
    *handle = NULL;
}

const cf_source_info *cf_source_describe(const cf_source *s) {
    return &s->info;
}

cf_status cf_source_start(cf_source *s) {
    return s->backend->start(s->state);
}

static int64_t now_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* A live frame's time by the wall clock: what that clock is ahead of the monotonic one by now. */
static void tell_wall_clock(const cf_source_info *info, cf_frame *frame) {
    int64_t now = now_ns(CLOCK_MONOTONIC);
    int is_recent = frame->t_ns > 0 && llabs(now - frame->t_ns) < MAX_AGE_NS;
    if (info->is_live && is_recent && !frame->wall_ns)
        frame->wall_ns = frame->t_ns + now_ns(CLOCK_REALTIME) - now;
    if (!frame->frame_ns && info->fps > 0)
        frame->frame_ns = llround(1e9 / info->fps);
}

cf_status cf_source_next(cf_source *s, int timeout_ms, cf_frame **out) {
    *out = NULL;
    CF_TRY(s->backend->next(s->state, timeout_ms, out));
    tell_wall_clock(&s->info, *out);
    return CF_OK;
}

cf_status cf_source_set(cf_source *s, const cf_source_controls *controls) {
    return s->backend->set ? s->backend->set(s->state, controls) : CF_OK;
}

cf_source_stats cf_source_statistics(const cf_source *s) {
    cf_source_stats stats = {0};
    s->backend->statistics(s->state, &stats);
    return stats;
}

size_t cf_source_list(cf_source_listing *out, size_t max) {
    size_t count = 0;
    for (size_t i = 0; cf_source_backends[i]; i++)
        if (cf_source_backends[i]->list) {
            size_t room = count < max ? max - count : 0;
            count += cf_source_backends[i]->list(room ? out + count : out, room);
        }
    return count;
}
