/* SPDX-License-Identifier: Apache-2.0 */
/* The fusion of raw pairs: sets a pipeline up for a rig and moves pictures in and out. */
#include "fusion/fuse.h"

#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "fusion/colorizer.h"
#include "fusion/output.h"
#include "fusion/pipelines.h"

/* What each output is; same order as cf_fuse_output. */
static const cf_output outputs[CF_FUSE_OUTPUTS] = {
    [CF_FUSE_PICTURE] = {"picture.rgb8", CF_PIXEL_RGB8},
    [CF_FUSE_LINEAR] = {"fused.linear", CF_PIXEL_F32},
    [CF_FUSE_MONO] = {"mono.clean", CF_PIXEL_F32},
    [CF_FUSE_PROVENANCE] = {"shares.rgb8", CF_PIXEL_RGB8},
    [CF_FUSE_ERROR] = {"fused.error_map", CF_PIXEL_F32},
    [CF_FUSE_COLOR_ALONE] = {"color.rgb8", CF_PIXEL_RGB8},
    [CF_FUSE_MONO_PICTURE] = {"mono.grey8", CF_PIXEL_U8},
    [CF_FUSE_DISPARITY] = {"disparity", CF_PIXEL_F32},
};

struct cf_fuse {
    cf_cl *cl;
    cf_camera_profile mono, color; /* shallow copies: the tables stay the caller's */
    const cf_rectification *geometry;
    cf_stage_context context;
    cf_fuse_params params;
    cf_model *network; /* NULL: guided */
    cf_pipeline *pipeline;
};

static cf_output output_of(const cf_fuse *f, cf_fuse_output output) {
    if (output == CF_FUSE_PICTURE && f->params.depth == 16)
        return (cf_output){"picture.rgb16", CF_PIXEL_RGB16};
    return outputs[output];
}

/* The mono gain becomes part of the levels, so that every stage sees both cameras at one exposure.
 */
static void fold_gain(cf_camera_profile *mono) {
    mono->white = mono->black[0] + (mono->white - mono->black[0]) / mono->gain;
    mono->noise.scale *= mono->gain;
    mono->noise.offset *= mono->gain * mono->gain;
    mono->gain = 1;
}

static cf_plane_set shape(int width, int height, int planes, int elem, cf_domain domain) {
    return (cf_plane_set){
        .width = width, .height = height, .planes = planes, .elem = elem, .domain = domain};
}

/* A picture as its camera sends it: codes, or rows of packed bytes. */
static cf_plane_set frame_shape(const cf_camera_profile *camera, cf_raw_format format) {
    if (format == CF_RAW_CODES)
        return shape(camera->width, camera->height, 1, 2, CF_DOMAIN_CODES);
    return shape(cf_raw_bytes(format, camera->width), camera->height, 1, 1, CF_DOMAIN_CODES);
}

static cf_plane_set map_shape(const cf_map *map) {
    return shape(map->columns, map->rows, 2, 4, CF_DOMAIN_COORDINATE);
}

static cf_status create_pipeline(cf_fuse *f) {
    const cf_fuse_params *params = &f->params;
    const cf_rectification *g = f->geometry;
    const cf_pipeline_input inputs[] = {
        {"mono.frame", frame_shape(&f->mono, f->context.mono_format)},
        {"color.frame", frame_shape(&f->color, f->context.color_format)},
        {"map.color", map_shape(&g->color)},
        {"map.mono", map_shape(&g->mono)},
        {"map.back", map_shape(&g->back)},
    };
    const char **wanted = cf_alloc(CF_FUSE_OUTPUTS + params->tensor_count, sizeof *wanted);
    size_t count = 0;
    if (!wanted)
        return CF_ERR_MEMORY;
    for (int i = 0; i < CF_FUSE_OUTPUTS; i++)
        if (params->outputs >> i & 1)
            wanted[count++] = output_of(f, (cf_fuse_output)i).tensor;
    for (size_t i = 0; i < params->tensor_count; i++)
        wanted[count++] = params->tensors[i];
    const cf_pipeline_plan plan = {
        .steps = cf_pipeline_fuse,
        .context = &f->context,
        .inputs = inputs,
        .input_count = sizeof inputs / sizeof *inputs,
        .wanted = wanted,
        .wanted_count = count,
        .settings = params->settings,
        .setting_count = params->setting_count,
    };
    cf_status status = cf_pipeline_create(f->cl, &plan, &f->pipeline);
    cf_free(wanted);
    return status;
}

