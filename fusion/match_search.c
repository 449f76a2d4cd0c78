/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `match_search`. */
#include "fusion/match_search.h"

#include <math.h>

#include "fusion/match_prepare.h"

CF_CL_SOURCE(match_search);

static const cf_match_search_params defaults = CF_MATCH_SEARCH_DEFAULTS;

#define FIELD(member) offsetof(cf_match_search_params, member)
static const cf_option options[] = {
    {"d-min", CF_OPTION_INT, FIELD(d_min), 1, -64, 512, "smallest disparity, coarse pixels"},
    {"count", CF_OPTION_INT, FIELD(count), 1, 1, 256, "disparities searched"},
    {"radius", CF_OPTION_INT, FIELD(radius), 1, 1, 2, "of the averaging window, coarse pixels"},
    {"p1", CF_OPTION_INT, FIELD(p1), 1, 0, 1000, "cost of a disparity step of 1"},
    {"p2", CF_OPTION_INT, FIELD(p2), 1, 0, 1000, "cost of a larger step in a flat place"},
    {"p2-min", CF_OPTION_INT, FIELD(p2_min), 1, 0, 1000, "cost of a larger step at an edge"},
    {"truncate", CF_OPTION_INT, FIELD(truncate), 1, 0, 120, "largest intensity cost"},
    {"outside", CF_OPTION_INT, FIELD(outside), 1, 0, 140, "cost outside the right picture"},
    CF_OPTION_END,
};

static cf_status bind(const cf_stage_context *context, void *params) {
    cf_match_search_params *p = params;
    int level = cf_match_level(context);
    float dark, noise = cf_match_noise(context, &dark) / (float)level;
    int d_max = (int)ceilf(context->disparity_max / (float)level);
    p->d_min = (int)floorf(context->disparity_min / (float)level);
    p->count = d_max - p->d_min + 1;
    p->radius = noise > 0.03F ? 2 : 1;
    return cf_options_check("match_search", options, p);
}

/* Scratch of a run, and what the kernels derive from the sizes; offset as in the kernels. */
typedef struct {
    int width, height, stride, offset, pad, total, other_total;
    cf_buffer *reference, *other, *cost, *sum;
} search;

static int positive(int v) {
    return v > 0 ? v : 0;
}

/* Sizes for view 0 (left) or 1 (right) as the reference. */
static search plan(const cf_stage_io *io, const cf_match_search_params *p, int view) {
    search s = {.width = io->in[0].width, .height = io->in[0].height};
    s.stride = (p->count + 15) / 16 * 16;
    s.offset = view ? p->d_min : 1 - p->d_min - p->count;
    s.pad = positive(-s.offset) + p->radius;
    s.total = s.width + 2 * p->radius + 16; /* rows are written 16 at a time */
    s.other_total = s.pad + s.width + positive(s.offset + s.stride - 1) + p->radius + 16;
    return s;
}

static cf_status run_features(cf_cl *cl, const search *s, const cf_plane_set *in, int span, int pad,
                              int total, const cf_buffer *out) {
    return cf_launch(cl, &cf_kernel_match_search, "features", "",
                     CF_RANGE((s->width + 15) / 16, s->height, 1, 1),
                     CF_ARGS(CF_BUF(in->buf), CF_INT(in->pitch), CF_INT(s->width),
                             CF_INT(s->height), CF_INT(span), CF_INT(pad), CF_INT(total),
                             CF_BUF(out)));
}

static cf_status run_costs(cf_cl *cl, const search *s, const cf_match_search_params *p) {
    const cf_range range = {
        {(size_t)s->stride / 16, ((size_t)s->width + 63) / 64, ((size_t)s->height + 31) / 32},
        {1, 1, 1}};
    return cf_launch(cl, &cf_kernel_match_search, "costs", "", range,
                     CF_ARGS(CF_BUF(s->reference), CF_INT(s->total), CF_BUF(s->other),
                             CF_INT(s->other_total), CF_INT(s->pad), CF_INT(s->width),
                             CF_INT(s->height), CF_INT(p->count), CF_INT(s->offset),
                             CF_INT(p->radius), CF_INT(p->truncate), CF_INT(p->outside),
                             CF_BUF(s->cost)));
}

