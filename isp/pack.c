/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `pack`. */
#include "isp/pack.h"

#include "base/log.h"

CF_CL_SOURCE(pack);

static const cf_pack_params defaults = CF_PACK_DEFAULTS;

static const cf_option options[] = {
    {"depth", CF_OPTION_INT, offsetof(cf_pack_params, depth), 1, 8, 16, "bits: 8 or 16"},
    CF_OPTION_END,
};

static cf_status shape(const cf_stage_io *io, const void *params, int port, int *width,
                       int *height) {
    const cf_pack_params *p = params;
    (void)port;
    if (p->depth != 8 && p->depth != 16)
        return cf_fail(CF_ERR_INVALID, "pack: depth is %d, must be 8 or 16", p->depth);
    *width = io->in[0].width * io->in[0].planes * (p->depth / 8);
    *height = io->in[0].height;
    return CF_OK;
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_pack_params *p = params;
    const cf_plane_set *in = &io->in[0], *out = &io->out[0];
    return cf_launch(
        cl, &cf_kernel_pack, "pack", "", CF_RANGE((in->width + 15) / 16, in->height, 16, 1),
        CF_ARGS(CF_BUF(in->buf), CF_INT(in->pitch), CF_INT(in->planes), CF_BUF(out->buf),
                CF_INT(out->pitch), CF_INT(in->width), CF_INT(in->height), CF_INT(p->depth)));
}

const cf_stage cf_stage_pack = {
    .name = "pack",
    .summary = "planes to interleaved 8- or 16-bit pixels",
    .in = {{.name = "encoded", .domain = CF_DOMAIN_ENCODED}},
    .out = {{.name = "pixels",
             .domain = CF_DOMAIN_CODES,
             .planes = 1,
             .size = CF_SIZE_FREE,
             .elem = 1}},
    .params_size = sizeof(cf_pack_params),
    .defaults = &defaults,
    .options = options,
    .margin = 0,
    .tol_max = 0,
    .tol_mean = 0,
    .tol_why = "the same fused multiply-add on both sides",
    .shape = shape,
    .run_ref = cf_pack_ref,
    .run_cl = run_cl,
};
