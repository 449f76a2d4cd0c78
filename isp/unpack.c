/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `unpack`. */
#include "isp/unpack.h"

#include "base/log.h"

CF_CL_SOURCE(unpack);

static const cf_unpack_params defaults = CF_UNPACK_DEFAULTS;

static const cf_option options[] = {
    {"format", CF_OPTION_INT, offsetof(cf_unpack_params, format), 1, CF_RAW_8, CF_RAW_16,
     "cf_raw_format"},
    {"width", CF_OPTION_INT, offsetof(cf_unpack_params, width), 1, 0, CF_IMAGE_MAX_SIDE,
     "pixels, 0: what a row holds"},
    CF_OPTION_END,
};

static cf_raw_format format_of(const cf_stage_context *context) {
    return context->camera == context->mono ? context->mono_format : context->color_format;
}

static cf_status bind(const cf_stage_context *context, void *params) {
    cf_unpack_params *p = params;
    p->format = (int)format_of(context);
    p->width = context->camera->width;
    return CF_OK;
}

static int identity(const cf_stage_context *context) {
    return format_of(context) == CF_RAW_CODES;
}

static cf_status shape(const cf_stage_io *io, const void *params, int port, int *width,
                       int *height) {
    const cf_unpack_params *p = params;
    (void)port;
    int held = cf_raw_pixels((cf_raw_format)p->format, io->in[0].width);
    if (held < 1)
        return cf_fail(CF_ERR_INVALID, "unpack: a row of %d bytes holds no pixel of %d bits",
                       io->in[0].width, cf_raw_bits((cf_raw_format)p->format));
    *width = p->width && p->width < held ? p->width : held;
    *height = io->in[0].height;
    return CF_OK;
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_unpack_params *p = params;
    const cf_plane_set *in = &io->in[0], *out = &io->out[0];
    int group = p->format == CF_RAW_12P                              ? 2
                : p->format == CF_RAW_10P || p->format == CF_RAW_14P ? 4
                                                                     : 1;
    return cf_launch(cl, &cf_kernel_unpack, "unpack", "",
                     CF_RANGE((out->width + 15) / 16, out->height, 16, 1),
                     CF_ARGS(CF_BUF(in->buf), CF_INT(in->pitch), CF_BUF(out->buf),
                             CF_INT(out->pitch), CF_INT(out->width), CF_INT(out->height),
                             CF_INT(group), CF_INT(cf_raw_bits((cf_raw_format)p->format))));
}

const cf_stage cf_stage_unpack = {
    .name = "unpack",
    .summary = "sensor bytes to codes",
    .in = {{.name = "bytes", .domain = CF_DOMAIN_CODES, .planes = 1, .elem = 1}},
    .out = {{.name = "codes",
             .domain = CF_DOMAIN_CODES,
             .planes = 1,
             .size = CF_SIZE_FREE,
             .elem = 2}},
    .params_size = sizeof(cf_unpack_params),
    .defaults = &defaults,
    .options = options,
    .margin = 0,
    .tol_max = 0,
    .tol_mean = 0,
    .tol_why = "integers",
    .shape = shape,
    .bind = bind,
    .identity = identity,
    .run_ref = cf_unpack_ref,
    .run_cl = run_cl,
};
