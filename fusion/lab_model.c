/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a published colorizer's ports. */
#include "fusion/lab_model.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "fusion/lab_input.h"

#define EXPECTED                                                                                   \
    "colorize takes networks with one input of 1 plane (lightness), or of 4 (lightness, ab of "    \
    "hints, mask), or three of 1, 2 and 1 planes (the same), and an output of 2 planes (ab)"

__attribute__((format(printf, 2, 3))) static cf_status refuse(const cf_model *model,
                                                              const char *format, ...) {
    char why[300];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    return cf_fail(CF_ERR_UNSUPPORTED, "%s: %s; " EXPECTED, cf_model_describe(model).name, why);
}

/* Planes of a port that is a picture of one batch; 0, and a message, when it is not. */
static int planes_of(const cf_model *model, const cf_model_port *port, const char *kind) {
    char text[96];
    const cf_shape *s = &port->shape;
    if (port->type != CF_TYPE_FLOAT)
        refuse(model, "%s '%.60s' holds integers", kind, port->name);
    else if (s->rank < 0)
        refuse(model, "%s '%.60s' says nothing of its shape", kind, port->name);
    else if (s->rank != 4 || s->dim[0] > 1 || s->dim[1] < 1 || s->dim[1] > 4096)
        refuse(model, "%s '%.60s' is %s, not 1 x planes x height x width", kind, port->name,
               cf_shape_text(s, text));
    else
        return (int)s->dim[1];
    return 0;
}

static int has_mask_name(const cf_model_port *port) {
    for (const char *at = port->name; *at; at++)
        if (!strncasecmp(at, "mask", 4))
            return 1;
    return 0;
}

/* Which of three inputs is which. */
static cf_status sort_inputs(const cf_model *model, const int planes[3], cf_lab_model *out) {
    size_t single[3], singles = 0, doubles = 0;
    for (size_t i = 0; i < 3; i++) {
        if (planes[i] == 1)
            single[singles++] = i;
        else if (planes[i] == 2) {
            out->hint = i;
            doubles++;
        }
    }
    if (singles != 2 || doubles != 1)
        return refuse(model, "its inputs have %d, %d and %d planes", planes[0], planes[1],
                      planes[2]);
    int first_is_mask = has_mask_name(cf_model_input(model, single[0])) &&
                        !has_mask_name(cf_model_input(model, single[1]));
    out->lightness = single[first_is_mask];
    out->mask = single[!first_is_mask];
    return CF_OK;
}

static cf_status read_inputs(const cf_model *model, cf_lab_model *out) {
    int planes[3];
    out->inputs = cf_model_input_count(model);
    if (out->inputs != 1 && out->inputs != 3)
        return refuse(model, "%zu inputs", out->inputs);
    for (size_t i = 0; i < out->inputs; i++) {
        planes[i] = planes_of(model, cf_model_input(model, i), "input");
        if (!planes[i])
            return CF_ERR_UNSUPPORTED;
    }
    out->hints = out->inputs == 3 || planes[0] == 4;
    if (out->inputs == 3)
        return sort_inputs(model, planes, out);
    return planes[0] == 1 || planes[0] == 4 ? CF_OK
                                            : refuse(model, "input '%.60s' has %d planes",
                                                     cf_model_input(model, 0)->name, planes[0]);
}

/* Sides that one input fixes hold for all. */
static cf_status read_grid(const cf_model *model, cf_lab_model *out) {
    for (size_t i = 0; i < out->inputs; i++)
        for (int k = 0; k < 2; k++) {
            int64_t side = cf_model_input(model, i)->shape.dim[3 - k];
            if (side < 0)
                continue;
            if (side < CF_LAB_GRID_MIN || side > CF_LAB_GRID_MAX)
                return refuse(model, "input '%.60s' has a side of %lld, not %d to %d",
                              cf_model_input(model, i)->name, (long long)side, CF_LAB_GRID_MIN,
                              CF_LAB_GRID_MAX);
            if (out->grid[k] && out->grid[k] != side)
                return refuse(model, "its inputs differ in size");
            out->grid[k] = (int)side;
        }
    return CF_OK;
}

static cf_status read_outputs(const cf_model *model, cf_lab_model *out) {
    size_t count = cf_model_output_count(model), found = 0;
    char text[96];
    if (count > CF_LAB_MODEL_OUTPUTS)
        return refuse(model, "%zu outputs, more than %d", count, CF_LAB_MODEL_OUTPUTS);
    for (size_t i = 0; i < count; i++) {
        const cf_shape *s = &cf_model_output(model, i)->shape;
        /* what is open is known when the network is planned */
        if (cf_model_output(model, i)->type != CF_TYPE_FLOAT)
            continue;
        int open = count == 1 && (s->rank < 0 || (s->rank == 4 && s->dim[1] < 0));
        if (open || (s->rank == 4 && s->dim[1] == 2)) {
            out->ab = i;
            found++;
        }
    }
    const cf_model_port *first = cf_model_output(model, 0);
    if (found == 1)
        return CF_OK;
    return found
               ? refuse(model, "%zu of its outputs have 2 planes", found)
               : refuse(model, "output '%.60s' is %s%s", first->name,
                        first->shape.rank < 0 ? "of any shape" : cf_shape_text(&first->shape, text),
                        count > 1 ? ", and no other has 2 planes" : "");
}

/* `count` numbers from the metadata; left alone where the file says nothing. */
static cf_status read_numbers(const cf_model *model, const char *key, int count, float *out) {
    const char *text = cf_model_metadata(model, key), *at = text;
    for (int i = 0; text && i < count; i++) {
        char *end;
        float v = strtof(at, &end);
        if (end == at || !isfinite(v) || fabsf(v) > 1000)
            return cf_fail(CF_ERR_FORMAT, "%s: its metadata has %s '%s', where %s expected",
                           cf_model_describe(model).name, key, text,
                           count == 1 ? "a number is" : "two numbers are");
        out[i] = v;
        at = end;
    }
    return CF_OK;
}

int cf_lab_model_is_other(const cf_model *model) {
    for (size_t i = 0; i < cf_model_input_count(model); i++)
        if (!strcmp(cf_model_input(model, i)->name, "transferred"))
            return 0;
    return 1;
}

cf_status cf_lab_model_read(const cf_model *model, cf_lab_model *out) {
    *out = (cf_lab_model){.range = {0, 100}, .unit = 1};
    CF_TRY(read_inputs(model, out));
    CF_TRY(read_grid(model, out));
    CF_TRY(read_outputs(model, out));
    CF_TRY(read_numbers(model, "chromafuse.lightness", 2, out->range));
    CF_TRY(read_numbers(model, "chromafuse.ab", 1, &out->unit));
    if (!(out->unit > 0))
        return cf_fail(CF_ERR_FORMAT, "%s: its metadata has chromafuse.ab %g, not above 0",
                       cf_model_describe(model).name, (double)out->unit);
    return CF_OK;
}
