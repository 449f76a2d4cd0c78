/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `guide`. */
#include "fusion/guide.h"

CF_CL_SOURCE(guide);

static const char no_params;

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_plane_set *in = &io->in[0], *out = &io->out[0];
    (void)params;
    return cf_launch(cl, &cf_kernel_guide, "guide", "",
                     CF_RANGE((in->width + 15) / 16, in->height, 16, 1),
                     CF_ARGS(CF_BUF(in->buf), CF_INT(in->pitch), CF_BUF(out->buf),
                             CF_INT(out->pitch), CF_INT(in->width), CF_INT(in->height)));
}

const cf_stage cf_stage_guide = {
    .name = "guide",
    .summary = "denoised mono to the network's mono",
    .in = {{.name = "mono", .domain = CF_DOMAIN_LINEAR, .planes = 1}},
    .out = {{.name = "guide", .domain = CF_DOMAIN_UNIT, .planes = 1}},
    .params_size = sizeof no_params,
    .defaults = &no_params,
    .margin = 0,
    .tol_max = 1e-5,
    .tol_mean = 1e-6,
    .tol_why = "the device's sqrt may be 3 ulp off",
    .run_ref = cf_guide_ref,
    .run_cl = run_cl,
};