static cf_status run_paths(cf_cl *cl, const search *s, const cf_plane_set *in,
                           const cf_match_search_params *p, const char *kernel, int items) {
    return cf_launch(cl, &cf_kernel_match_search, kernel, "", CF_RANGE(items, 1, 1, 1),
                     CF_ARGS(CF_BUF(in->buf), CF_INT(in->pitch), CF_INT(s->width),
                             CF_INT(s->height), CF_INT(p->count), CF_INT(p->p1), CF_INT(p->p2),
                             CF_INT(p->p2_min), CF_BUF(s->cost), CF_BUF(s->sum)));
}

static cf_status get_scratch(cf_cl *cl, search *s) {
    size_t rows = (size_t)s->height, cells = rows * (size_t)s->width * (size_t)s->stride;
    CF_TRY(cf_buffer_get(cl, rows * (size_t)s->total * 6, &s->reference));
    CF_TRY(cf_buffer_get(cl, rows * (size_t)s->other_total * 6, &s->other));
    CF_TRY(cf_buffer_get(cl, cells, &s->cost));
    return cf_buffer_get(cl, cells * 2, &s->sum);
}

static cf_status search_view(cf_cl *cl, search *s, const cf_stage_io *io,
                             const cf_match_search_params *p, int view) {
    const cf_plane_set *in = &io->in[view], *other = &io->in[1 - view], *out = &io->out[view];
    CF_TRY(get_scratch(cl, s));
    CF_TRY(run_features(cl, s, in, 0, p->radius, s->total, s->reference));
    CF_TRY(run_features(cl, s, other, 1, s->pad, s->other_total, s->other));
    CF_TRY(run_costs(cl, s, p));
    CF_TRY(run_paths(cl, s, in, p, "rows", s->height));
    CF_TRY(run_paths(cl, s, in, p, "columns", (s->width + 7) / 8));
    return cf_launch(cl, &cf_kernel_match_search, "choose", "", CF_RANGE(s->height, 1, 1, 1),
                     CF_ARGS(CF_BUF(s->sum), CF_INT(s->width), CF_INT(s->height), CF_INT(p->count),
                             CF_INT(view ? p->d_min : p->d_min + p->count - 1),
                             CF_INT(view ? 1 : -1), CF_BUF(out->buf), CF_INT(out->pitch)));
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    cf_status status = CF_OK;
    for (int view = 0; status == CF_OK && view < 2; view++) {
        search s = plan(io, params, view);
        status = search_view(cl, &s, io, params, view);
        cf_buffer_put(&s.reference);
        cf_buffer_put(&s.other);
        cf_buffer_put(&s.cost);
        cf_buffer_put(&s.sum);
    }
    return status;
}

const cf_stage cf_stage_match_search = {
    .name = "match_search",
    .summary = "semi-global matching over the whole range",
    .in = {{.name = "left", .domain = CF_DOMAIN_CODES, .planes = 1, .elem = 1},
           {.name = "right", .domain = CF_DOMAIN_CODES, .planes = 1, .elem = 1}},
    .out = {{.name = "disparity", .domain = CF_DOMAIN_DISPARITY, .planes = 1},
            {.name = "right_disparity", .domain = CF_DOMAIN_DISPARITY, .planes = 1}},
    .params_size = sizeof(cf_match_search_params),
    .defaults = &defaults,
    .options = options,
    .margin = -1,
    .tol_max = 1e-5,
    .tol_mean = 1e-6,
    .tol_why = "integers but for the division of the sub-pixel fraction",
    .bind = bind,
    .run_ref = cf_match_search_ref,
    .run_cl = run_cl,
};
