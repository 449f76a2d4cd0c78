/* SPDX-License-Identifier: Apache-2.0 */
/* Colorization: colour on a grid of some hundred pixels a side, then the picture in bands. */
#include "fusion/colorize.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "fusion/colorize_points.h"
#include "fusion/colorizer.h"
#include "fusion/krige_shared.h"
#include "fusion/lab_model.h"
#include "fusion/output.h"
#include "fusion/pipelines.h"

#define SIGMA 0.002F /* noise of a picture's square root: half a code of 8 bits */
#define MARGIN 4     /* rows at the edges of a band that miss their neighbours */
#define MAX_STEPS 32

static const cf_output outputs[CF_COLORIZE_OUTPUTS] = {
    [CF_COLORIZE_PICTURE] = {"picture.rgb8", CF_PIXEL_RGB8},
    [CF_COLORIZE_LINEAR] = {"linear", CF_PIXEL_F32},
    [CF_COLORIZE_PROVENANCE] = {"shares.rgb8", CF_PIXEL_RGB8},
    [CF_COLORIZE_ERROR] = {"error_map", CF_PIXEL_F32},
};

struct cf_colorize {
    cf_cl *cl;
    cf_colorize_params params;
    int width, height;
    int levels; /* how often the picture is halved */
    int grid_width, grid_height;
    int band;                 /* rows that are finished at once */
    cf_camera_profile camera; /* what the stages are told: a mono camera with Rec.709's response */
    cf_stage_context context;
    cf_model *network;   /* NULL: guided */
    int is_lab;          /* it is a published colorizer */
    int is_kriged;       /* points shift the guess of our own network */
    cf_pipeline *color;  /* from the picture down to the grid of colour and up to half its size */
    cf_pipeline *finish; /* from there to a band of the picture */
    cf_image hint, confidence; /* on the grid of colour */
    cf_image list;             /* of points, for stage `krige` */
    int hints_are_clear;       /* on the device as here */
};

static cf_output output_of(const cf_colorize *c, cf_colorize_output output) {
    if (output == CF_COLORIZE_PICTURE && c->params.depth == 16)
        return (cf_output){"picture.rgb16", CF_PIXEL_RGB16};
    return outputs[output];
}

static cf_plane_set shape(int width, int height, int planes, cf_domain domain) {
    return (cf_plane_set){
        .width = width, .height = height, .planes = planes, .elem = 4, .domain = domain};
}

/* "mono" on the grid of colour, "mono.x8" three levels above it. */
static const char *name_of(const char *tensor, int level, char name[32]) {
    if (level)
        snprintf(name, 32, "%s.x%d", tensor, 1 << level);
    else
        snprintf(name, 32, "%s", tensor);
    return name;
}

/* The parts of the list that this size takes, one after the other. */
static void join_steps(const cf_colorize *c, cf_step steps[MAX_STEPS]) {
    int levels = c->levels;
    const cf_step *parts[] = {cf_pipeline_colorize_shrink + CF_COLORIZE_LEVELS - levels,
                              c->is_lab      ? cf_pipeline_colorize_lab
                              : c->is_kriged ? cf_pipeline_colorize_points
                                             : cf_pipeline_colorize,
                              cf_pipeline_colorize_grow};
    const int most[] = {levels, MAX_STEPS, levels > 1 ? 2 * (levels - 1) : 0};
    int count = 0;
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < most[i] && parts[i][k].stage && count < MAX_STEPS - 1; k++)
            steps[count++] = parts[i][k];
    steps[count] = (cf_step){0};
}

static cf_status create_color(cf_colorize *c) {
    char names[4][32];
    cf_step steps[MAX_STEPS];
    int near = c->levels ? c->levels - 1 : 0;
    const cf_pipeline_input inputs[] = {
        {name_of("mono", c->levels, names[0]), shape(c->width, c->height, 1, CF_DOMAIN_LINEAR)},
        {"hint", shape(c->grid_width, c->grid_height, 2, CF_DOMAIN_CHROMA)},
        {"hint.confidence", shape(c->grid_width, c->grid_height, 1, CF_DOMAIN_UNIT)},
        {"mono.sigma", shape(c->grid_width, c->grid_height, 1, CF_DOMAIN_SIGMA)},
        {"points", shape(CF_POINTS_COLUMNS, CF_POINTS_ROWS, 1, CF_DOMAIN_TABLE)},
        {"none", shape(c->grid_width, c->grid_height, 2, CF_DOMAIN_CHROMA)},
        {"none.confidence", shape(c->grid_width, c->grid_height, 1, CF_DOMAIN_UNIT)},
    };
    const char *const wanted[] = {name_of("chroma", near, names[1]),
                                  name_of("error", near, names[2]),
                                  name_of("guide", near, names[3])};
    const cf_pipeline_plan plan = {
        .steps = steps,
        .context = &c->context,
        .inputs = inputs,
        .input_count = sizeof inputs / sizeof *inputs - (c->is_kriged ? 0 : 3),
        .wanted = wanted,
        .wanted_count = c->levels ? 3 : 2,
        .settings = c->params.settings,
        .setting_count = c->params.setting_count,
    };
    join_steps(c, steps);
    return cf_pipeline_create(c->cl, &plan, &c->color);
}

