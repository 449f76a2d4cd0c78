/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `lab_output`. */
#include "fusion/lab_output.h"

#include "fusion/lab_model.h"

CF_CL_SOURCE(lab_output);

static const cf_lab_output_params defaults = CF_LAB_OUTPUT_DEFAULTS;

static const cf_option options[] = {
    {"edge", CF_OPTION_FLOAT, offsetof(cf_lab_output_params, edge), 1, 0.5, 100,
     "difference in L* that parts surfaces"},
    {"follow", CF_OPTION_INT, offsetof(cf_lab_output_params, follow), 1, 0, 1,
     "1: hints count by the transfer"},
    {"reach", CF_OPTION_FLOAT, offsetof(cf_lab_output_params, reach), 1, 0.5, 200,
     "doubt of the transfer at which it no longer counts, Lab ab units"},
    {"error", CF_OPTION_FLOAT, offsetof(cf_lab_output_params, error), 1, 0, 200,
     "error of the network, Lab ab units"},
    {"eps", CF_OPTION_FLOAT, offsetof(cf_lab_output_params, eps), 1, 0x1p-20, 1,
     "offset of the chroma's denominator, linear"},
    CF_OPTION_END,
};

static cf_status bind(const cf_stage_context *context, void *params) {
    cf_lab_output_params *p = params;
    cf_lab_model model;
    if (!context->network)
        return CF_OK;
    CF_TRY(cf_lab_model_read(context->network, &model));
    p->follow = !model.hints;
    return CF_OK;
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_lab_output_params *p = params;
    const cf_plane_set *mono = &io->in[0], *transferred = &io->in[1], *doubt = &io->in[2];
    const cf_plane_set *lab = &io->in[3], *ab = &io->in[4];
    const cf_plane_set *chroma = &io->out[0], *error = &io->out[1];
    return cf_launch(
        cl, &cf_kernel_lab_output, "lab_output", "", CF_RANGE(mono->width, mono->height, 64, 1),
        CF_ARGS(CF_BUF(mono->buf), CF_INT(mono->pitch), CF_BUF(transferred->buf),
                CF_INT(transferred->pitch), CF_BUF(doubt->buf), CF_INT(doubt->pitch),
                CF_BUF(lab->buf), CF_INT(lab->pitch), CF_BUF(ab->buf), CF_INT(ab->pitch),
                CF_BUF(chroma->buf), CF_INT(chroma->pitch), CF_BUF(error->buf),
                CF_INT(error->pitch), CF_INT(mono->width), CF_INT(mono->height), CF_INT(ab->width),
                CF_INT(ab->height), CF_FLOAT(p->edge), CF_INT(p->follow), CF_FLOAT(p->reach),
                CF_FLOAT(p->error), CF_FLOAT(p->eps)));
}

const cf_stage cf_stage_lab_output = {
    .name = "lab_output",
    .summary = "a published colorizer's ab to chroma of every pixel",
    .in = {{.name = "mono", .domain = CF_DOMAIN_LINEAR, .planes = 1},
           {.name = "transferred", .domain = CF_DOMAIN_CHROMA, .planes = 2},
           {.name = "doubt", .domain = CF_DOMAIN_LAB, .planes = 1},
           {.name = "lab", .domain = CF_DOMAIN_LAB, .planes = 4, .size = CF_SIZE_FREE},
           {.name = "ab", .domain = CF_DOMAIN_LAB, .planes = 2, .like = 3}},
    .out = {{.name = "chroma", .domain = CF_DOMAIN_CHROMA, .planes = 2},
            {.name = "error", .domain = CF_DOMAIN_LAB, .planes = 1}},
    .params_size = sizeof(cf_lab_output_params),
    .defaults = &defaults,
    .options = options,
    .margin = -1,
    .tol_max = 1e-3,
    .tol_mean = 1e-5,
    .tol_why = "relative; weights of cells far in L* are small differences of a place computed in "
               "float, and dark chroma divides by eps",
    .bind = bind,
    .run_ref = cf_lab_output_ref,
    .run_cl = run_cl,
};
