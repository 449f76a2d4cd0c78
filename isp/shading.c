/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `shading`, and its grid. */
#include "isp/shading.h"

#include <string.h>

#include "base/alloc.h"

CF_CL_SOURCE(shading);

static const int no_params = 0;

static int identity(const cf_stage_context *context) {
    return context->camera->shading.gains == NULL;
}

cf_status cf_shading_gains(const cf_camera_profile *camera, cf_plane_set *gains) {
    const cf_shading *s = &camera->shading;
    int width = s->gains ? s->width : 1, height = s->gains ? s->height : 1;
    *gains = (cf_plane_set){.width = width,
                            .height = height,
                            .planes = 4,
                            .pitch = CF_PITCH(width),
                            .elem = 4,
                            .domain = CF_DOMAIN_GAIN};
    gains->data = cf_alloc(cf_plane_set_bytes(gains), 1);
    if (!gains->data)
        return CF_ERR_MEMORY;
    for (int p = 0; p < 4; p++)
        for (int y = 0; y < height; y++) {
            if (!s->gains) {
                cf_row(gains, p, y)[0] = 1;
                continue;
            }
            int plane = s->planes == 4 ? p : 0;
            size_t row = ((size_t)plane * (size_t)height + (size_t)y) * (size_t)width;
            memcpy(cf_row(gains, p, y), s->gains + row, (size_t)width * sizeof(float));
        }
    return CF_OK;
}

static float cells(int points, int pixels) {
    return pixels > 1 ? (float)(points - 1) / (float)(pixels - 1) : 0;
}

static cf_status table(const cf_stage_context *context, int port, cf_plane_set *out) {
    (void)port;
    return cf_shading_gains(context->camera, out);
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_plane_set *in = &io->in[0], *gains = &io->in[1], *out = &io->out[0];
    const int grid[4] = {gains->pitch, gains->width, gains->height, gains->pitch * gains->height};
    const float per_pixel[2] = {cells(gains->width, in->width), cells(gains->height, in->height)};
    (void)params;
    return cf_launch(cl, &cf_kernel_shading, "shading", "", CF_RANGE(in->width, in->height, 64, 1),
                     CF_ARGS(CF_BUF(in->buf), CF_INT(in->pitch), CF_BUF(out->buf),
                             CF_INT(out->pitch), CF_INT(in->width), CF_INT(in->height),
                             CF_BUF(gains->buf), CF_BYTES(grid, sizeof grid),
                             CF_BYTES(per_pixel, sizeof per_pixel)));
}

const cf_stage cf_stage_shading = {
    .name = "shading",
    .summary = "lens shading",
    .in = {{.name = "raw", .domain = CF_DOMAIN_RAW, .planes = 1},
           {.name = "gains", .domain = CF_DOMAIN_GAIN, .planes = 4, .size = CF_SIZE_FREE}},
    .out = {{.name = "flat", .domain = CF_DOMAIN_RAW, .planes = 1}},
    .params_size = sizeof no_params,
    .defaults = &no_params,
    .margin = 0,
    .tol_max = 1e-5,
    .tol_mean = 1e-6,
    .tol_why = "positions in the grid round differently",
    .identity = identity,
    .table = table,
    .run_ref = cf_shading_ref,
    .run_cl = run_cl,
};
