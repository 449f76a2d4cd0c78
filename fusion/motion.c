/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `motion`: makes the levels and queues the search from coarse to fine. */
#include "fusion/motion.h"

#include <math.h>
#include <stdint.h>

CF_CL_SOURCE(motion);

static const cf_motion_params defaults = CF_MOTION_DEFAULTS;

#define FIELD(name) offsetof(cf_motion_params, name), 1
static const cf_option options[] = {
    {"slack", CF_OPTION_FLOAT, FIELD(slack), 0x1p-13, 1, "difference of guides that means nothing"},
    {"contrast", CF_OPTION_FLOAT, FIELD(contrast), 0, 4, "the same as a share of the contrast"},
    {"light", CF_OPTION_FLOAT, FIELD(light), 0, 4, "change of light that means little, share"},
    {"smooth", CF_OPTION_FLOAT, FIELD(smooth), 0, 1, "difference that a vector must win by"},
    {"cut", CF_OPTION_FLOAT, FIELD(cut), 0, 1, "mean share of a picture of the same scene"},
    CF_OPTION_END,
};

/* One level: both pictures, and the vectors of its nodes. */
typedef struct {
    const cf_buffer *now, *last;
    cf_buffer *own[2], *vectors,
        *polished;   /* ours to put back; the finest has its pictures elsewhere */
    int32_t size[8]; /* level_size of the kernels */
} level;

typedef struct {
    level levels[CF_MOTION_LEVELS];
    int count;
    cf_buffer *means, *sums, *shares;
} scratch;

enum { WIDTH, HEIGHT, NOW_PITCH, LAST_PITCH, COLUMNS, ROWS, STEP };

static int nodes_of(int size) {
    return (size - 1 + CF_MOTION_STEP - 1) / CF_MOTION_STEP + 1;
}

static cf_status shape(const cf_stage_io *io, const void *params, int port, int *width,
                       int *height) {
    (void)params;
    (void)port;
    *width = nodes_of(io->in[0].width);
    *height = nodes_of(io->in[0].height);
    return CF_OK;
}

static cf_status get_vectors(cf_cl *cl, level *l) {
    size_t nodes = (size_t)l->size[COLUMNS] * (size_t)l->size[ROWS];
    CF_TRY(cf_buffer_get(cl, nodes * 2 * sizeof(int32_t), &l->vectors));
    return cf_buffer_get(cl, nodes * 2 * sizeof(int32_t), &l->polished);
}

static cf_status make_half(cf_cl *cl, const cf_buffer *from, int pitch, const level *finer,
                           const level *to, cf_buffer **out) {
    size_t pixels = (size_t)to->size[WIDTH] * (size_t)to->size[HEIGHT];
    CF_TRY(cf_buffer_get(cl, pixels * sizeof(uint16_t), out));
    return cf_launch(cl, &cf_kernel_motion, "half_size", "",
                     CF_RANGE(to->size[WIDTH], to->size[HEIGHT], 16, 1),
                     CF_ARGS(CF_BUF(from), CF_INT(pitch), CF_INT(finer->size[WIDTH]),
                             CF_INT(finer->size[HEIGHT]), CF_BUF(*out)));
}

static cf_status add_level(cf_cl *cl, scratch *s) {
    const level *finer = &s->levels[s->count - 1];
    level *l = &s->levels[s->count++];
    for (int i = 0; i < 8; i++)
        l->size[i] = (finer->size[i] + 1) / 2;
    l->size[NOW_PITCH] = l->size[LAST_PITCH] = l->size[WIDTH];
    l->size[STEP] = finer->size[STEP] * 2;
    CF_TRY(make_half(cl, finer->now, finer->size[NOW_PITCH], finer, l, &l->own[0]));
    CF_TRY(make_half(cl, finer->last, finer->size[LAST_PITCH], finer, l, &l->own[1]));
    l->now = l->own[0];
    l->last = l->own[1];
    return get_vectors(cl, l);
}

