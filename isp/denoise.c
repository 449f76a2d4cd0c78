/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `denoise`. */
#include "isp/denoise.h"

#include <string.h>

CF_CL_SOURCE(denoise);

#define MAX_LEVELS 3

/* How the kernel cuts the picture; the result is the same. A core of a CPU likes one large tile at
 * a time, which spares work along the seams; a GPU has many small memories and needs many tiles. */
typedef struct {
    int width, height;         /* width: 2 BLOCKS - 16 */
    const char *hard, *wiener; /* compiler options of the two passes */
} tiling;
static const tiling large = {144, 64, "", "-DWIENER=1"};
static const tiling small = {48, 16, "-DBLOCKS=32 -DTILE_H=16",
                             "-DBLOCKS=32 -DTILE_H=16 -DWIENER=1"};

/* Pictures halved again and again; level 0 is the stage's own. */
typedef struct {
    cf_plane_set noisy[MAX_LEVELS + 1], clean[MAX_LEVELS + 1];
    cf_plane_set other, sigma; /* a second estimate, level 0's size; level 0's sigma */
} pyramid;

static const cf_denoise_params defaults = CF_DENOISE_DEFAULTS;

static const cf_option options[] = {
    {"strength", CF_OPTION_FLOAT, offsetof(cf_denoise_params, strength), 1, 0.05, 20,
     "sigma of the noise"},
    {"hard", CF_OPTION_FLOAT, offsetof(cf_denoise_params, hard), 1, 0.5, 10,
     "threshold of the first pass, sigmas"},
    {"share", CF_OPTION_FLOAT, offsetof(cf_denoise_params, share), 1, 0, 1,
     "trust in the halved picture"},
    {"levels", CF_OPTION_INT, offsetof(cf_denoise_params, levels), 1, 0, MAX_LEVELS,
     "how often the picture is halved"},
    {"passes", CF_OPTION_INT, offsetof(cf_denoise_params, passes), 1, 1, 3, "Wiener passes"},
    CF_OPTION_END,
};

/*
 * Halved pictures are worth 0.3 dB at 15 photo-electrons in white and nothing from 1000 on, where
 * they cost a third of the time (docs/benchmarks.md).
 */
static cf_status bind(const cf_stage_context *context, void *params) {
    cf_denoise_params *p = params;
    if (context->camera->noise.scale < 1e-3F && context->camera->noise.offset < 1e-6F)
        p->levels = 0;
    return CF_OK;
}

static cf_status shrink(cf_cl *cl, const cf_denoise_params *p, const cf_plane_set *noisy,
                        const cf_plane_set *oracle, const cf_plane_set *out,
                        const cf_plane_set *sigma) {
    float s = p->strength, ramp[2] = {5 / (p->hard * s), -4.5F}, wiener[2] = {s * s, 0};
    const tiling *tile = strcmp(cf_cl_device_info(cl)->type, "cpu") ? &small : &large;
    cf_range range = {{(size_t)((out->width + tile->width - 1) / tile->width),
                       (size_t)((out->height + tile->height - 1) / tile->height),
                       (size_t)out->planes},
                      {1, 1, 1}};
    return cf_launch(
        cl, &cf_kernel_denoise, "shrink", oracle ? tile->wiener : tile->hard, range,
        CF_ARGS(CF_BUF(noisy->buf), CF_INT(noisy->pitch), CF_BUF((oracle ? oracle : noisy)->buf),
                CF_INT((oracle ? oracle : noisy)->pitch), CF_BUF(out->buf), CF_INT(out->pitch),
                CF_BUF(sigma->buf), CF_INT(sigma->pitch), CF_INT(out->width), CF_INT(out->height),
                CF_BYTES(oracle ? wiener : ramp, sizeof ramp), CF_FLOAT(s)));
}

/* Estimates one level: the passes go to and fro between clean and other and end in clean. */
static cf_status run_level(cf_cl *cl, const cf_denoise_params *p, pyramid *set, int level) {
    cf_plane_set other = set->clean[level];
    other.buf = set->other.buf;
    other.pitch = CF_PITCH(other.width);
    const cf_plane_set *to = p->passes % 2 ? &other : &set->clean[level], *from = NULL;
    for (int i = 0; i <= p->passes; i++) {
        CF_TRY(shrink(cl, p, &set->noisy[level], from, to, &set->sigma));
        from = to;
        to = to == &other ? &set->clean[level] : &other;
    }
    return CF_OK;
}

