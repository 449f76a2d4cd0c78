/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `match_refine`. */
#include "fusion/match_refine.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "fusion/match_prepare.h"

CF_CL_SOURCE(match_refine);

static const cf_match_refine_params defaults = CF_MATCH_REFINE_DEFAULTS;

#define FIELD(member) offsetof(cf_match_refine_params, member)
static const cf_option options[] = {
    {"radius", CF_OPTION_INT, FIELD(radius), 1, 2, 3, "of the compared window, pixels"},
    {"fit", CF_OPTION_INT, FIELD(fit), 1, 0, 1, "1: sub-pixel fit at full size"},
    {"other", CF_OPTION_FLOAT, FIELD(other), 1, 0, 64, "margin of neighbours' disparities"},
    {"step", CF_OPTION_FLOAT, FIELD(step), 1, 0, 64, "margin of steps of one pixel"},
    CF_OPTION_END,
};

static cf_status bind(const cf_stage_context *context, void *params) {
    cf_match_refine_params *p = params;
    float dark, noise = 255 * cf_match_noise(context, &dark);
    p->radius = noise > 6 ? 3 : 2;
    p->other = fminf(0.07F * noise, 64); /* the window's mean difference varies by about this */
    p->step = fminf(0.3F + 0.12F * noise, 64);
    return CF_OK;
}

static cf_status keep(cf_cl *cl, const cf_plane_set *in, const cf_plane_set *out) {
    return cf_launch(cl, &cf_kernel_match_refine, "keep", "",
                     CF_RANGE((in->width + 15) / 16, in->height, 8, 1),
                     CF_ARGS(CF_BUF(in->buf), CF_INT(in->pitch), CF_BUF(out->buf),
                             CF_INT(out->pitch), CF_INT(in->width), CF_INT(in->height)));
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_match_refine_params *p = params;
    const cf_plane_set *left = &io->in[0], *right = &io->in[1], *coarse = &io->in[2];
    const cf_plane_set *trust = &io->in[3], *out = &io->out[0], *confidence = &io->out[1];
    int level = (left->width + coarse->width - 1) / coarse->width;
    int tall = (left->height + coarse->height - 1) / coarse->height;
    level = level > tall ? level : tall;
    if (level > 64)
        return cf_fail(CF_ERR_INVALID, "match_refine: %dx%d is too small for %dx%d", coarse->width,
                       coarse->height, left->width, left->height);
    if (level == 1) {
        CF_TRY(keep(cl, coarse, out));
        return keep(cl, trust, confidence);
    }
    int n = (2 * p->radius + 1) * (2 * p->radius + 1);
    return cf_launch(
        cl, &cf_kernel_match_refine, "refine", "",
        CF_RANGE((left->width + 7) / 8, (left->height + 7) / 8, 4, 1),
        CF_ARGS(CF_BUF(left->buf), CF_INT(left->pitch), CF_BUF(right->buf), CF_INT(right->pitch),
                CF_BUF(coarse->buf), CF_INT(coarse->pitch), CF_BUF(trust->buf),
                CF_INT(trust->pitch), CF_INT(left->width), CF_INT(left->height),
                CF_INT(coarse->width), CF_INT(coarse->height), CF_INT(level), CF_INT(p->radius),
                CF_INT(p->fit), CF_INT((int)((float)n * p->other + 0.5F)),
                CF_INT((int)((float)n * p->step + 0.5F)), CF_BUF(out->buf), CF_INT(out->pitch),
                CF_BUF(confidence->buf), CF_INT(confidence->pitch)));
}

/* Coarse pictures of all levels (the seed says which), the left half without confidence. */
static void test_input(int port, cf_plane_set *set, unsigned seed) {
    int level = 1 << seed % 5;
    if (port == 2) {
        set->width = (set->width + level - 1) / level;
        set->height = (set->height + level - 1) / level;
    }
    for (int y = 0; port == 3 && y < set->height; y++)
        memset(cf_row(set, 0, y), 0, (size_t)(set->width / 2) * sizeof(float));
}

const cf_stage cf_stage_match_refine = {
    .name = "match_refine",
    .summary = "disparities and confidence at full size",
    .in = {{.name = "left", .domain = CF_DOMAIN_CODES, .planes = 1, .elem = 1},
           {.name = "right", .domain = CF_DOMAIN_CODES, .planes = 1, .elem = 1},
           {.name = "coarse", .domain = CF_DOMAIN_DISPARITY, .planes = 1, .size = CF_SIZE_FREE},
           {.name = "coarse_confidence", .domain = CF_DOMAIN_UNIT, .planes = 1, .like = 2}},
    .out = {{.name = "disparity", .domain = CF_DOMAIN_DISPARITY, .planes = 1},
            {.name = "confidence", .domain = CF_DOMAIN_UNIT, .planes = 1}},
    .params_size = sizeof(cf_match_refine_params),
    .defaults = &defaults,
    .options = options,
    .margin = -1,
    .tol_max = 1e-4,
    .tol_mean = 1e-6,
    .tol_why = "costs are integers; fractions and bilinear weights round",
    .bind = bind,
    .run_ref = cf_match_refine_ref,
    .run_cl = run_cl,
    .test_input = test_input,
};
