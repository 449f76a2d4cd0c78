/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `statistics`. */
#include "isp/statistics.h"

#include <string.h>

#include "base/log.h"

CF_CL_SOURCE(statistics);

#define BANDS 32
#define SUMS 8

static const cf_statistics_params defaults = CF_STATISTICS_DEFAULTS;

static const cf_option options[] = {
    {"step", CF_OPTION_INT, offsetof(cf_statistics_params, step), 1, 1, 64,
     "pixels between samples"},
    {"weights", CF_OPTION_FLOAT, offsetof(cf_statistics_params, weights), 3, -8, 8,
     "luminance of R, G, B"},
    {"clip", CF_OPTION_FLOAT, offsetof(cf_statistics_params, clip), 1, 0, 16,
     "colours from here on are clipped"},
    {"dark", CF_OPTION_FLOAT, offsetof(cf_statistics_params, dark), 1, 0, 1,
     "luminance that tells no colour"},
    CF_OPTION_END,
};

static cf_status shape(const cf_stage_io *io, const void *params, int port, int *width,
                       int *height) {
    (void)params;
    if (io->in[0].planes != 1 && io->in[0].planes != 3)
        return cf_fail(CF_ERR_INVALID, "statistics: %d planes, needs 1 or 3", io->in[0].planes);
    *width = port == 0 ? CF_STATISTICS_BINS : 1;
    *height = port == 0 ? 4 : 1;
    return CF_OK;
}

static cf_status launch(cf_cl *cl, const cf_stage_io *io, const cf_statistics_params *p,
                        const cf_buffer *counts, const cf_buffer *sums) {
    const cf_plane_set *in = &io->in[0], *out = &io->out[0], *values = &io->out[1];
    float weights[4] = {0};
    memcpy(weights, p->weights, sizeof p->weights);
    CF_TRY(cf_launch(cl, &cf_kernel_statistics, "count", "", CF_RANGE(BANDS, 1, 1, 1),
                     CF_ARGS(CF_BUF(in->buf), CF_INT(in->pitch), CF_INT(in->planes),
                             CF_INT(in->width), CF_INT(in->height), CF_INT(p->step),
                             CF_BYTES(weights, sizeof weights), CF_FLOAT(p->clip),
                             CF_FLOAT(p->dark), CF_INT(BANDS), CF_BUF(counts), CF_BUF(sums))));
    return cf_launch(cl, &cf_kernel_statistics, "summarize", "", CF_RANGE(1, 1, 1, 1),
                     CF_ARGS(CF_BUF(counts), CF_BUF(sums), CF_INT(BANDS), CF_INT(in->planes),
                             CF_BUF(out->buf), CF_INT(out->pitch), CF_BUF(values->buf),
                             CF_INT(values->pitch)));
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    cf_buffer *counts = NULL, *sums = NULL;
    cf_status status =
        cf_buffer_get(cl, (size_t)BANDS * 4 * CF_STATISTICS_BINS * sizeof(int), &counts);
    if (status == CF_OK)
        status = cf_buffer_get(cl, (size_t)BANDS * SUMS * sizeof(float), &sums);
    if (status == CF_OK)
        status = launch(cl, io, params, counts, sums);
    cf_buffer_put(&counts);
    cf_buffer_put(&sums);
    return status;
}

const cf_stage cf_stage_statistics = {
    .name = "statistics",
    .summary = "histograms, exposure and white balance estimates",
    .in = {{.name = "picture", .domain = CF_DOMAIN_LINEAR}},
    .out = {{.name = "table", .domain = CF_DOMAIN_TABLE, .planes = 1, .size = CF_SIZE_FREE},
            {.name = "values",
             .domain = CF_DOMAIN_TABLE,
             .planes = CF_STATISTICS_VALUES,
             .size = CF_SIZE_FREE}},
    .params_size = sizeof(cf_statistics_params),
    .defaults = &defaults,
    .options = options,
    .margin = -1,
    .tol_max = 1e-4,
    .tol_mean = 1e-6,
    .tol_why = "float sums instead of double; log2 and exp2",
    .shape = shape,
    .run_ref = cf_statistics_ref,
    .run_cl = run_cl,
};