static cf_status upload_map(cf_fuse *f, const char *name, const cf_map *map) {
    size_t stride = (size_t)map->columns * sizeof(float);
    const cf_image image = {
        map->xy, map->columns, map->rows, 2, stride, stride * (size_t)map->rows, CF_PIXEL_F32};
    return cf_pipeline_write(f->pipeline, name, &image);
}

static cf_status upload_maps(cf_fuse *f) {
    CF_TRY(upload_map(f, "map.color", &f->geometry->color));
    CF_TRY(upload_map(f, "map.mono", &f->geometry->mono));
    return upload_map(f, "map.back", &f->geometry->back);
}

static cf_status plan(cf_fuse *f) {
    CF_TRY(create_pipeline(f));
    return upload_maps(f);
}

static cf_status prepare(cf_fuse *f, const cf_fuse_rig *rig) {
    const cf_rectification *g = f->geometry;
    const cf_fuse_params *params = &f->params;
    if (f->mono.is_color || !f->color.is_color)
        return cf_fail(CF_ERR_INVALID, "fuse needs a mono and a colour camera, in this order");
    if (params->depth != 8 && params->depth != 16)
        return cf_fail(CF_ERR_INVALID, "fuse: a depth of %d bits is not 8 or 16", params->depth);
    if (params->transfer == CF_FUSE_NETWORK)
        CF_TRY(cf_colorizer_open(params->model, &f->network));
    f->context = (cf_stage_context){
        .mono = &f->mono,
        .color = &f->color,
        .mono_format = rig->mono_format,
        .color_format = rig->color_format,
        .disparity_min = g->disparity_min,
        .disparity_max = g->disparity_max,
        .color_scale = g->color_scale,
        .mono_resampled = g->mono_resampled,
        .geometry = g,
        .grid_width = g->width,
        .grid_height = g->height,
        .tone_auto = params->tone_auto,
        .network = f->network,
        .is_sequence = params->is_sequence,
    };
    return plan(f);
}

cf_status cf_fuse_create(cf_cl *cl, const cf_fuse_rig *rig, const cf_fuse_params *params,
                         cf_fuse **out) {
    const cf_fuse_params defaults = CF_FUSE_DEFAULTS;
    *out = NULL;
    if (!params)
        params = &defaults;
    cf_fuse *f = cf_alloc(1, sizeof *f);
    if (!f)
        return CF_ERR_MEMORY;
    f->cl = cl;
    f->mono = *rig->mono;
    f->color = *rig->color;
    f->geometry = rig->geometry;
    f->params = *params;
    f->params.outputs |= 1U << CF_FUSE_PICTURE;
    fold_gain(&f->mono);
    cf_status status = prepare(f, rig);
    if (status != CF_OK) {
        cf_fuse_destroy(&f);
        return status;
    }
    *out = f;
    return CF_OK;
}

void cf_fuse_destroy(cf_fuse **handle) {
    if (!handle || !*handle)
        return;
    cf_pipeline_destroy(&(*handle)->pipeline);
    cf_model_destroy(&(*handle)->network);
    cf_free(*handle);
    *handle = NULL;
}

