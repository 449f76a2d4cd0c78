/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `resample`, and maps on the device. */
#include "fusion/resample.h"

#include <math.h>

#include "base/log.h"
#include "fusion/lookup_ref.h"

CF_CL_SOURCE(resample);

static const cf_resample_params defaults = CF_RESAMPLE_DEFAULTS;

#define FIELD(name) offsetof(cf_resample_params, name)
static const cf_option options[] = {
    {"width", CF_OPTION_INT, FIELD(width), 1, 0, CF_IMAGE_MAX_SIDE, "output columns, 0 as input"},
    {"height", CF_OPTION_INT, FIELD(height), 1, 0, CF_IMAGE_MAX_SIDE, "output rows, 0 as input"},
    {"step-log2", CF_OPTION_INT, FIELD(step_log2), 1, 3, 6, "pixels between nodes, as a power"},
    {"kind", CF_OPTION_INT, FIELD(kind), 1, 0, 2, "0 nearest, 1 linear, 2 cubic"},
    {"samples", CF_OPTION_INT, FIELD(samples), 1, 1, 8, "points averaged along each side"},
    CF_OPTION_END,
};

int cf_map_samples(float scale) {
    return scale > 1.3F ? (int)fminf(ceilf(scale), 8) : 1;
}

static int log2_of(int step) {
    int log2 = 0;
    while (1 << log2 < step)
        log2++;
    return log2;
}

cf_resample_params cf_resample_params_for(const cf_map *map) {
    return (cf_resample_params){map->width, map->height, log2_of(map->step), CF_LOOKUP_CUBIC,
                                cf_map_samples(map->scale)};
}

cf_status cf_map_upload(cf_cl *cl, const cf_map *map, cf_plane_set *set) {
    *set = (cf_plane_set){
        .width = map->columns, .height = map->rows, .planes = 2, .domain = CF_DOMAIN_COORDINATE};
    CF_TRY(cf_plane_set_get(cl, set));
    size_t row = (size_t)map->columns * sizeof *map->xy;
    cf_status status = cf_buffer_write_rows(set->buf, 0, (size_t)set->pitch * sizeof *map->xy,
                                            map->xy, row, row, 2 * (size_t)map->rows);
    if (status != CF_OK)
        cf_buffer_put(&set->buf);
    return status;
}

/* The map from the rectified grid to the picture of the camera that the step works for. */
static const cf_map *map_for(const cf_stage_context *context) {
    const cf_rectification *g = context->geometry;
    return !g ? NULL : context->camera == context->mono ? &g->mono : &g->color;
}

static cf_status bind(const cf_stage_context *context, void *params) {
    const cf_map *map = map_for(context);
    if (map)
        *(cf_resample_params *)params = cf_resample_params_for(map);
    return CF_OK;
}

/* 1 when every pixel stays where it is. */
static int identity(const cf_stage_context *context) {
    const cf_map *map = map_for(context);
    const cf_camera_profile *camera = context->camera;
    if (!map || camera->width != map->width || camera->height != map->height)
        return 0;
    size_t count = (size_t)map->columns * (size_t)map->rows;
    for (size_t i = 0; i < count; i++) {
        float x = (float)((int)(i % (size_t)map->columns) * map->step);
        float y = (float)((int)(i / (size_t)map->columns) * map->step);
        if (!(map->xy[i] >= x && map->xy[i] <= x) ||
            !(map->xy[count + i] >= y && map->xy[count + i] <= y))
            return 0;
    }
    return 1;
}

static cf_status shape(const cf_stage_io *io, const void *params, int port, int *width,
                       int *height) {
    const cf_resample_params *p = params;
    (void)port;
    *width = p->width ? p->width : io->in[0].width;
    *height = p->height ? p->height : io->in[0].height;
    return CF_OK;
}

static cf_status run_ref(const cf_stage_io *io, const void *params) {
    if (io->in[0].planes > CF_LOOKUP_MAX_PLANES)
        return cf_fail(CF_ERR_INVALID, "resample: more than %d planes", CF_LOOKUP_MAX_PLANES);
    return cf_resample_ref(io, params);
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_resample_params *p = params;
    const cf_plane_set *in = &io->in[0], *map = &io->in[1];
    const cf_plane_set *out = &io->out[0], *valid = &io->out[1];
    return cf_launch(
        cl, &cf_kernel_resample, "resample", "",
        CF_RANGE((out->width + 15) / 16, out->height, 16, 1),
        CF_ARGS(CF_BUF(in->buf), CF_INT(in->width), CF_INT(in->height), CF_INT(in->pitch),
                CF_INT(in->planes), CF_BUF(map->buf), CF_INT(map->width), CF_INT(map->height),
                CF_INT(map->pitch), CF_FLOAT(1.0F / (float)(1 << p->step_log2)), CF_BUF(out->buf),
                CF_INT(out->pitch), CF_BUF(valid->buf), CF_INT(valid->pitch), CF_INT(out->width),
                CF_INT(out->height), CF_INT(p->kind), CF_INT(p->samples)));
}

/* Nodes in order with a little unrest, so that the output shows most of the picture. */
static void test_input(int port, cf_plane_set *set, unsigned seed) {
    if (port != 1)
        return;
    for (int y = 0; y < set->height; y++)
        for (int x = 0; x < set->width; x++) {
            float unrest = sinf((float)(x * 3 + y * 5) + (float)seed);
            cf_row(set, 0, y)[x] = 7.75F * (float)x - 1.3F + unrest;
            cf_row(set, 1, y)[x] = 7.5F * (float)y + 1.1F - unrest;
        }
}

const cf_stage cf_stage_resample = {
    .name = "resample",
    .summary = "a picture on another grid, through a coarse map",
    .in = {{.name = "picture", .domain = CF_DOMAIN_LINEAR, .size = CF_SIZE_FREE},
           {.name = "map", .domain = CF_DOMAIN_COORDINATE, .planes = 2, .size = CF_SIZE_FREE}},
    .out = {{.name = "resampled", .domain = CF_DOMAIN_LINEAR, .size = CF_SIZE_FREE},
            {.name = "valid", .domain = CF_DOMAIN_UNIT, .planes = 1, .size = CF_SIZE_FREE}},
    .params_size = sizeof(cf_resample_params),
    .defaults = &defaults,
    .options = options,
    .margin = -1,
    .tol_max = 1e-4,
    .tol_mean = 1e-6,
    .tol_why = "fused multiplications in the 16-pixel sum",
    .shape = shape,
    .bind = bind,
    .identity = identity,
    .run_ref = run_ref,
    .run_cl = run_cl,
    .test_input = test_input,
};
