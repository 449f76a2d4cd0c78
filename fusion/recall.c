/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `recall`. */
#include "fusion/recall.h"

#include <math.h>

CF_CL_SOURCE(recall);

static const cf_recall_params defaults = CF_RECALL_DEFAULTS;

#define FIELD(name) offsetof(cf_recall_params, name), 1
static const cf_option options[] = {
    {"drift", CF_OPTION_FLOAT, FIELD(drift), 0, 1000, "error that a frame adds, Lab ab units"},
    {"lasting", CF_OPTION_FLOAT, FIELD(lasting), 0, 0.9375, "part of the error that repeats"},
    {"surprise", CF_OPTION_FLOAT, FIELD(surprise), 1, 1000, "variances that chromas may be apart"},
    {"guess", CF_OPTION_FLOAT, FIELD(guess), 1, 1000, "error of a guess, Lab ab units"},
    {"slack", CF_OPTION_FLOAT, FIELD(slack), 0x1p-13, 1, "difference of guides that means nothing"},
    {"light", CF_OPTION_FLOAT, FIELD(light), 0, 4, "the same as a share of guide"},
    {"unknown", CF_OPTION_FLOAT, FIELD(unknown), 1, 1000, "error of unknown chroma, Lab ab units"},
    {"error-scale", CF_OPTION_FLOAT, FIELD(error_scale), 1, 1000,
     "Lab ab units per unit of chroma"},
    CF_OPTION_END,
};

static int identity(const cf_stage_context *context) {
    return !context->is_sequence;
}

#define PICTURE(set) CF_BUF((set)->buf), CF_INT((set)->pitch)

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_recall_params *p = params;
    const cf_plane_set *in = io->in, *nodes = &io->in[7];
    const float rules[8] = {
        p->drift * p->drift,     p->lasting,     1 / p->surprise,    p->slack, p->light,
        p->unknown * p->unknown, p->error_scale, p->guess * p->guess};
    return cf_launch(
        cl, &cf_kernel_recall, "recall", "", CF_RANGE((in->width + 15) / 16, in->height, 16, 1),
        CF_ARGS(PICTURE(&in[0]), PICTURE(&in[1]), PICTURE(&in[2]), PICTURE(&in[3]), PICTURE(&in[4]),
                PICTURE(&in[5]), PICTURE(&in[6]), CF_BUF(nodes->buf), CF_INT(nodes->width),
                CF_INT(nodes->height), CF_INT(nodes->pitch), CF_INT(in->width), CF_INT(in->height),
                CF_BYTES(rules, sizeof rules), PICTURE(&io->out[0]), PICTURE(&io->out[1])));
}

/* Errors of a few Lab units; motion by a few pixels, whole in one half of the nodes. */
static void test_input(int port, cf_plane_set *set, unsigned seed) {
    for (int y = 0; y < set->height; y++)
        for (int x = 0; x < set->width; x++) {
            if (port == 1 || port == 3)
                cf_row(set, 0, y)[x] *= 1500;
            if (port != 7)
                continue;
            float unrest = x < set->width / 2 ? 0 : sinf((float)(x * 3 + y * 5) + (float)seed);
            cf_row(set, 0, y)[x] = 3 + unrest;
            cf_row(set, 1, y)[x] = -2 - unrest;
            cf_row(set, 2, y)[x] = 0.02F * unrest;
            cf_row(set, 3, y)[x] = 0.8F + 0.3F * unrest;
        }
}

const cf_stage cf_stage_recall = {
    .name = "recall",
    .summary = "chroma corrected by the frame before, along the motion",
    .in = {{.name = "chroma", .domain = CF_DOMAIN_CHROMA, .planes = 2},
           {.name = "error", .domain = CF_DOMAIN_SIGMA, .planes = 1},
           {.name = "last_chroma", .domain = CF_DOMAIN_CHROMA, .planes = 2},
           {.name = "last_error", .domain = CF_DOMAIN_SIGMA, .planes = 1},
           {.name = "guide", .domain = CF_DOMAIN_UNIT, .planes = 1},
           {.name = "last_guide", .domain = CF_DOMAIN_UNIT, .planes = 1},
           {.name = "sigma", .domain = CF_DOMAIN_SIGMA, .planes = 1},
           {.name = "motion", .domain = CF_DOMAIN_DISPARITY, .planes = 4, .size = CF_SIZE_FREE}},
    .out = {{.name = "recalled", .domain = CF_DOMAIN_CHROMA, .planes = 2},
            {.name = "error", .domain = CF_DOMAIN_SIGMA, .planes = 1}},
    .params_size = sizeof(cf_recall_params),
    .defaults = &defaults,
    .options = options,
    .margin = -1,
    .tol_max = 1e-3,
    .tol_mean = 1e-5,
    .tol_why = "fused multiplications in the 16-pixel sum, divided by tolerances",
    .identity = identity,
    .run_ref = cf_recall_ref,
    .run_cl = run_cl,
    .test_input = test_input,
};