/* One work-item per 16 samples of the coarse picture. */
static cf_range over(const cf_plane_set *coarse) {
    return (cf_range){
        {(size_t)(coarse->width + 15) / 16, (size_t)coarse->height, (size_t)coarse->planes},
        {1, 1, 1}};
}

static cf_status halve(cf_cl *cl, const cf_plane_set *fine, const cf_plane_set *coarse, int less) {
    return cf_launch(cl, &cf_kernel_denoise, "halve", "", over(coarse),
                     CF_ARGS(CF_BUF(fine->buf), CF_INT(fine->pitch), CF_INT(fine->width),
                             CF_INT(fine->height), CF_BUF(coarse->buf), CF_INT(coarse->pitch),
                             CF_INT(less)));
}

static cf_status lift(cf_cl *cl, const cf_plane_set *coarse, const cf_plane_set *fine,
                      float share) {
    return cf_launch(cl, &cf_kernel_denoise, "lift", "", over(coarse),
                     CF_ARGS(CF_BUF(coarse->buf), CF_INT(coarse->pitch), CF_INT(fine->width),
                             CF_INT(fine->height), CF_BUF(fine->buf), CF_INT(fine->pitch),
                             CF_FLOAT(share / 2)));
}

static cf_status run_levels(cf_cl *cl, const cf_denoise_params *p, pyramid *set) {
    for (int i = 1; i <= p->levels; i++)
        CF_TRY(halve(cl, &set->noisy[i - 1], &set->noisy[i], 0));
    /* Coarse levels write a sigma too; level 0 comes last and overwrites it. */
    for (int i = p->levels; i >= 0; i--) {
        CF_TRY(run_level(cl, p, set, i));
        if (i == p->levels)
            continue;
        CF_TRY(halve(cl, &set->clean[i], &set->clean[i + 1], 1));
        CF_TRY(lift(cl, &set->clean[i + 1], &set->clean[i], p->share));
    }
    return CF_OK;
}

static cf_status get_scratch(cf_cl *cl, int levels, pyramid *set) {
    set->other = set->clean[0];
    set->other.pitch = CF_PITCH(set->other.width);
    CF_TRY(cf_plane_set_get(cl, &set->other));
    for (int i = 1; i <= levels; i++) {
        cf_plane_set half = set->noisy[i - 1];
        half.buf = NULL;
        half.width = (half.width + 1) / 2;
        half.height = (half.height + 1) / 2;
        half.pitch = CF_PITCH(half.width);
        set->noisy[i] = set->clean[i] = half;
        CF_TRY(cf_plane_set_get(cl, &set->noisy[i]));
        CF_TRY(cf_plane_set_get(cl, &set->clean[i]));
    }
    return CF_OK;
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_denoise_params *p = params;
    pyramid set = {.noisy[0] = io->in[0], .clean[0] = io->out[0], .sigma = io->out[1]};
    cf_status status = get_scratch(cl, p->levels, &set);
    if (status == CF_OK)
        status = run_levels(cl, p, &set);
    cf_buffer_put(&set.other.buf);
    for (int i = 1; i <= p->levels; i++) {
        cf_buffer_put(&set.noisy[i].buf);
        cf_buffer_put(&set.clean[i].buf);
    }
    return status;
}

const cf_stage cf_stage_denoise = {
    .name = "denoise",
    .summary = "removes white noise of known strength",
    .in = {{.name = "noisy", .domain = CF_DOMAIN_STABLE}},
    .out = {{.name = "clean", .domain = CF_DOMAIN_STABLE},
            {.name = "sigma", .domain = CF_DOMAIN_SIGMA}},
    .params_size = sizeof(cf_denoise_params),
    .defaults = &defaults,
    .options = options,
    .margin = 72,
    .tol_max = 2e-3,
    .tol_mean = 2e-5,
    .tol_why = "float against double sums; gains amplify differences near the threshold",
    .bind = bind,
    .run_ref = cf_denoise_ref,
    .run_cl = run_cl,
};
