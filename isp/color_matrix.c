/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `color_matrix`. */
#include <string.h>

#include "isp/color_matrix.h"

CF_CL_SOURCE(color_matrix);

static const cf_color_matrix_params defaults = CF_COLOR_MATRIX_DEFAULTS;

static const cf_option options[] = {
    {"matrix", CF_OPTION_FLOAT, offsetof(cf_color_matrix_params, matrix), 9, -16, 16,
     "camera RGB to Rec.709, by rows"},
    {"weights", CF_OPTION_FLOAT, offsetof(cf_color_matrix_params, weights), 3, -8, 8,
     "mono response to R, G, B"},
    CF_OPTION_END,
};

static cf_status bind(const cf_stage_context *context, void *params) {
    cf_color_matrix_params *p = params;
    memcpy(p->matrix, context->camera->ccm, sizeof p->matrix);
    if (context->mono)
        memcpy(p->weights, context->mono->spectral, sizeof p->weights);
    return CF_OK;
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_color_matrix_params *p = params;
    const cf_plane_set *in = &io->in[0], *rgb = &io->out[0], *response = &io->out[1];
    float rows[4][4] = {0}; /* OpenCL's float4 */
    for (int c = 0; c < 3; c++)
        memcpy(rows[c], p->matrix + 3 * c, 3 * sizeof(float));
    memcpy(rows[3], p->weights, sizeof p->weights);
    return cf_launch(cl, &cf_kernel_color_matrix, "color_matrix", "",
                     CF_RANGE((in->width + 15) / 16, in->height, 16, 1),
                     CF_ARGS(CF_BUF(in->buf), CF_INT(in->pitch), CF_BUF(rgb->buf),
                             CF_INT(rgb->pitch), CF_BUF(response->buf), CF_INT(response->pitch),
                             CF_INT(in->width), CF_INT(in->height),
                             CF_BYTES(rows[0], sizeof rows[0]), CF_BYTES(rows[1], sizeof rows[1]),
                             CF_BYTES(rows[2], sizeof rows[2]), CF_BYTES(rows[3], sizeof rows[3])));
}

const cf_stage cf_stage_color_matrix = {
    .name = "color_matrix",
    .summary = "camera colours to Rec.709, and their mono response",
    .in = {{.name = "camera", .domain = CF_DOMAIN_LINEAR, .planes = 3}},
    .out = {{.name = "rgb", .domain = CF_DOMAIN_LINEAR, .planes = 3},
            {.name = "response", .domain = CF_DOMAIN_LINEAR, .planes = 1}},
    .params_size = sizeof(cf_color_matrix_params),
    .defaults = &defaults,
    .options = options,
    .margin = 0,
    .tol_max = 1e-5,
    .tol_mean = 1e-6,
    .tol_why = "fused multiply-add",
    .bind = bind,
    .run_ref = cf_color_matrix_ref,
    .run_cl = run_cl,
};