static cf_status create_finish(cf_colorize *c) {
    const char *wanted[CF_COLORIZE_OUTPUTS];
    size_t count = 0;
    int grows = c->levels > 0, low_width = (c->width + 1) / 2, low_height = (c->band + 1) / 2;
    const cf_pipeline_input same[] = {
        {"mono", shape(c->width, c->band, 1, CF_DOMAIN_LINEAR)},
        {"none", shape(c->width, c->band, 1, CF_DOMAIN_UNIT)},
        {"chroma", shape(c->width, c->band, 2, CF_DOMAIN_CHROMA)},
        {"error", shape(c->width, c->band, 1, CF_DOMAIN_SIGMA)},
    };
    const cf_pipeline_input half[] = {
        same[0],
        same[1],
        {"low.guide", shape(low_width, low_height, 1, CF_DOMAIN_UNIT)},
        {"low.chroma", shape(low_width, low_height, 2, CF_DOMAIN_CHROMA)},
        {"low.error", shape(low_width, low_height, 1, CF_DOMAIN_SIGMA)},
    };
    for (int i = 0; i < CF_COLORIZE_OUTPUTS; i++)
        if (c->params.outputs >> i & 1)
            wanted[count++] = output_of(c, (cf_colorize_output)i).tensor;
    const cf_pipeline_plan plan = {
        .steps = cf_pipeline_colorize_finish + (grows ? 0 : 2),
        .context = &c->context,
        .inputs = grows ? half : same,
        .input_count = grows ? sizeof half / sizeof *half : sizeof same / sizeof *same,
        .wanted = wanted,
        .wanted_count = count,
        .settings = c->params.settings,
        .setting_count = c->params.setting_count,
    };
    CF_TRY(cf_pipeline_create(c->cl, &plan, &c->finish));
    const cf_plane_set *none = cf_pipeline_tensor(c->finish, "none");
    return cf_buffer_fill(none->buf, 0, cf_plane_set_bytes(none));
}

static cf_status clear_none(const cf_colorize *c) {
    static const char *const names[] = {"none", "none.confidence"};
    for (int i = 0; i < 2; i++) {
        const cf_plane_set *none = cf_pipeline_tensor(c->color, names[i]);
        CF_TRY(cf_buffer_fill(none->buf, 0, cf_plane_set_bytes(none)));
    }
    return CF_OK;
}

/* Planes of hints, without any, and of noise. */
static cf_status start_planes(cf_colorize *c) {
    CF_TRY(cf_image_alloc(c->grid_width, c->grid_height, 2, CF_PIXEL_F32, &c->hint));
    CF_TRY(cf_image_alloc(c->grid_width, c->grid_height, 1, CF_PIXEL_F32, &c->confidence));
    float sigma = fmaxf(c->params.noise / (float)(1 << c->levels), SIGMA); /* means have less */
    for (int y = 0; y < c->grid_height; y++)
        for (int x = 0; x < c->grid_width; x++)
            ((float *)cf_image_row(&c->confidence, 0, y))[x] = sigma;
    CF_TRY(cf_pipeline_write(c->color, "mono.sigma", &c->confidence));
    if (!c->is_kriged)
        return CF_OK;
    CF_TRY(cf_image_alloc(CF_POINTS_COLUMNS, CF_POINTS_ROWS, 1, CF_PIXEL_F32, &c->list));
    return clear_none(c);
}

/* Halvings until the longer side fits the grid, and the rows of a band. */
static void choose_sizes(cf_colorize *c) {
    c->grid_width = c->width;
    c->grid_height = c->height;
    while ((c->grid_width > c->params.grid || c->grid_height > c->params.grid) &&
           c->levels < CF_COLORIZE_LEVELS) {
        c->grid_width = (c->grid_width + 1) / 2;
        c->grid_height = (c->grid_height + 1) / 2;
        c->levels++;
    }
    c->band = c->height;
    if (c->levels && (size_t)c->width * (size_t)c->height > (size_t)c->params.band) {
        int rows = c->params.band / c->width < 32 ? 32 : c->params.band / c->width;
        rows = rows / 2 * 2 + c->height % 2; /* the last band begins at an even row, too */
        c->band = rows < c->height ? rows : c->height;
    }
}