/* The stages' parameters for f's cameras, and another chain where they need one. */
static cf_status adapt(cf_fuse *f) {
    int fits;
    CF_TRY(cf_pipeline_rebind(f->pipeline, &f->context, &fits));
    if (fits)
        return CF_OK;
    cf_pipeline *old = f->pipeline; /* stays the one in use when there is no other */
    cf_status status = plan(f);
    if (status != CF_OK)
        cf_pipeline_destroy(&f->pipeline);
    else {
        cf_pipeline_adopt(f->pipeline, old);
        cf_pipeline_destroy(&old);
    }
    if (old)
        f->pipeline = old;
    return status;
}

cf_status cf_fuse_forget(cf_fuse *f) {
    return cf_pipeline_forget(f->pipeline);
}

void cf_fuse_adopt(cf_fuse *f, cf_fuse *from) {
    cf_pipeline_adopt(f->pipeline, from->pipeline);
}

cf_status cf_fuse_update(cf_fuse *f, const cf_camera_profile *mono,
                         const cf_camera_profile *color) {
    const cf_camera_profile was[2] = {f->mono, f->color};
    if (mono->width != f->mono.width || mono->height != f->mono.height || mono->is_color ||
        color->width != f->color.width || color->height != f->color.height || !color->is_color)
        return cf_fail(CF_ERR_INVALID, "fuse: frames of other cameras, or of another size");
    f->mono = *mono;
    f->color = *color;
    fold_gain(&f->mono);
    cf_status status = adapt(f);
    if (status != CF_OK) {
        int fits;
        f->mono = was[0];
        f->color = was[1];
        (void)cf_pipeline_rebind(f->pipeline, &f->context, &fits);
    }
    return status;
}

cf_status cf_fuse_run(cf_fuse *f, const cf_image *mono, const cf_image *color) {
    CF_TRY(cf_pipeline_write(f->pipeline, "mono.frame", mono));
    CF_TRY(cf_pipeline_write(f->pipeline, "color.frame", color));
    return cf_pipeline_run(f->pipeline);
}

cf_status cf_fuse_queue(cf_fuse *f, const cf_image *mono, const cf_image *color) {
    CF_TRY(cf_pipeline_queue_write(f->pipeline, "mono.frame", mono));
    CF_TRY(cf_pipeline_queue_write(f->pipeline, "color.frame", color));
    return cf_pipeline_run(f->pipeline);
}

static cf_status check_output(const cf_fuse *f, cf_fuse_output output) {
    if (output < 0 || output >= CF_FUSE_OUTPUTS || !(f->params.outputs >> output & 1))
        return cf_fail(CF_ERR_INVALID, "fuse: output %d was not asked for", (int)output);
    return CF_OK;
}

cf_status cf_fuse_describe(const cf_fuse *f, cf_fuse_output output, cf_image *out) {
    *out = (cf_image){0};
    CF_TRY(check_output(f, output));
    return cf_output_describe(f->pipeline, output_of(f, output), out);
}

cf_status cf_fuse_read(cf_fuse *f, cf_fuse_output output, cf_image *image) {
    CF_TRY(check_output(f, output));
    return cf_output_read(f->pipeline, output_of(f, output), image);
}

cf_status cf_fuse_queue_read(cf_fuse *f, cf_fuse_output output, int row_step, cf_image *image) {
    CF_TRY(check_output(f, output));
    return cf_output_queue_read(f->pipeline, output_of(f, output), row_step, image);
}

cf_status cf_fuse_fetch(cf_fuse *f, cf_fuse_output output, cf_image *image) {
    *image = (cf_image){0};
    CF_TRY(check_output(f, output));
    return cf_output_fetch(f->pipeline, output_of(f, output), image);
}

cf_status cf_fuse_fetch_tensor(cf_fuse *f, const char *name, cf_image *image) {
    const cf_plane_set *t = cf_pipeline_tensor(f->pipeline, name);
    *image = (cf_image){0};
    if (!t || t->elem != 4)
        return cf_fail(CF_ERR_INVALID, "fuse: tensor %s was not asked for, or holds no floats",
                       name);
    return cf_output_fetch(f->pipeline, (cf_output){name, CF_PIXEL_F32}, image);
}
