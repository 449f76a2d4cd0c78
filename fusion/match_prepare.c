/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `match_prepare`, and the rules by which matching adapts to size and light. */
#include "fusion/match_prepare.h"

#include <math.h>

CF_CL_SOURCE(match_prepare);

static const cf_match_prepare_params defaults = CF_MATCH_PREPARE_DEFAULTS;

static const cf_option options[] = {
    {"level", CF_OPTION_INT, offsetof(cf_match_prepare_params, level), 1, 1, 32,
     "pixels of a side of a block of the coarse pictures"},
    {"pedestal", CF_OPTION_FLOAT, offsetof(cf_match_prepare_params, pedestal), 1, 0, 4,
     "linear value added before the square root"},
    CF_OPTION_END,
};

float cf_match_noise(const cf_stage_context *context, float *dark) {
    const cf_camera_profile *mono = context->mono, *color = context->color;
    const float grey = 0.2F;
    double black = 0, lit = 0;
    for (int c = 0; c < 3; c++) {
        double weight = 0; /* of this camera channel in the view */
        for (int k = 0; k < 3; k++)
            weight += (double)(mono->spectral[k] * color->ccm[k * 3 + c]);
        double neutral = color->neutral[c] > 0 ? (double)color->neutral[c] : 1;
        double pixels = c == CF_CFA_G ? 2 : 4; /* per sample of this channel */
        double power = weight * weight * pixels / (neutral * neutral);
        black += power * (double)color->noise.offset;
        lit += power * (double)(color->noise.offset + color->noise.scale * grey * (float)neutral);
    }
    float scale = context->color_scale > 0 ? context->color_scale : 1;
    *dark = (float)sqrt(fmax(black, 0)) / scale;
    return (float)(sqrt(fmax(lit, 0) / (double)grey) / 2) / scale;
}

int cf_match_level(const cf_stage_context *context) {
    float dark, noise = cf_match_noise(context, &dark);
    float scale = context->color_scale > 0 ? context->color_scale : 1;
    double range = fmax(1, (double)(context->disparity_max - context->disparity_min) + 1);
    double cells = (double)context->grid_width * (double)context->grid_height * range;
    int level = scale < 0.75F ? 2 : 1;
    while (level < 8 && noise * scale / (float)level > 0.1F)
        level *= 2;
    while (level < 32 && (cells / pow(level, 3) > 24e6 || range / level > 256))
        level *= 2;
    return level;
}

static cf_status bind(const cf_stage_context *context, void *params) {
    cf_match_prepare_params *p = params;
    float dark;
    cf_match_noise(context, &dark);
    p->level = cf_match_level(context);
    p->pedestal = fminf(fmaxf(dark, 1e-4F), 4);
    return CF_OK;
}

static cf_status shape(const cf_stage_io *io, const void *params, int port, int *width,
                       int *height) {
    const cf_match_prepare_params *p = params;
    (void)port;
    *width = (io->in[0].width + p->level - 1) / p->level;
    *height = (io->in[0].height + p->level - 1) / p->level;
    return CF_OK;
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_match_prepare_params *p = params;
    for (int side = 0; side < 2; side++) {
        const cf_plane_set *in = &io->in[side], *fine = &io->out[side],
                           *coarse = &io->out[2 + side];
        CF_TRY(cf_launch(cl, &cf_kernel_match_prepare, "encode", "",
                         CF_RANGE((in->width + 15) / 16, in->height, 8, 1),
                         CF_ARGS(CF_BUF(in->buf), CF_INT(in->pitch), CF_BUF(fine->buf),
                                 CF_INT(fine->pitch), CF_INT(in->width), CF_INT(in->height),
                                 CF_FLOAT(p->pedestal))));
        CF_TRY(cf_launch(cl, &cf_kernel_match_prepare, "encode_blocks", "",
                         CF_RANGE(coarse->width, coarse->height, 32, 1),
                         CF_ARGS(CF_BUF(in->buf), CF_INT(in->pitch), CF_BUF(coarse->buf),
                                 CF_INT(coarse->pitch), CF_INT(in->width), CF_INT(in->height),
                                 CF_INT(p->level), CF_FLOAT(p->pedestal / (float)p->level))));
    }
    return CF_OK;
}

const cf_stage cf_stage_match_prepare = {
    .name = "match_prepare",
    .summary = "rectified pictures to 8-bit roots, fine and coarse",
    .in = {{.name = "mono", .domain = CF_DOMAIN_LINEAR, .planes = 1},
           {.name = "view", .domain = CF_DOMAIN_LINEAR, .planes = 1}},
    .out = {{.name = "left", .domain = CF_DOMAIN_CODES, .planes = 1, .elem = 1},
            {.name = "right", .domain = CF_DOMAIN_CODES, .planes = 1, .elem = 1},
            {.name = "left_coarse",
             .domain = CF_DOMAIN_CODES,
             .planes = 1,
             .size = CF_SIZE_FREE,
             .elem = 1},
            {.name = "right_coarse",
             .domain = CF_DOMAIN_CODES,
             .planes = 1,
             .size = CF_SIZE_FREE,
             .elem = 1}},
    .params_size = sizeof(cf_match_prepare_params),
    .defaults = &defaults,
    .options = options,
    .margin = -1,
    .tol_max = 1,
    .tol_mean = 0.001,
    .tol_why = "a root that lies on the border of two codes may round either way",
    .shape = shape,
    .bind = bind,
    .run_ref = cf_match_prepare_ref,
    .run_cl = run_cl,
};
