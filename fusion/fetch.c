/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `fetch`. */
#include "fusion/fetch.h"

#include <math.h>

#include "base/log.h"
#include "fusion/lookup_ref.h"
#include "fusion/resample.h"

CF_CL_SOURCE(fetch);

static const cf_fetch_params defaults = CF_FETCH_DEFAULTS;

#define FIELD(name) offsetof(cf_fetch_params, name)
static const cf_option options[] = {
    {"width", CF_OPTION_INT, FIELD(width), 1, 0, CF_IMAGE_MAX_SIDE, "columns, 0 as disparity"},
    {"height", CF_OPTION_INT, FIELD(height), 1, 0, CF_IMAGE_MAX_SIDE, "rows, 0 as disparity"},
    {"back-step-log2", CF_OPTION_INT, FIELD(back_step_log2), 1, 3, 6,
     "pixels between nodes of back, as a power"},
    {"color-step-log2", CF_OPTION_INT, FIELD(color_step_log2), 1, 3, 6,
     "pixels between nodes of color, as a power"},
    {"samples", CF_OPTION_INT, FIELD(samples), 1, 1, 8, "points averaged along each side"},
    CF_OPTION_END,
};

cf_fetch_params cf_fetch_params_for(const cf_rectification *geometry) {
    return (cf_fetch_params){
        .width = geometry->back.width,
        .height = geometry->back.height,
        .back_step_log2 = cf_resample_params_for(&geometry->back).step_log2,
        .color_step_log2 = cf_resample_params_for(&geometry->color).step_log2,
        .samples = cf_map_samples(geometry->color_scale),
    };
}

static cf_status bind(const cf_stage_context *context, void *params) {
    if (context->geometry)
        *(cf_fetch_params *)params = cf_fetch_params_for(context->geometry);
    return CF_OK;
}

static cf_status shape(const cf_stage_io *io, const void *params, int port, int *width,
                       int *height) {
    const cf_fetch_params *p = params;
    (void)port;
    *width = p->width ? p->width : io->in[1].width;
    *height = p->height ? p->height : io->in[1].height;
    return CF_OK;
}

static cf_status run_ref(const cf_stage_io *io, const void *params) {
    if (io->in[0].planes > CF_LOOKUP_MAX_PLANES)
        return cf_fail(CF_ERR_INVALID, "fetch: more than %d planes", CF_LOOKUP_MAX_PLANES);
    return cf_fetch_ref(io, params);
}

#define MAP_ARGS(set, step_log2)                                                                   \
    CF_BUF((set)->buf), CF_INT((set)->width), CF_INT((set)->height), CF_INT((set)->pitch),         \
        CF_FLOAT(1.0F / (float)(1 << (step_log2)))

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_fetch_params *p = params;
    const cf_plane_set *in = &io->in[0], *d = &io->in[1], *c = &io->in[2];
    const cf_plane_set *out = &io->out[0], *match = &io->out[1];
    return cf_launch(
        cl, &cf_kernel_fetch, "fetch", "", CF_RANGE((out->width + 15) / 16, out->height, 16, 1),
        CF_ARGS(CF_BUF(in->buf), CF_INT(in->width), CF_INT(in->height), CF_INT(in->pitch),
                CF_INT(in->planes), CF_BUF(d->buf), CF_INT(d->width), CF_INT(d->height),
                CF_INT(d->pitch), CF_BUF(c->buf), CF_INT(c->pitch),
                MAP_ARGS(&io->in[3], p->back_step_log2), MAP_ARGS(&io->in[4], p->color_step_log2),
                CF_BUF(out->buf), CF_INT(out->pitch), CF_BUF(match->buf), CF_INT(match->pitch),
                CF_INT(out->width), CF_INT(out->height), CF_INT(p->samples)));
}

/* Nodes in order with a little unrest, so that positions lie in and around the picture. */
static void test_input(int port, cf_plane_set *set, unsigned seed) {
    for (int y = 0; port >= 3 && y < set->height; y++)
        for (int x = 0; x < set->width; x++) {
            float unrest = sinf((float)(x * 3 + y * 5 + port) + (float)seed);
            cf_row(set, 0, y)[x] = 7.75F * (float)x + unrest + (port == 4 ? 5.3F : 0);
            cf_row(set, 1, y)[x] = 7.5F * (float)y + 1.1F - unrest;
        }
}

const cf_stage cf_stage_fetch = {
    .name = "fetch",
    .summary = "the colour of every mono pixel, by its disparity",
    .in = {{.name = "picture", .domain = CF_DOMAIN_LINEAR, .size = CF_SIZE_FREE},
           {.name = "disparity", .domain = CF_DOMAIN_DISPARITY, .planes = 1, .size = CF_SIZE_FREE},
           {.name = "confidence", .domain = CF_DOMAIN_UNIT, .planes = 1, .like = 1},
           {.name = "back", .domain = CF_DOMAIN_COORDINATE, .planes = 2, .size = CF_SIZE_FREE},
           {.name = "color", .domain = CF_DOMAIN_COORDINATE, .planes = 2, .size = CF_SIZE_FREE}},
    .out = {{.name = "fetched", .domain = CF_DOMAIN_LINEAR, .size = CF_SIZE_FREE},
            {.name = "match", .domain = CF_DOMAIN_UNIT, .planes = 1, .size = CF_SIZE_FREE}},
    .params_size = sizeof(cf_fetch_params),
    .defaults = &defaults,
    .options = options,
    .margin = -1,
    .tol_max = 1e-4,
    .tol_mean = 1e-6,
    .tol_why = "fused multiplications in the 16-pixel sum",
    .shape = shape,
    .bind = bind,
    .run_ref = run_ref,
    .run_cl = run_cl,
    .test_input = test_input,
};
