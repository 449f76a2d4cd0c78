/* SPDX-License-Identifier: Apache-2.0 */
/* Makes stage inputs, runs reference and kernel, compares. */
#include "isp/stage_case.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"

#define GUARD 256
#define GUARD_BYTE 0xa5

static unsigned next(unsigned *state) { /* xorshift32 */
    unsigned x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

static float uniform(unsigned *state) {
    return (float)(next(state) >> 8) * (1.0F / 16777216);
}

/* Smooth structure plus noise in the usual range of the domain. */
static float draw(cf_domain domain, int width, int height, int plane, int x, int y,
                  unsigned *state) {
    float u = uniform(state);
    float wave = 0.5F + 0.35F * sinf((float)x * 0.21F + (float)plane) *
                            cosf((float)y * 0.17F - (float)plane);
    switch (domain) {
    case CF_DOMAIN_CODES: return u * 65535;
    case CF_DOMAIN_RAW:
    case CF_DOMAIN_LINEAR: return wave + 0.2F * (u - 0.5F);
    case CF_DOMAIN_STABLE: return 60 * wave + 4 * (u - 0.5F);
    case CF_DOMAIN_ENCODED:
    case CF_DOMAIN_UNIT: return u;
    case CF_DOMAIN_COORDINATE:
        return (plane & 1) ? (float)y + 3 * (u - 0.5F) + 0.01F * (float)height
                           : (float)x + 3 * (u - 0.5F) + 0.01F * (float)width;
    case CF_DOMAIN_DISPARITY: return 12 * wave + u;
    case CF_DOMAIN_CHROMA: return 2 * wave - 1 + 0.2F * (u - 0.5F);
    case CF_DOMAIN_SIGMA: return 0.02F * u;
    case CF_DOMAIN_COST: return u * 64;
    case CF_DOMAIN_GAIN: return 0.75F + 0.5F * u;
    case CF_DOMAIN_LAB: return 90 * wave + 8 * (u - 0.5F) + (plane ? -45.0F : 0.0F);
    case CF_DOMAIN_TABLE: return u;
    }
    return u;
}

static void fill_row(cf_plane_set *set, int plane, int y, const cf_case_spec *spec,
                     unsigned *state) {
    size_t start = ((size_t)plane * (size_t)set->height + (size_t)y) * (size_t)set->pitch;
    for (int x = 0; x < set->pitch; x++) {
        float v = draw(set->domain, set->width, set->height, plane, x, y, state);
        if (x >= set->width)
            v = NAN; /* padding is nobody's */
        else if (spec->poison && next(state) % 97 == 0)
            v = next(state) % 2 ? NAN : INFINITY;
        if (set->elem == 4)
            ((float *)set->data)[start + (size_t)x] = v;
        else if (set->elem == 2)
            ((unsigned short *)set->data)[start + (size_t)x] =
                (unsigned short)(isfinite(v) ? v : 65535);
        else
            ((unsigned char *)set->data)[start + (size_t)x] =
                (unsigned char)(isfinite(v) ? fmodf(fabsf(v), 256) : 255);
    }
}

static void size_input(const cf_stage *stage, const cf_case_spec *spec, const cf_stage_io *io,
                       int index, cf_plane_set *set) {
    const cf_port *port = &stage->in[index];
    int step = port->size == CF_SIZE_HALF ? 2 : port->size == CF_SIZE_QUARTER ? 4 : 1;
    int multiple = stage->multiple ? stage->multiple : 1;
    set->width = (spec->width + multiple - 1) / multiple * multiple;
    set->height = (spec->height + multiple - 1) / multiple * multiple;
    if (port->size != CF_SIZE_FREE && port->like != index) {
        set->width = (io->in[port->like].width + step - 1) / step;
        set->height = (io->in[port->like].height + step - 1) / step;
    }
    set->planes = port->planes ? port->planes : index ? io->in[0].planes : 3;
    set->elem = port->elem ? port->elem : 4;
    set->pitch = CF_PITCH(set->width) + spec->extra_pitch;
    set->domain = port->domain;
}

static cf_status upload(cf_cl *cl, const cf_plane_set *host, cf_plane_set *device) {
    size_t bytes = cf_plane_set_bytes(host) + GUARD;
    *device = *host;
    device->data = NULL;
    CF_TRY(cf_buffer_get(cl, bytes, &device->buf));
    return cf_buffer_write(device->buf, 0, host->data, bytes);
}

static cf_status make_inputs(cf_stage_case *c, const cf_case_spec *spec) {
    unsigned state = spec->seed * 2654435761U + 1;
    for (int i = 0; i < CF_STAGE_PORTS && c->stage->in[i].name; i++) {
        cf_plane_set *set = &c->host.in[i];
        size_input(c->stage, spec, &c->host, i, set);
        set->data = cf_alloc(cf_plane_set_bytes(set) + GUARD, 1);
        if (!set->data)
            return CF_ERR_MEMORY;
        for (int p = 0; p < set->planes; p++)
            for (int y = 0; y < set->height; y++)
                fill_row(set, p, y, spec, &state);
        if (c->stage->test_input)
            c->stage->test_input(i, set, spec->seed);
        if (c->cl)
            CF_TRY(upload(c->cl, set, &c->device.in[i]));
    }
    return CF_OK;
}

static cf_status make_outputs(cf_stage_case *c, const cf_case_spec *spec) {
    for (int i = 0; i < CF_STAGE_PORTS && c->stage->out[i].name; i++) {
        cf_plane_set *set = &c->host.out[i];
        CF_TRY(cf_stage_shape(c->stage, &c->host, c->params, i, set));
        set->pitch += spec->extra_pitch;
        size_t bytes = cf_plane_set_bytes(set);
        set->data = cf_alloc(bytes + GUARD, 1);
        if (!set->data)
            return CF_ERR_MEMORY;
        memset(set->data, GUARD_BYTE, bytes + GUARD);
        if (c->cl)
            CF_TRY(upload(c->cl, set, &c->device.out[i]));
    }
    return CF_OK;
}

cf_status cf_stage_case_create(const cf_stage *stage, const void *params, const cf_case_spec *spec,
                               cf_cl *cl, cf_stage_case **out) {
    *out = NULL;
    cf_stage_case *c = cf_alloc(1, sizeof *c);
    if (!c)
        return CF_ERR_MEMORY;
    c->stage = stage;
    c->params = params ? params : stage->defaults;
    c->cl = cl;
    cf_status status = make_inputs(c, spec);
    if (status == CF_OK)
        status = make_outputs(c, spec);
    if (status == CF_OK && cl)
        status = cf_stage_prepare(stage, cl, &c->device, c->params, &c->device.state);
    if (status != CF_OK) {
        cf_stage_case_destroy(&c);
        return status;
    }
    *out = c;
    return CF_OK;
}

void cf_stage_case_destroy(cf_stage_case **handle) {
    if (!handle || !*handle)
        return;
    cf_stage_case *c = *handle;
    cf_stage_release(c->stage, &c->device.state);
    for (int i = 0; i < CF_STAGE_PORTS; i++) {
        cf_free(c->host.in[i].data);
        cf_free(c->host.out[i].data);
        cf_buffer_put(&c->device.in[i].buf);
        cf_buffer_put(&c->device.out[i].buf);
    }
    cf_free(c);
    *handle = NULL;
}

static double sample(const cf_plane_set *set, const void *data, size_t index) {
    if (set->elem == 4)
        return (double)((const float *)data)[index];
    return set->elem == 2 ? ((const unsigned short *)data)[index]
                          : ((const unsigned char *)data)[index];
}

typedef struct {
    double sum;
    size_t count;
} running_mean;

static void compare_sample(const cf_plane_set *set, const void *kernel, int port, int plane, int x,
                           int y, cf_case_result *r, running_mean *mean) {
    size_t index =
        ((size_t)plane * (size_t)set->height + (size_t)y) * (size_t)set->pitch + (size_t)x;
    double k = sample(set, kernel, index), ref = sample(set, set->data, index);
    if (!isfinite(k) || !isfinite(ref)) {
        r->finite_mismatch += isfinite(k) != isfinite(ref);
        return;
    }
    double error = fabs(k - ref) / fmax(1, fabs(ref));
    mean->sum += error;
    mean->count++;
    if (error > r->max_error) {
        r->max_error = error;
        r->worst_port = port;
        r->worst_plane = plane;
        r->worst_x = x;
        r->worst_y = y;
        r->worst_kernel = (float)k;
        r->worst_reference = (float)ref;
    }
}

static int guard_intact(const unsigned char *guard) {
    for (int i = 0; i < GUARD; i++)
        if (guard[i] != GUARD_BYTE)
            return 0;
    return 1;
}

static cf_status compare_port(cf_stage_case *c, int port, cf_case_result *r, running_mean *mean) {
    const cf_plane_set *set = &c->host.out[port];
    size_t bytes = cf_plane_set_bytes(set);
    unsigned char *kernel = cf_alloc(bytes + GUARD, 1);
    if (!kernel)
        return CF_ERR_MEMORY;
    cf_status status = cf_buffer_read(c->device.out[port].buf, 0, kernel, bytes + GUARD);
    for (int p = 0; status == CF_OK && p < set->planes; p++)
        for (int y = 0; y < set->height; y++)
            for (int x = 0; x < set->width; x++)
                compare_sample(set, kernel, port, p, x, y, r, mean);
    r->guard_broken += status == CF_OK && !(guard_intact(kernel + bytes) &&
                                            guard_intact((unsigned char *)set->data + bytes));
    cf_free(kernel);
    return status;
}

cf_status cf_stage_case_compare(cf_stage_case *c, cf_case_result *result) {
    running_mean mean = {0};
    *result = (cf_case_result){0};
    CF_TRY(cf_stage_run_ref(c->stage, &c->host, c->params));
    CF_TRY(cf_stage_run_cl(c->stage, c->cl, &c->device, c->params));
    CF_TRY(cf_cl_finish(c->cl));
    for (int i = 0; i < CF_STAGE_PORTS && c->stage->out[i].name; i++)
        CF_TRY(compare_port(c, i, result, &mean));
    result->mean_error = mean.count ? mean.sum / (double)mean.count : 0;
    return CF_OK;
}

cf_status cf_stage_case_launch(cf_stage_case *c) {
    return cf_stage_run_cl(c->stage, c->cl, &c->device, c->params);
}