static cf_status make_levels(cf_cl *cl, const cf_stage_io *io, scratch *s) {
    const cf_plane_set *small = &io->out[1], *last = &io->in[2];
    const int32_t size[8] = {small->width,     small->height,     small->pitch,   last->pitch,
                             io->out[0].width, io->out[0].height, CF_MOTION_STEP, 0};
    size_t rows = (size_t)size[ROWS], nodes = (size_t)size[COLUMNS] * rows;
    s->levels[0] = (level){.now = small->buf, .last = last->buf};
    s->count = 1;
    for (int i = 0; i < 8; i++)
        s->levels[0].size[i] = size[i];
    CF_TRY(get_vectors(cl, &s->levels[0]));
    CF_TRY(cf_buffer_get(cl, nodes * sizeof(float), &s->means));
    CF_TRY(cf_buffer_get(cl, rows * 2 * sizeof(float), &s->sums));
    CF_TRY(cf_buffer_get(cl, rows * sizeof(float), &s->shares));
    for (;;) {
        const level *l = &s->levels[s->count - 1];
        if (s->count == CF_MOTION_LEVELS || (l->size[WIDTH] + 1) / 2 < CF_MOTION_LEAST ||
            (l->size[HEIGHT] + 1) / 2 < CF_MOTION_LEAST)
            return CF_OK;
        CF_TRY(add_level(cl, s));
    }
}

static void put_scratch(scratch *s) {
    for (int i = 0; i < s->count; i++) {
        cf_buffer_put(&s->levels[i].own[0]);
        cf_buffer_put(&s->levels[i].own[1]);
        cf_buffer_put(&s->levels[i].vectors);
        cf_buffer_put(&s->levels[i].polished);
    }
    cf_buffer_put(&s->means);
    cf_buffer_put(&s->sums);
    cf_buffer_put(&s->shares);
}

#define SIGMA_ARGS(set)                                                                            \
    CF_BUF((set)->buf), CF_INT((set)->pitch), CF_INT((set)->width), CF_INT((set)->height)
#define LEVEL_ARGS(l) CF_BUF((l)->now), CF_BUF((l)->last), CF_BYTES((l)->size, sizeof(l)->size)

static cf_status search(cf_cl *cl, const cf_stage_io *io, const cf_motion_params *p, scratch *s) {
    for (int i = s->count - 1; i >= 0; i--) {
        const level *l = &s->levels[i], *coarse = i + 1 < s->count ? l + 1 : NULL;
        CF_TRY(cf_launch(cl, &cf_kernel_motion, "search", "",
                         CF_RANGE(l->size[COLUMNS], l->size[ROWS], 16, 1),
                         CF_ARGS(LEVEL_ARGS(l), SIGMA_ARGS(&io->in[1]), CF_FLOAT(p->smooth),
                                 CF_BUF(coarse ? coarse->polished : l->polished),
                                 CF_INT(coarse ? coarse->size[COLUMNS] : 0),
                                 CF_INT(coarse ? coarse->size[ROWS] : 0), CF_BUF(l->vectors))));
        CF_TRY(cf_launch(cl, &cf_kernel_motion, "polish", "",
                         CF_RANGE(l->size[COLUMNS], l->size[ROWS], 16, 1),
                         CF_ARGS(LEVEL_ARGS(l), SIGMA_ARGS(&io->in[1]), CF_FLOAT(p->smooth),
                                 CF_BUF(l->vectors), CF_BUF(l->polished))));
    }
    return CF_OK;
}

