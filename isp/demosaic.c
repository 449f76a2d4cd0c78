/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `demosaic`. */
#include "isp/demosaic.h"

#include "base/log.h"

CF_CL_SOURCE(demosaic);

#define PAD CF_DEMOSAIC_MARGIN

static const cf_demosaic_params defaults = CF_DEMOSAIC_DEFAULTS;

static const cf_option options[] = {
    {"red-x", CF_OPTION_INT, offsetof(cf_demosaic_params, red_x), 1, 0, 1, "column of red"},
    {"red-y", CF_OPTION_INT, offsetof(cf_demosaic_params, red_y), 1, 0, 1, "row of red"},
    {"gain", CF_OPTION_FLOAT, offsetof(cf_demosaic_params, gain), 3, 0.0625, 16,
     "white balance of R, G, B"},
    {"scale", CF_OPTION_FLOAT, offsetof(cf_demosaic_params, scale), 1, 0, 1e4,
     "noise variance per signal"},
    {"offset", CF_OPTION_FLOAT, offsetof(cf_demosaic_params, offset), 1, 0, 1e4,
     "noise variance in the dark"},
    {"detail", CF_OPTION_FLOAT, offsetof(cf_demosaic_params, detail), 1, 0, 1,
     "share of one colour's detail in the others"},
    CF_OPTION_END,
};

static cf_status bind(const cf_stage_context *context, void *params) {
    const cf_camera_profile *c = context->camera;
    cf_demosaic_params *p = params;
    int red = 0;
    while (red < 4 && c->cfa[red] != CF_CFA_R)
        red++;
    if (red == 4 || c->cfa[red ^ 3] != CF_CFA_B || c->cfa[red ^ 1] != CF_CFA_G ||
        c->cfa[red ^ 2] != CF_CFA_G)
        return cf_fail(CF_ERR_UNSUPPORTED, "demosaic: colour filters %d %d / %d %d are not Bayer",
                       c->cfa[0], c->cfa[1], c->cfa[2], c->cfa[3]);
    p->red_x = red & 1;
    p->red_y = red >> 1;
    for (int i = 0; i < 3; i++) {
        if (!(c->neutral[i] > 0))
            return cf_fail(CF_ERR_INVALID, "demosaic: camera neutral %g %g %g must be positive",
                           (double)c->neutral[0], (double)c->neutral[1], (double)c->neutral[2]);
        p->gain[i] = c->neutral[1] / c->neutral[i];
    }
    p->scale = c->noise.scale;
    p->offset = c->noise.offset;
    return CF_OK;
}

static cf_status launch(cf_cl *cl, const cf_stage_io *io, const cf_demosaic_params *p,
                        const cf_plane_set scratch[3]) {
    const cf_plane_set *raw = &io->in[0], *rgb = &io->out[0];
    const cf_buffer *m = scratch[0].buf, *h = scratch[1].buf, *v = scratch[2].buf;
    int width = raw->width, height = raw->height, pitch = scratch[0].pitch, strips = pitch / 16;
    int red = p->red_x | p->red_y << 1;
    float gain[4], bias = cf_demosaic_bias(p);
    for (int i = 0; i < 4; i++)
        gain[i] = p->gain[i == red ? CF_CFA_R : i == (red ^ 3) ? CF_CFA_B : CF_CFA_G];
    CF_TRY(cf_launch(
        cl, &cf_kernel_demosaic, "prepare", "", CF_RANGE(strips, height + 2 * PAD, 16, 1),
        CF_ARGS(CF_BUF(raw->buf), CF_INT(raw->pitch), CF_BUF(m), CF_INT(pitch), CF_INT(width),
                CF_INT(height), CF_BYTES(gain, sizeof gain), CF_FLOAT(bias))));
    CF_TRY(cf_launch(cl, &cf_kernel_demosaic, "directions", "",
                     CF_RANGE(strips, height + 2 * PAD - 4, 16, 1),
                     CF_ARGS(CF_BUF(m), CF_BUF(h), CF_BUF(v), CF_INT(pitch), CF_INT(height),
                             CF_INT(p->red_x ^ p->red_y ^ 1), CF_FLOAT(p->detail))));
    CF_TRY(cf_launch(cl, &cf_kernel_demosaic, "difference", "", CF_RANGE(strips, height + 2, 16, 1),
                     CF_ARGS(CF_BUF(m), CF_BUF(h), CF_BUF(v), CF_INT(pitch), CF_INT(height),
                             CF_FLOAT(cf_demosaic_least(p)), CF_FLOAT(p->detail))));
    return cf_launch(cl, &cf_kernel_demosaic, "colors", "",
                     CF_RANGE((width + 15) / 16, height, 16, 1),
                     CF_ARGS(CF_BUF(raw->buf), CF_INT(raw->pitch), CF_BUF(m), CF_INT(pitch),
                             CF_BUF(rgb->buf), CF_INT(rgb->pitch), CF_INT(width), CF_INT(height),
                             CF_BYTES(gain, sizeof gain), CF_INT(red), CF_FLOAT(bias)));
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    cf_plane_set scratch[3];
    cf_status status = CF_OK;
    for (int i = 0; i < 3; i++) {
        scratch[i] = (cf_plane_set){.width = io->in[0].width + 2 * PAD,
                                    .height = io->in[0].height + 2 * PAD,
                                    .planes = 1,
                                    .elem = 4};
        if (status == CF_OK)
            status = cf_plane_set_get(cl, &scratch[i]);
    }
    if (status == CF_OK)
        status = launch(cl, io, params, scratch);
    for (int i = 0; i < 3; i++)
        cf_buffer_put(&scratch[i].buf);
    return status;
}

const cf_stage cf_stage_demosaic = {
    .name = "demosaic",
    .summary = "white balance, and three colours at every site",
    .in = {{.name = "raw", .domain = CF_DOMAIN_RAW, .planes = 1}},
    .out = {{.name = "rgb", .domain = CF_DOMAIN_LINEAR, .planes = 3}},
    .params_size = sizeof(cf_demosaic_params),
    .defaults = &defaults,
    .options = options,
    .margin = CF_DEMOSAIC_MARGIN,
    .tol_max = 1e-4,
    .tol_mean = 2e-6,
    .tol_why = "sums in another order; the squared weights enlarge their rounding",
    .bind = bind,
    .run_ref = cf_demosaic_ref,
    .run_cl = run_cl,
};
