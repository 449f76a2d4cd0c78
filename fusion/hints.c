/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `hints`. */
#include "fusion/hints.h"

#include <math.h>
#include <string.h>

CF_CL_SOURCE(hints);

/* Share of the mono noise's variance that denoising leaves. */
#define MONO_RESIDUAL 0.15F

static const cf_hints_params defaults = CF_HINTS_DEFAULTS;

#define FIELD(name) offsetof(cf_hints_params, name)
static const cf_option options[] = {
    {"spectral", CF_OPTION_FLOAT, FIELD(spectral), 3, -4, 4, "mono response as weights of R,G,B"},
    {"eps", CF_OPTION_FLOAT, FIELD(eps), 1, 0x1p-20, 1, "offset of the chroma's denominator"},
    {"mono-noise", CF_OPTION_FLOAT, FIELD(mono_noise), 2, 0, 1e6, "variance scale,offset of mono"},
    {"red-noise", CF_OPTION_FLOAT, FIELD(red_noise), 2, 0, 1e6, "variance scale,offset of R"},
    {"blue-noise", CF_OPTION_FLOAT, FIELD(blue_noise), 2, 0, 1e6, "variance scale,offset of B"},
    {"luma-noise", CF_OPTION_FLOAT, FIELD(luma_noise), 2, 0, 1e6,
     "variance scale,offset of the colour picture's mono response"},
    {"kept", CF_OPTION_FLOAT, FIELD(kept), 1, 0, 1,
     "share of luma-noise that a mean of 5 x 5 keeps"},
    {"tolerance", CF_OPTION_FLOAT, FIELD(tolerance), 1, 0x1p-10, 1,
     "relative difference of the views that is no mismatch"},
    {"tolerance-dark", CF_OPTION_FLOAT, FIELD(tolerance_dark), 1, 0x1p-14, 1,
     "the same near black"},
    {"registration", CF_OPTION_FLOAT, FIELD(registration), 1, 0, 10,
     "chroma error that registration and demosaicing add"},
    {"least", CF_OPTION_FLOAT, FIELD(least), 1, 0, 1, "trust in a match that failed its checks"},
    {"clip", CF_OPTION_FLOAT, FIELD(clip), 3, 0x1p-6, 100, "R,G,B at the sensor's white level"},
    CF_OPTION_END,
};

/* Noise of weights . (camera RGB after white balance) where the scene is grey. */
static void combine(const cf_camera_profile *color, const float weights[3], float noise[2]) {
    noise[0] = noise[1] = 0;
    for (int i = 0; i < 3; i++) {
        float gain = weights[i] / color->neutral[i];
        noise[0] += gain * weights[i] * color->noise.scale;
        noise[1] += gain * gain * color->noise.offset;
    }
}

static cf_status bind(const cf_stage_context *context, void *params) {
    cf_hints_params *p = params;
    const cf_camera_profile *mono = context->mono, *color = context->color;
    if (mono) {
        memcpy(p->spectral, mono->spectral, sizeof p->spectral);
        p->mono_noise[0] = MONO_RESIDUAL * mono->gain * mono->noise.scale;
        p->mono_noise[1] = MONO_RESIDUAL * mono->gain * mono->gain * mono->noise.offset;
    }
    if (!color)
        return CF_OK;
    float luma[3];
    for (int j = 0; j < 3; j++) {
        luma[j] = p->spectral[0] * color->ccm[j] + p->spectral[1] * color->ccm[3 + j] +
                  p->spectral[2] * color->ccm[6 + j];
        p->clip[j] = 1 / color->neutral[j];
    }
    combine(color, color->ccm, p->red_noise);
    combine(color, color->ccm + 6, p->blue_noise);
    combine(color, luma, p->luma_noise);
    /* Samples of a coarser picture are shared by several pixels: each says as much less. */
    float scale = context->color_scale, share = scale > 0 && scale < 1 ? 1 / (scale * scale) : 1;
    for (int i = 0; i < 2; i++) {
        p->red_noise[i] *= share;
        p->blue_noise[i] *= share;
    }
    p->kept = fminf(defaults.kept * share, 1);
    return CF_OK;
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_hints_params *p = params;
    const cf_plane_set *mono = &io->in[0], *color = &io->in[1], *match = &io->in[2];
    const cf_plane_set *hint = &io->out[0], *confidence = &io->out[1];
    const float packed[20] = {
        p->spectral[0],
        p->spectral[1],
        p->spectral[2],
        p->eps,
        p->luma_noise[0],
        p->luma_noise[1],
        p->mono_noise[0],
        p->mono_noise[1],
        0.5F * (p->red_noise[0] + p->blue_noise[0]),
        0.5F * (p->red_noise[1] + p->blue_noise[1]),
        p->registration * p->registration,
        p->kept,
        p->tolerance,
        p->tolerance_dark,
        p->least,
        0,
        1 / p->clip[0],
        1 / p->clip[1],
        1 / p->clip[2],
        0,
    };
    return cf_launch(
        cl, &cf_kernel_hints, "hints", "", CF_RANGE((mono->width + 15) / 16, mono->height, 16, 1),
        CF_ARGS(CF_BUF(mono->buf), CF_INT(mono->pitch), CF_BUF(color->buf), CF_INT(color->pitch),
                CF_BUF(match->buf), CF_INT(match->pitch), CF_BUF(hint->buf), CF_INT(hint->pitch),
                CF_BUF(confidence->buf), CF_INT(confidence->pitch), CF_INT(mono->width),
                CF_INT(mono->height), CF_BYTES(packed, sizeof packed)));
}

const cf_stage cf_stage_hints = {
    .name = "hints",
    .summary = "registered colour picture to chroma hints with a confidence",
    .in = {{.name = "mono", .domain = CF_DOMAIN_LINEAR, .planes = 1},
           {.name = "color", .domain = CF_DOMAIN_LINEAR, .planes = 3},
           {.name = "match", .domain = CF_DOMAIN_UNIT, .planes = 1}},
    .out = {{.name = "hint", .domain = CF_DOMAIN_CHROMA, .planes = 2},
            {.name = "confidence", .domain = CF_DOMAIN_UNIT, .planes = 1}},
    .params_size = sizeof(cf_hints_params),
    .defaults = &defaults,
    .options = options,
    .margin = 2,
    .tol_max = 2e-3,
    .tol_mean = 1e-5,
    .tol_why =
        "5 x 5 sums in another order, divided by small variances; hints of dark pixels are large",
    .bind = bind,
    .run_ref = cf_hints_ref,
    .run_cl = run_cl,
};
