/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `bayer_denoise`. */
#include "isp/bayer_denoise.h"

#include "isp/bayer_unpack.h"
#include "isp/denoise.h"

CF_CL_SOURCE(bayer_denoise);

static const cf_bayer_denoise_params defaults = CF_BAYER_DENOISE_DEFAULTS;

static const cf_option options[] = {
    {"scale", CF_OPTION_FLOAT, offsetof(cf_bayer_denoise_params, bayer.scale), 1, 1e-3, 1,
     "noise variance per signal"},
    {"offset", CF_OPTION_FLOAT, offsetof(cf_bayer_denoise_params, bayer.offset), 1, 0, 1,
     "noise variance at black"},
    {"tint", CF_OPTION_FLOAT, offsetof(cf_bayer_denoise_params, bayer.tint), 4, 0.05, 20,
     "root of the raw value of grey, per site"},
    {"amount", CF_OPTION_FLOAT, offsetof(cf_bayer_denoise_params, amount), 1, 0, 1,
     "share of the denoised picture"},
    CF_OPTION_END,
};

static float amount_of(const cf_noise *noise) {
    float t = (noise->scale - 0.02F) / 0.1F;
    t = t > 0 ? (t < 1 ? t : 1) : 0;
    return 0.5F * t * t * (3 - 2 * t);
}

static cf_status bind(const cf_stage_context *context, void *params) {
    cf_bayer_denoise_params *p = params;
    p->bayer = cf_bayer_from_context(context);
    p->bayer.scale = p->bayer.scale > 1e-3F ? p->bayer.scale : 1e-3F;
    p->amount = amount_of(&context->camera->noise);
    return CF_OK;
}

static int identity(const cf_stage_context *context) {
    return !(amount_of(&context->camera->noise) > 0);
}

/* The three stages' pictures: sets of 4 planes, and a sigma nobody reads. */
typedef struct {
    cf_plane_set noisy, clean, left, sigma;
} scratch;

static cf_status run_stages(cf_cl *cl, const cf_stage_io *io, const cf_bayer_denoise_params *p,
                            const scratch *s) {
    const cf_stage_io pack = {.in = {io->in[0]}, .out = {s->noisy}};
    const cf_stage_io shrink = {.in = {s->noisy}, .out = {s->clean, s->left}};
    const cf_stage_io unpack = {.in = {io->in[0], s->clean, s->left},
                                .out = {io->out[0], s->sigma}};
    CF_TRY(cf_stage_bayer_pack.run_cl(cl, &pack, &p->bayer));
    CF_TRY(cf_stage_denoise.run_cl(cl, &shrink, cf_stage_denoise.defaults));
    CF_TRY(cf_stage_bayer_unpack.run_cl(cl, &unpack, &p->bayer));
    const cf_plane_set *in = &io->in[0], *out = &io->out[0];
    return cf_launch(cl, &cf_kernel_bayer_denoise, "bayer_mix", "",
                     CF_RANGE((in->width + 15) / 16, in->height, 16, 1),
                     CF_ARGS(CF_BUF(in->buf), CF_INT(in->pitch), CF_BUF(out->buf),
                             CF_INT(out->pitch), CF_INT(in->width), CF_INT(in->height),
                             CF_FLOAT(p->amount)));
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_bayer_denoise_params *p = params;
    scratch s = {.sigma = io->out[0]};
    CF_TRY(cf_stage_shape(&cf_stage_bayer_pack, io, &p->bayer, 0, &s.noisy));
    s.clean = s.left = s.noisy;
    s.sigma.buf = NULL;
    cf_status status = cf_plane_set_get(cl, &s.noisy);
    if (status == CF_OK)
        status = cf_plane_set_get(cl, &s.clean);
    if (status == CF_OK)
        status = cf_plane_set_get(cl, &s.left);
    if (status == CF_OK)
        status = cf_plane_set_get(cl, &s.sigma);
    if (status == CF_OK)
        status = run_stages(cl, io, p, &s);
    cf_buffer_put(&s.noisy.buf);
    cf_buffer_put(&s.clean.buf);
    cf_buffer_put(&s.left.buf);
    cf_buffer_put(&s.sigma.buf);
    return status;
}

const cf_stage cf_stage_bayer_denoise = {
    .name = "bayer_denoise",
    .summary = "denoises a mosaic in very low light",
    .in = {{.name = "raw", .domain = CF_DOMAIN_RAW, .planes = 1}},
    .out = {{.name = "raw", .domain = CF_DOMAIN_RAW, .planes = 1}},
    .params_size = sizeof(cf_bayer_denoise_params),
    .defaults = &defaults,
    .options = options,
    .margin = 144,
    .tol_max = 2e-3,
    .tol_mean = 1e-4,
    .tol_why = "as stages bayer_pack and denoise, whose gains amplify differences",
    .bind = bind,
    .identity = identity,
    .run_ref = cf_bayer_denoise_ref,
    .run_cl = run_cl,
};
