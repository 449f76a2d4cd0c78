/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the backend of a target and passes on to it. */
#include "capture/sink.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "capture/sink_backend.h"

struct cf_sink {
    const cf_sink_backend *backend;
    void *state;
    int width, height;
    cf_pixel format;
};

static cf_status unknown(const char *target) {
    char known[512] = "";
    for (size_t i = 0; cf_sink_backends[i]; i++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "",
                 cf_sink_backends[i]->summary);
    }
    return cf_fail(CF_ERR_UNSUPPORTED, "%s: where is that to go? Known are %s", target, known);
}

static const cf_sink_backend *find(const char *target) {
    for (size_t i = 0; cf_sink_backends[i]; i++)
        if (cf_sink_backends[i]->takes(target))
            return cf_sink_backends[i];
    return NULL;
}

cf_status cf_sink_check(const char *target, int *keeps_all) {
    const cf_sink_backend *backend = find(target);
    *keeps_all = backend && backend->keeps_all;
    return backend ? CF_OK : unknown(target);
}

cf_status cf_sink_open(const char *target, const cf_sink_params *params, cf_sink **out) {
    const cf_sink_backend *backend = find(target);
    *out = NULL;
    if (!cf_image_size_ok(params->width, params->height) ||
        !(params->fps > 0 && params->fps <= 10000))
        return cf_fail(CF_ERR_INVALID, "%s: pictures of %dx%d, %g a second", target, params->width,
                       params->height, params->fps);
    if (!backend)
        return unknown(target);
    if (params->depth == 16 && !backend->is_deep)
        return cf_fail(CF_ERR_UNSUPPORTED, "%s: takes 8 bits a sample, not 16", target);
    cf_sink *s = cf_alloc(1, sizeof *s);
    if (!s)
        return CF_ERR_MEMORY;
    *s = (cf_sink){.backend = backend,
                   .width = params->width,
                   .height = params->height,
                   .format = params->depth == 16 ? CF_PIXEL_RGB16 : CF_PIXEL_RGB8};
    cf_status status = backend->open(target, params, &s->state);
    if (status != CF_OK) {
        cf_free(s);
        return status;
    }
    *out = s;
    return CF_OK;
}

cf_status cf_sink_write(cf_sink *s, const cf_image *picture, int64_t t_ns) {
    if (picture->format != s->format || picture->width != s->width || picture->height != s->height)
        return cf_fail(CF_ERR_INVALID, "sink: a picture of %dx%d, not RGB%d of %dx%d",
                       picture->width, picture->height, s->format == CF_PIXEL_RGB16 ? 16 : 8,
                       s->width, s->height);
    return s->backend->write(s->state, picture, t_ns);
}

int cf_sink_keeps_all(const cf_sink *s) {
    return s->backend->keeps_all;
}

cf_status cf_sink_close(cf_sink **handle, int keep) {
    if (!handle || !*handle)
        return CF_OK;
    cf_status status = (*handle)->backend->close((*handle)->state, keep);
    cf_free(*handle);
    *handle = NULL;
    return status;
}
