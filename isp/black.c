/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `black`. */
#include "isp/black.h"

#include "base/log.h"

CF_CL_SOURCE(black);

static const cf_black_params defaults = CF_BLACK_DEFAULTS;

static const cf_option options[] = {
    {"black", CF_OPTION_FLOAT, offsetof(cf_black_params, black), 4, 0, 65534,
     "code of no light, per site"},
    {"white", CF_OPTION_FLOAT, offsetof(cf_black_params, white), 1, 1, 64 * 65535.0,
     "code that becomes 1: at which the sensor clips, over the gain"},
    CF_OPTION_END,
};

static cf_status bind(const cf_stage_context *context, void *params) {
    cf_black_params *p = params;
    for (int i = 0; i < 4; i++) {
        p->black[i] = context->camera->black[i];
        if (!(p->black[i] < context->camera->white))
            return cf_fail(CF_ERR_INVALID, "black: level %g is not below the white level %g",
                           (double)p->black[i], (double)context->camera->white);
    }
    p->white = context->camera->white;
    return CF_OK;
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_black_params *p = params;
    const cf_plane_set *in = &io->in[0], *out = &io->out[0];
    float scale[4];
    for (int i = 0; i < 4; i++)
        scale[i] = 1 / (p->white - p->black[i]);
    return cf_launch(cl, &cf_kernel_black, "black", "",
                     CF_RANGE((in->width + 15) / 16, in->height, 16, 1),
                     CF_ARGS(CF_BUF(in->buf), CF_INT(in->pitch), CF_BUF(out->buf),
                             CF_INT(out->pitch), CF_INT(in->width), CF_INT(in->height),
                             CF_BYTES(p->black, sizeof p->black), CF_BYTES(scale, sizeof scale)));
}

const cf_stage cf_stage_black = {
    .name = "black",
    .summary = "sensor codes to linear raw",
    .in = {{.name = "codes", .domain = CF_DOMAIN_CODES, .planes = 1, .elem = 2}},
    .out = {{.name = "raw", .domain = CF_DOMAIN_RAW, .planes = 1}},
    .params_size = sizeof(cf_black_params),
    .defaults = &defaults,
    .options = options,
    .margin = 0,
    .tol_max = 1e-6,
    .tol_mean = 2e-7,
    .tol_why = "one float multiplication instead of a division",
    .bind = bind,
    .run_ref = cf_black_ref,
    .run_cl = run_cl,
};
