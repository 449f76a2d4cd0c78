/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `denoise_learned`: plans the network once for the picture's size. */
#include "isp/denoise_learned.h"

#include "cl/net/net.h"

CF_CL_SOURCE(denoise_learned);

/* isp/models/weights.S */
extern const unsigned char cf_denoiser_file[];
extern const uint64_t cf_denoiser_file_bytes;

static const cf_denoise_learned_params defaults = CF_DENOISE_LEARNED_DEFAULTS;

static const cf_option options[] = {
    {"strength", CF_OPTION_FLOAT, offsetof(cf_denoise_learned_params, strength), 1, 0, 1,
     "share of the network's correction"},
    CF_OPTION_END,
};

/* What the step keeps. */
typedef struct {
    cf_net *net;
    cf_buffer *in, *out;
    int width, height; /* of the network's grid */
} plan;

cf_status cf_denoise_learned_open(cf_model **out) {
    return cf_model_parse(cf_denoiser_file, (size_t)cf_denoiser_file_bytes, "the built-in denoiser",
                          out);
}

static int padded(int side) {
    int m = CF_DENOISE_LEARNED_MULTIPLE;
    return (side + m - 1) / m * m;
}

static int identity(const cf_stage_context *context) {
    return !(context->camera->noise.scale >= CF_DENOISE_LEARNED_SCALE_MIN);
}

static cf_status prepare(cf_cl *cl, const cf_stage_io *io, const void *params, void *state) {
    plan *s = state;
    cf_model *model;
    cf_net_params net = CF_NET_DEFAULTS;
    (void)params;
    s->width = padded(io->in[0].width);
    s->height = padded(io->in[0].height);
    const cf_shape shape = {4, {1, 3, s->height, s->width}};
    net.shapes = &shape;
    net.shape_count = 1;
    CF_TRY(cf_denoise_learned_open(&model));
    cf_status status = cf_net_create(cl, model, &net, &s->net);
    cf_model_destroy(&model);
    CF_TRY(status);
    CF_TRY(cf_buffer_get(cl, cf_net_port_bytes(cf_net_input(s->net, 0)), &s->in));
    return cf_buffer_get(cl, cf_net_port_bytes(cf_net_output(s->net, 0)), &s->out);
}

static void release(void *state) {
    plan *s = state;
    cf_net_destroy(&s->net);
    cf_buffer_put(&s->in);
    cf_buffer_put(&s->out);
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_denoise_learned_params *p = params;
    const plan *s = io->state;
    const cf_plane_set *clean = &io->in[0], *sigma = &io->in[1], *noisy = &io->in[2];
    const cf_plane_set *to = &io->out[0], *to_sigma = &io->out[1];
    CF_TRY(cf_launch(
        cl, &cf_kernel_denoise_learned, "gather", "", CF_RANGE(s->width / 8, s->height, 8, 1),
        CF_ARGS(CF_BUF(clean->buf), CF_INT(clean->pitch), CF_BUF(sigma->buf), CF_INT(sigma->pitch),
                CF_BUF(noisy->buf), CF_INT(noisy->pitch), CF_INT(clean->width),
                CF_INT(clean->height), CF_BUF(s->in), CF_INT(s->width), CF_INT(s->height))));
    CF_TRY(cf_net_run(s->net, (const cf_buffer *const[]){s->in}, (cf_buffer *const[]){s->out}));
    return cf_launch(
        cl, &cf_kernel_denoise_learned, "correct", "", CF_RANGE(s->width / 8, clean->height, 8, 1),
        CF_ARGS(CF_BUF(clean->buf), CF_INT(clean->pitch), CF_BUF(sigma->buf), CF_INT(sigma->pitch),
                CF_BUF(s->out), CF_INT(s->width / 2), CF_INT(s->height / 2), CF_BUF(to->buf),
                CF_INT(to->pitch), CF_BUF(to_sigma->buf), CF_INT(to_sigma->pitch),
                CF_INT(clean->width), CF_INT(clean->height), CF_FLOAT(p->strength)));
}

const cf_stage cf_stage_denoise_learned = {
    .name = "denoise_learned",
    .summary = "mends what shrinking left in the dark",
    .in = {{.name = "clean", .domain = CF_DOMAIN_STABLE, .planes = 1},
           {.name = "sigma", .domain = CF_DOMAIN_SIGMA, .planes = 1},
           {.name = "noisy", .domain = CF_DOMAIN_STABLE, .planes = 1}},
    .out = {{.name = "clean", .domain = CF_DOMAIN_STABLE, .planes = 1},
            {.name = "sigma", .domain = CF_DOMAIN_SIGMA, .planes = 1}},
    .params_size = sizeof(cf_denoise_learned_params),
    .defaults = &defaults,
    .options = options,
    .margin = -1,
    .tol_max = 2e-3,
    .tol_mean = 2e-5,
    .tol_why =
        "ten layers whose convolutions are summed in another order, some by Winograd's method",
    .identity = identity,
    .state_size = sizeof(plan),
    .prepare = prepare,
    .release = release,
    .run_ref = cf_denoise_learned_ref,
    .run_cl = run_cl,
};