static cf_status judge(cf_cl *cl, const cf_stage_io *io, const cf_motion_params *p, scratch *s) {
    const level *l = &s->levels[0];
    const cf_plane_set *out = &io->out[0];
    const float rules[] = {p->slack, p->contrast, p->light, p->smooth, p->cut};
    CF_TRY(cf_launch(cl, &cf_kernel_motion, "refine", "", CF_RANGE(out->width, out->height, 16, 1),
                     CF_ARGS(LEVEL_ARGS(l), SIGMA_ARGS(&io->in[1]), CF_BYTES(rules, sizeof rules),
                             CF_BUF(l->polished), CF_BUF(out->buf), CF_INT(out->pitch),
                             CF_BUF(s->means))));
    CF_TRY(cf_launch(cl, &cf_kernel_motion, "lights", "", CF_RANGE(out->height, 1, 1, 1),
                     CF_ARGS(CF_BUF(out->buf), CF_INT(out->pitch), CF_INT(out->width),
                             CF_INT(out->height), CF_BUF(s->means), CF_BUF(s->sums))));
    CF_TRY(cf_launch(cl, &cf_kernel_motion, "judge", "", CF_RANGE(out->height, 1, 1, 1),
                     CF_ARGS(CF_BUF(out->buf), CF_INT(out->pitch), CF_INT(out->width),
                             CF_INT(out->height), SIGMA_ARGS(&io->in[1]),
                             CF_BYTES(rules, sizeof rules), CF_BUF(s->means), CF_BUF(s->sums),
                             CF_BUF(s->shares))));
    return cf_launch(cl, &cf_kernel_motion, "settle", "", CF_RANGE(out->height, 1, 1, 1),
                     CF_ARGS(CF_BUF(out->buf), CF_INT(out->pitch), CF_INT(out->width),
                             CF_INT(out->height), CF_FLOAT(p->cut), CF_BUF(s->shares)));
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_plane_set *guide = &io->in[0], *small = &io->out[1];
    scratch s = {0};
    CF_TRY(cf_launch(cl, &cf_kernel_motion, "small", "",
                     CF_RANGE((small->width + 3) / 4, small->height, 8, 1),
                     CF_ARGS(CF_BUF(guide->buf), CF_INT(guide->pitch), CF_INT(guide->width),
                             CF_INT(guide->height), CF_BUF(small->buf), CF_INT(small->pitch),
                             CF_INT(small->width), CF_INT(small->height))));
    if (small->width < CF_MOTION_LEAST || small->height < CF_MOTION_LEAST)
        return cf_buffer_fill(io->out[0].buf, 0, cf_plane_set_bytes(&io->out[0]));
    cf_status status = make_levels(cl, io, &s);
    if (status == CF_OK)
        status = search(cl, io, params, &s);
    if (status == CF_OK)
        status = judge(cl, io, params, &s);
    put_scratch(&s);
    return status;
}

/* A picture that is 5 pixels to the right and 2 further down than it was. */
static float scene(int x, int y) {
    float u = (float)x * 0.21F, v = (float)y * 0.17F;
    return 0.4F + 0.2F * sinf(u + 0.7F * sinf(v)) * cosf(0.8F * v) + 0.1F * sinf(1.9F * u - v);
}

static void test_input(int port, cf_plane_set *set, unsigned seed) {
    int offset = (int)(seed * 37 % 1000);
    for (int y = 0; y < set->height; y++)
        for (int x = 0; x < set->width; x++) {
            if (port == 0 && isfinite(cf_row(set, 0, y)[x]))
                cf_row(set, 0, y)[x] = scene(x + offset, y) + 0.02F * cf_row(set, 0, y)[x];
            if (port != 2)
                continue;
            unsigned short *codes = (unsigned short *)set->data + (size_t)y * (size_t)set->pitch;
            float sum = 0;
            for (int k = 0; k < 4; k++)
                sum += scene(2 * x + k % 2 + offset + 5, 2 * y + k / 2 + 2);
            codes[x] = (unsigned short)(sum * CF_MOTION_WHITE + (float)(codes[x] % 64));
        }
}

const cf_stage cf_stage_motion = {
    .name = "motion",
    .summary = "motion since the frame before, from the mono picture",
    .in = {{.name = "guide", .domain = CF_DOMAIN_LINEAR, .planes = 1},
           {.name = "sigma", .domain = CF_DOMAIN_SIGMA, .planes = 1},
           {.name = "last",
            .domain = CF_DOMAIN_CODES,
            .planes = 1,
            .size = CF_SIZE_HALF,
            .like = 0,
            .elem = 2}},
    .out = {{.name = "motion", .domain = CF_DOMAIN_DISPARITY, .planes = 4, .size = CF_SIZE_FREE},
            {.name = "small",
             .domain = CF_DOMAIN_CODES,
             .planes = 1,
             .size = CF_SIZE_HALF,
             .like = 0,
             .elem = 2}},
    .params_size = sizeof(cf_motion_params),
    .defaults = &defaults,
    .options = options,
    .margin = -1,
    .tol_max = 2e-3,
    .tol_mean = 2e-5,
    .tol_why = "whole vectors are exact; the sums of the last step are added in another order",
    .shape = shape,
    .run_ref = cf_motion_ref,
    .run_cl = run_cl,
    .test_input = test_input,
};