static cf_status open_network(cf_colorize *c) {
    size_t at[CF_COLORIZER_PORTS];
    if (c->params.transfer == CF_FUSE_GUIDED)
        return CF_OK;
    if (!c->params.model)
        return cf_colorizer_open(NULL, &c->network);
    CF_TRY(cf_model_load(c->params.model, &c->network));
    c->is_lab = cf_lab_model_is_other(c->network);
    return c->is_lab ? CF_OK : cf_colorizer_ports(c->network, at);
}

static cf_status prepare(cf_colorize *c) {
    if (!cf_image_size_ok(c->width, c->height))
        return cf_fail(CF_ERR_INVALID, "colorize: a picture of %dx%d cannot be worked on", c->width,
                       c->height);
    if (c->params.depth != 8 && c->params.depth != 16)
        return cf_fail(CF_ERR_INVALID, "colorize: a depth of %d bits is not 8 or 16",
                       c->params.depth);
    if (c->params.grid < 64 || c->params.grid > CF_IMAGE_MAX_SIDE)
        return cf_fail(CF_ERR_INVALID, "colorize: a grid of %d pixels is not in 64..%d",
                       c->params.grid, CF_IMAGE_MAX_SIDE);
    if (c->params.band < 1)
        return cf_fail(CF_ERR_INVALID, "colorize: bands of %d pixels", c->params.band);
    if (!(c->params.vivid >= 0 && c->params.vivid <= 1))
        return cf_fail(CF_ERR_INVALID, "colorize: vivid %g is not in 0..1",
                       (double)c->params.vivid);
    if (!(c->params.noise >= 0 && c->params.noise <= 1))
        return cf_fail(CF_ERR_INVALID, "colorize: a noise of %g is not in 0..1",
                       (double)c->params.noise);
    choose_sizes(c);
    cf_camera_profile_init(&c->camera);
    c->camera.width = c->width;
    c->camera.height = c->height;
    memcpy(c->camera.spectral, (const float[]){0.2126F, 0.7152F, 0.0722F},
           sizeof c->camera.spectral);
    CF_TRY(open_network(c));
    c->is_kriged = c->params.has_points && c->network && !c->is_lab && c->params.vivid > 0;
    c->context = (cf_stage_context){.mono = &c->camera,
                                    .color = &c->camera,
                                    .network = c->network,
                                    .vivid = c->params.vivid,
                                    .is_sequence = c->params.is_sequence};
    CF_TRY(create_color(c));
    CF_TRY(create_finish(c));
    return start_planes(c);
}

cf_status cf_colorize_create(cf_cl *cl, int width, int height, const cf_colorize_params *params,
                             cf_colorize **out) {
    const cf_colorize_params defaults = CF_COLORIZE_DEFAULTS;
    *out = NULL;
    cf_colorize *c = cf_alloc(1, sizeof *c);
    if (!c)
        return CF_ERR_MEMORY;
    c->cl = cl;
    c->width = width;
    c->height = height;
    c->params = params ? *params : defaults;
    c->params.outputs |= 1U << CF_COLORIZE_PICTURE;
    cf_status status = prepare(c);
    if (status != CF_OK)
        cf_colorize_destroy(&c);
    *out = c;
    return status;
}

void cf_colorize_destroy(cf_colorize **handle) {
    if (!handle || !*handle)
        return;
    cf_colorize *c = *handle;
    cf_pipeline_destroy(&c->color);
    cf_pipeline_destroy(&c->finish);
    cf_model_destroy(&c->network);
    cf_image_free(&c->hint);
    cf_image_free(&c->confidence);
    cf_image_free(&c->list);
    cf_free(c);
    *handle = NULL;
}

static void clear(const cf_image *image) {
    for (int p = 0; p < image->planes; p++)
        for (int y = 0; y < image->height; y++)
            memset(cf_image_row(image, p, y), 0, (size_t)image->width * sizeof(float));
}

static cf_status write_points(cf_colorize *c, const cf_hint_point *points, size_t count) {
    if (!count && c->hints_are_clear)
        return CF_OK;
    clear(&c->hint);
    clear(&c->confidence);
    cf_points_draw(points, count, 1 << c->levels, c->camera.spectral, &c->hint, &c->confidence);
    CF_TRY(cf_pipeline_write(c->color, "hint", &c->hint));
    CF_TRY(cf_pipeline_write(c->color, "hint.confidence", &c->confidence));
    if (c->is_kriged) {
        clear(&c->list);
        cf_points_list(points, count, 1 << c->levels, c->camera.spectral, c->grid_width,
                       c->grid_height, &c->list);
        CF_TRY(cf_pipeline_write(c->color, "points", &c->list));
    }
    c->hints_are_clear = !count;
    return CF_OK;
}

