/* SPDX-License-Identifier: Apache-2.0 */
/* Checks that every stage shares, so that no stage repeats them. */
#include "isp/stage.h"

#include "base/alloc.h"
#include "base/log.h"

static void apply_rule(cf_size_rule rule, const cf_plane_set *like, int *width, int *height) {
    int step = rule == CF_SIZE_HALF ? 2 : rule == CF_SIZE_QUARTER ? 4 : 1;
    *width = (like->width + step - 1) / step;
    *height = (like->height + step - 1) / step;
}

cf_status cf_stage_shape(const cf_stage *stage, const cf_stage_io *io, const void *params, int port,
                         cf_plane_set *out) {
    const cf_port *p = &stage->out[port];
    int width = 0, height = 0;
    if (p->size == CF_SIZE_FREE)
        CF_TRY(stage->shape(io, params ? params : stage->defaults, port, &width, &height));
    else
        apply_rule(p->size, &io->in[p->like], &width, &height);
    *out = (cf_plane_set){
        .width = width,
        .height = height,
        .planes = p->planes ? p->planes : io->in[0].planes,
        .pitch = CF_PITCH(width),
        .elem = p->elem ? p->elem : 4,
        .domain = p->domain,
    };
    return CF_OK;
}

cf_status cf_stage_input_shape(const cf_stage *stage, const cf_stage_io *io, int port,
                               cf_plane_set *out) {
    const cf_port *p = &stage->in[port];
    int width = 0, height = 0;
    if (p->size == CF_SIZE_FREE || p->like >= port)
        return cf_fail(CF_ERR_INVALID, "%s: the size of %s follows from no other input",
                       stage->name, p->name);
    apply_rule(p->size, &io->in[p->like], &width, &height);
    *out = (cf_plane_set){
        .width = width,
        .height = height,
        .planes = p->planes ? p->planes : io->in[0].planes,
        .pitch = CF_PITCH(width),
        .elem = p->elem ? p->elem : 4,
        .domain = p->domain,
    };
    return CF_OK;
}

static cf_status check_set(const cf_stage *stage, const cf_port *port, const cf_plane_set *set,
                           int planes) {
    int elem = port->elem ? port->elem : 4;
    if (!cf_image_size_ok(set->width, set->height) || set->pitch < set->width || set->pitch % 16)
        return cf_fail(CF_ERR_INVALID, "%s: %s: a picture of %dx%d (pitch %d) cannot be worked on",
                       stage->name, port->name, set->width, set->height, set->pitch);
    if (set->planes != planes || set->elem != elem)
        return cf_fail(CF_ERR_INVALID, "%s: %s has %d planes of %d bytes, needs %d of %d",
                       stage->name, port->name, set->planes, set->elem, planes, elem);
    return CF_OK;
}

static cf_status check_multiple(const cf_stage *stage, const cf_plane_set *set) {
    int n = stage->multiple;
    return n && (set->width % n || set->height % n)
               ? cf_fail(CF_ERR_INVALID, "%s: %s is %dx%d, needs multiples of %d", stage->name,
                         stage->in[0].name, set->width, set->height, n)
               : CF_OK;
}

static cf_status check_inputs(const cf_stage *stage, const cf_stage_io *io) {
    for (int i = 0; i < CF_STAGE_PORTS && stage->in[i].name; i++) {
        const cf_port *p = &stage->in[i];
        CF_TRY(check_set(stage, p, &io->in[i], p->planes ? p->planes : io->in[0].planes));
        if (p->size == CF_SIZE_FREE || p->like == i)
            continue;
        int width, height;
        apply_rule(p->size, &io->in[p->like], &width, &height);
        if (io->in[i].width != width || io->in[i].height != height)
            return cf_fail(CF_ERR_INVALID, "%s: %s is %dx%d, needs %dx%d like %s", stage->name,
                           p->name, io->in[i].width, io->in[i].height, width, height,
                           stage->in[p->like].name);
    }
    return CF_OK;
}

static cf_status check(const cf_stage *stage, const cf_stage_io *io, const void *params) {
    CF_TRY(cf_options_check(stage->name, stage->options, params));
    CF_TRY(check_inputs(stage, io));
    CF_TRY(check_multiple(stage, &io->in[0]));
    for (int i = 0; i < CF_STAGE_PORTS && stage->out[i].name; i++) {
        cf_plane_set want;
        CF_TRY(cf_stage_shape(stage, io, params, i, &want));
        CF_TRY(check_set(stage, &stage->out[i], &io->out[i], want.planes));
        if (io->out[i].width != want.width || io->out[i].height != want.height)
            return cf_fail(CF_ERR_INVALID, "%s: output %s is %dx%d, must be %dx%d", stage->name,
                           stage->out[i].name, io->out[i].width, io->out[i].height, want.width,
                           want.height);
    }
    return CF_OK;
}

cf_status cf_stage_run_ref(const cf_stage *stage, const cf_stage_io *io, const void *params) {
    params = params ? params : stage->defaults;
    CF_TRY(check(stage, io, params));
    return stage->run_ref(io, params);
}

cf_status cf_stage_run_cl(const cf_stage *stage, cf_cl *cl, const cf_stage_io *io,
                          const void *params) {
    params = params ? params : stage->defaults;
    CF_TRY(check(stage, io, params));
    if (stage->prepare && !io->state)
        return cf_fail(CF_ERR_INVALID, "%s: runs before it was prepared", stage->name);
    return stage->run_cl(cl, io, params);
}

cf_status cf_stage_prepare(const cf_stage *stage, cf_cl *cl, const cf_stage_io *io,
                           const void *params, void **state) {
    *state = NULL;
    if (!stage->prepare)
        return CF_OK;
    params = params ? params : stage->defaults;
    CF_TRY(check(stage, io, params));
    *state = cf_alloc(1, stage->state_size);
    if (!*state)
        return CF_ERR_MEMORY;
    cf_status status = stage->prepare(cl, io, params, *state);
    if (status != CF_OK)
        cf_stage_release(stage, state);
    return status;
}

void cf_stage_release(const cf_stage *stage, void **state) {
    if (*state)
        stage->release(*state);
    cf_free(*state);
    *state = NULL;
}

cf_status cf_plane_set_get(cf_cl *cl, cf_plane_set *set) {
    set->buf = NULL;
    if (!set->pitch)
        set->pitch = CF_PITCH(set->width);
    if (!set->elem)
        set->elem = 4;
    return cf_buffer_get(cl, cf_plane_set_bytes(set), &set->buf);
}
