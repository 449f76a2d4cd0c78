/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `match_check`. */
#include "fusion/match_check.h"

#include <math.h>

#include "fusion/match_prepare.h"

CF_CL_SOURCE(match_check);

static const cf_match_check_params defaults = CF_MATCH_CHECK_DEFAULTS;

#define FIELD(member) offsetof(cf_match_check_params, member)
static const cf_option options[] = {
    {"tolerance", CF_OPTION_FLOAT, FIELD(tolerance), 1, 0, 16, "of the two views, coarse pixels"},
    {"noise", CF_OPTION_FLOAT, FIELD(noise), 1, 0, 255, "of the right picture, 8-bit root units"},
    {"slack", CF_OPTION_FLOAT, FIELD(slack), 1, 1, 255, "intensity difference without noise"},
    {"certainty", CF_OPTION_FLOAT, FIELD(certainty), 1, 0, 1, "of perfectly consistent matches"},
    CF_OPTION_END,
};

static cf_status bind(const cf_stage_context *context, void *params) {
    cf_match_check_params *p = params;
    float dark, noise = cf_match_noise(context, &dark);
    p->noise = fminf(255 * noise / (float)cf_match_level(context), 255);
    p->certainty = 1 / (1 + noise / 7);
    return CF_OK;
}

static cf_status run(cf_cl *cl, const cf_stage_io *io, const cf_match_check_params *p,
                     const cf_buffer *passes) {
    const cf_plane_set *left = &io->in[0], *right = &io->in[1], *d = &io->in[2], *out = &io->out[0];
    CF_TRY(cf_launch(cl, &cf_kernel_match_check, "pass", "", CF_RANGE(d->width, d->height, 32, 1),
                     CF_ARGS(CF_BUF(d->buf), CF_INT(d->pitch), CF_BUF(io->in[3].buf),
                             CF_INT(io->in[3].pitch), CF_INT(d->width), CF_INT(d->height),
                             CF_FLOAT(p->tolerance), CF_BUF(passes))));
    return cf_launch(
        cl, &cf_kernel_match_check, "confidence", "", CF_RANGE(d->width, d->height, 32, 1),
        CF_ARGS(CF_BUF(left->buf), CF_INT(left->pitch), CF_BUF(right->buf), CF_INT(right->pitch),
                CF_BUF(d->buf), CF_INT(d->pitch), CF_INT(d->width), CF_INT(d->height),
                CF_FLOAT(p->slack + 2 * p->noise), CF_FLOAT(p->certainty), CF_BUF(passes),
                CF_BUF(out->buf), CF_INT(out->pitch)));
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    size_t pixels = (size_t)io->in[0].width * (size_t)io->in[0].height;
    cf_buffer *passes = NULL;
    cf_status status = cf_buffer_get(cl, pixels, &passes);
    if (status == CF_OK)
        status = run(cl, io, params, passes);
    cf_buffer_put(&passes);
    return status;
}

const cf_stage cf_stage_match_check = {
    .name = "match_check",
    .summary = "confidence of matches from two views, visibility and intensity",
    .in = {{.name = "left", .domain = CF_DOMAIN_CODES, .planes = 1, .elem = 1},
           {.name = "right", .domain = CF_DOMAIN_CODES, .planes = 1, .elem = 1},
           {.name = "disparity", .domain = CF_DOMAIN_DISPARITY, .planes = 1},
           {.name = "right_disparity", .domain = CF_DOMAIN_DISPARITY, .planes = 1}},
    .out = {{.name = "confidence", .domain = CF_DOMAIN_UNIT, .planes = 1}},
    .params_size = sizeof(cf_match_check_params),
    .defaults = &defaults,
    .options = options,
    .margin = -1,
    .tol_max = 1e-5,
    .tol_mean = 1e-6,
    .tol_why = "counts are exact; only the last products and quotients round",
    .bind = bind,
    .run_ref = cf_match_check_ref,
    .run_cl = run_cl,
};