/* Queues the picture's rows from `first` on. */
static cf_status finish_band(cf_colorize *c, int first) {
    char name[32];
    int near = c->levels ? c->levels - 1 : 0, row = c->levels ? first / 2 : first;
    const char *to[2][2] = {{"chroma", "error"}, {"low.chroma", "low.error"}};
    CF_TRY(cf_pipeline_queue_copy(c->color, name_of("mono", c->levels, name), first, c->finish,
                                  "mono"));
    CF_TRY(cf_pipeline_queue_copy(c->color, name_of("chroma", near, name), row, c->finish,
                                  to[c->levels > 0][0]));
    CF_TRY(cf_pipeline_queue_copy(c->color, name_of("error", near, name), row, c->finish,
                                  to[c->levels > 0][1]));
    if (c->levels)
        CF_TRY(cf_pipeline_queue_copy(c->color, name_of("guide", near, name), row, c->finish,
                                      "low.guide"));
    return cf_pipeline_run(c->finish);
}

cf_status cf_colorize_run(cf_colorize *c, const cf_image *gray, const cf_hint_point *points,
                          size_t count) {
    char name[32];
    CF_TRY(cf_points_check(points, count, c->width, c->height));
    CF_TRY(write_points(c, points, count));
    CF_TRY(cf_pipeline_write(c->color, name_of("mono", c->levels, name), gray));
    CF_TRY(cf_pipeline_run(c->color));
    return c->band == c->height ? finish_band(c, 0) : CF_OK;
}

cf_status cf_colorize_forget(cf_colorize *c) {
    return cf_pipeline_forget(c->color);
}

cf_status cf_colorize_describe(const cf_colorize *c, cf_colorize_output output, cf_image *out) {
    *out = (cf_image){0};
    if (output < 0 || output >= CF_COLORIZE_OUTPUTS || !(c->params.outputs >> output & 1))
        return cf_fail(CF_ERR_INVALID, "colorize: output %d was not asked for", (int)output);
    CF_TRY(cf_output_describe(c->finish, output_of(c, output), out));
    out->height = c->height;
    out->plane_stride = out->stride * (size_t)out->height;
    return CF_OK;
}

static void copy_rows(const cf_image *from, int first, int count, cf_image *to, int row) {
    size_t bytes = (size_t)from->width * cf_pixel_bytes(from->format);
    for (int p = 0; p < from->planes; p++)
        for (int y = 0; y < count; y++)
            memcpy(cf_image_row(to, p, row + y), cf_image_row(from, p, first + y), bytes);
}

static cf_status read_bands(cf_colorize *c, cf_output output, cf_image *image, cf_image *band) {
    int done = 0;
    while (done < c->height) {
        int first = done ? (done - MARGIN) / 2 * 2 : 0;
        if (first > c->height - c->band)
            first = c->height - c->band;
        int end = first + c->band < c->height ? first + c->band - MARGIN : c->height;
        CF_TRY(finish_band(c, first));
        CF_TRY(cf_output_read(c->finish, output, band));
        copy_rows(band, done - first, end - done, image, done);
        done = end;
    }
    return CF_OK;
}

cf_status cf_colorize_read(cf_colorize *c, cf_colorize_output output, cf_image *image) {
    cf_image want, band;
    CF_TRY(cf_colorize_describe(c, output, &want));
    cf_output source = output_of(c, output);
    if (c->band == c->height)
        return cf_output_read(c->finish, source, image);
    if (image->width != want.width || image->height != want.height ||
        image->planes != want.planes || image->format != want.format)
        return cf_fail(CF_ERR_INVALID, "colorize: output %d is %dx%d of another format",
                       (int)output, want.width, want.height);
    CF_TRY(cf_image_alloc(want.width, c->band, want.planes, want.format, &band));
    cf_status status = read_bands(c, source, image, &band);
    cf_image_free(&band);
    return status;
}

cf_status cf_colorize_fetch(cf_colorize *c, cf_colorize_output output, cf_image *image) {
    cf_image want;
    *image = (cf_image){0};
    CF_TRY(cf_colorize_describe(c, output, &want));
    CF_TRY(cf_image_alloc(want.width, want.height, want.planes, want.format, image));
    cf_status status = cf_colorize_read(c, output, image);
    if (status != CF_OK)
        cf_image_free(image);
    return status;
}

const char *const *cf_colorize_stages(const cf_colorize *c, size_t *count) {
    return cf_pipeline_stages(c->color, count);
}
