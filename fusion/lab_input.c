/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `lab_input`. */
#include "fusion/lab_input.h"

#include "fusion/lab_model.h"

CF_CL_SOURCE(lab_input);

static const cf_lab_input_params defaults = CF_LAB_INPUT_DEFAULTS;

static const cf_option options[] = {
    {"grid", CF_OPTION_INT, offsetof(cf_lab_input_params, grid), 2, CF_LAB_GRID_MIN,
     CF_LAB_GRID_MAX, "width and height of the network's grid"},
    {"hints", CF_OPTION_INT, offsetof(cf_lab_input_params, hints), 1, 0, 1,
     "1: the network takes hints"},
    {"certain", CF_OPTION_FLOAT, offsetof(cf_lab_input_params, certain), 1, 0, 1,
     "least confidence of a hint"},
    {"eps", CF_OPTION_FLOAT, offsetof(cf_lab_input_params, eps), 1, 0x1p-20, 1,
     "offset of the chroma's denominator, linear"},
    CF_OPTION_END,
};

/* The file's own grid, where it fixes one. */
static cf_status bind(const cf_stage_context *context, void *params) {
    cf_lab_input_params *p = params;
    cf_lab_model model;
    if (!context->network)
        return CF_OK;
    CF_TRY(cf_lab_model_read(context->network, &model));
    for (int i = 0; i < 2; i++)
        p->grid[i] = model.grid[i] ? model.grid[i] : CF_LAB_GRID;
    p->hints = model.hints;
    return CF_OK;
}

static cf_status shape(const cf_stage_io *io, const void *params, int port, int *width,
                       int *height) {
    const cf_lab_input_params *p = params;
    (void)io;
    (void)port;
    *width = p->grid[0];
    *height = p->grid[1];
    return CF_OK;
}

static cf_status run_lightness(cf_cl *cl, const cf_plane_set *mono, const cf_plane_set *lab) {
    cf_buffer *rows;
    CF_TRY(cf_buffer_get(cl, (size_t)lab->width * (size_t)mono->height * sizeof(float), &rows));
    cf_status status = cf_launch(
        cl, &cf_kernel_lab_input, "lab_rows", "", CF_RANGE(lab->width, mono->height, 64, 1),
        CF_ARGS(CF_BUF(mono->buf), CF_INT(mono->pitch), CF_INT(mono->width), CF_INT(mono->height),
                CF_BUF(rows), CF_INT(lab->width)));
    if (status == CF_OK)
        status = cf_launch(cl, &cf_kernel_lab_input, "lab_columns", "",
                           CF_RANGE(lab->width, lab->height, 64, 1),
                           CF_ARGS(CF_BUF(rows), CF_INT(lab->width), CF_INT(mono->height),
                                   CF_BUF(lab->buf), CF_INT(lab->pitch), CF_INT(lab->height)));
    cf_buffer_put(&rows);
    return status;
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_lab_input_params *p = params;
    const cf_plane_set *mono = &io->in[0], *hint = &io->in[1], *confidence = &io->in[2];
    const cf_plane_set *lab = &io->out[0];
    CF_TRY(run_lightness(cl, mono, lab));
    return cf_launch(
        cl, &cf_kernel_lab_input, "lab_hints", "", CF_RANGE(lab->width, lab->height, 64, 1),
        CF_ARGS(CF_BUF(mono->buf), CF_INT(mono->pitch), CF_BUF(hint->buf), CF_INT(hint->pitch),
                CF_BUF(confidence->buf), CF_INT(confidence->pitch), CF_INT(mono->width),
                CF_INT(mono->height), CF_BUF(lab->buf), CF_INT(lab->pitch), CF_INT(lab->width),
                CF_INT(lab->height), CF_INT(p->hints), CF_FLOAT(p->certain), CF_FLOAT(p->eps)));
}

const cf_stage cf_stage_lab_input = {
    .name = "lab_input",
    .summary = "mono and hints to a published colorizer's planes",
    .in = {{.name = "mono", .domain = CF_DOMAIN_LINEAR, .planes = 1},
           {.name = "hint", .domain = CF_DOMAIN_CHROMA, .planes = 2},
           {.name = "confidence", .domain = CF_DOMAIN_UNIT, .planes = 1}},
    .out = {{.name = "lab", .domain = CF_DOMAIN_LAB, .planes = 4, .size = CF_SIZE_FREE}},
    .params_size = sizeof(cf_lab_input_params),
    .defaults = &defaults,
    .options = options,
    .margin = -1,
    .tol_max = 2e-4,
    .tol_mean = 1e-5,
    .tol_why = "relative, of sums over the cell's pixels in another order; a and b are 500 times a "
               "difference of cube roots, of which the device's may be 2 ulp off",
    .shape = shape,
    .bind = bind,
    .run_ref = cf_lab_input_ref,
    .run_cl = run_cl,
};
