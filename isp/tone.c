/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `tone`. */
#include "isp/tone.h"

#include <string.h>

#include "base/log.h"
#include "isp/statistics.h"

CF_CL_SOURCE(tone);

static const cf_tone_params defaults = CF_TONE_DEFAULTS;

static const cf_option options[] = {
    {"key", CF_OPTION_FLOAT, offsetof(cf_tone_params, key), 1, 0.0078125, 1,
     "linear value of the geometric mean"},
    {"strength", CF_OPTION_FLOAT, offsetof(cf_tone_params, strength), 1, 0, 1,
     "how far exposure follows the scene"},
    {"max-gain", CF_OPTION_FLOAT, offsetof(cf_tone_params, max_gain), 1, 1, 64,
     "limit of the exposure change"},
    {"toe", CF_OPTION_FLOAT, offsetof(cf_tone_params, toe), 1, 0, 0.125, "black level taken off"},
    {"knee", CF_OPTION_FLOAT, offsetof(cf_tone_params, knee), 1, 0, 0.875,
     "where highlights begin to bend"},
    {"weights", CF_OPTION_FLOAT, offsetof(cf_tone_params, weights), 3, 0, 1,
     "luminance of R, G, B"},
    CF_OPTION_END,
};

static cf_status launch(cf_cl *cl, const cf_stage_io *io, const cf_tone_params *p,
                        const cf_buffer *numbers) {
    const cf_plane_set *in = &io->in[0], *values = &io->in[1], *out = &io->out[0];
    const float limits[4] = {p->key, p->strength, p->max_gain, p->toe};
    float weights[4] = {0};
    memcpy(weights, p->weights, sizeof p->weights);
    CF_TRY(cf_launch(cl, &cf_kernel_tone, "curve", "", CF_RANGE(1, 1, 1, 1),
                     CF_ARGS(CF_BUF(values->buf), CF_INT(values->pitch * values->height),
                             CF_BYTES(limits, sizeof limits), CF_FLOAT(p->knee), CF_BUF(numbers))));
    return cf_launch(
        cl, &cf_kernel_tone, "tone", "", CF_RANGE((in->width + 15) / 16, in->height, 16, 1),
        CF_ARGS(CF_BUF(in->buf), CF_INT(in->pitch), CF_INT(in->planes), CF_BUF(out->buf),
                CF_INT(out->pitch), CF_INT(in->width), CF_INT(in->height),
                CF_BYTES(weights, sizeof weights), CF_BUF(numbers)));
}

static cf_status check(const cf_stage_io *io) {
    if (io->in[0].planes != 1 && io->in[0].planes != 3)
        return cf_fail(CF_ERR_INVALID, "tone: %d planes, needs 1 or 3", io->in[0].planes);
    return CF_OK;
}

/* For measuring, the picture stays as it is. */
static int identity(const cf_stage_context *context) {
    return !context->tone_auto;
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    cf_buffer *numbers;
    CF_TRY(check(io));
    CF_TRY(cf_buffer_get(cl, 4 * sizeof(float), &numbers));
    cf_status status = launch(cl, io, params, numbers);
    cf_buffer_put(&numbers);
    return status;
}

static cf_status run_ref(const cf_stage_io *io, const void *params) {
    CF_TRY(check(io));
    return cf_tone_ref(io, params);
}

/* A dim scene with highlights. */
static void test_input(int port, cf_plane_set *set, unsigned seed) {
    if (port != 1)
        return;
    cf_row(set, CF_STATISTICS_LOG_MEAN, 0)[0] = 0.02F * (float)(seed % 5 + 1);
    cf_row(set, CF_STATISTICS_P01, 0)[0] = 0.001F * (float)(seed % 3);
    cf_row(set, CF_STATISTICS_P995, 0)[0] = 0.9F;
}

const cf_stage cf_stage_tone = {
    .name = "tone",
    .summary = "exposure, contrast and highlights for the eye",
    .in = {{.name = "picture", .domain = CF_DOMAIN_LINEAR},
           {.name = "values",
            .domain = CF_DOMAIN_TABLE,
            .planes = CF_STATISTICS_VALUES,
            .size = CF_SIZE_FREE}},
    .out = {{.name = "toned", .domain = CF_DOMAIN_LINEAR}},
    .params_size = sizeof(cf_tone_params),
    .defaults = &defaults,
    .options = options,
    .margin = 0,
    .tol_max = 1e-4,
    .tol_mean = 2e-6,
    .tol_why = "pow; quotients of small luminances",
    .identity = identity,
    .run_ref = run_ref,
    .run_cl = run_cl,
    .test_input = test_input,
};
