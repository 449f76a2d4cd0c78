/* SPDX-License-Identifier: Apache-2.0 */
/* From the words of a command line to inputs and their shapes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "tools/model.h"

static const cf_model_port *port_of(const cf_model *model, int is_input, size_t i) {
    return is_input ? cf_model_input(model, i) : cf_model_output(model, i);
}

cf_status cf_model_job_port(const char *option, const char *what, const char *argument,
                            const cf_model *model, size_t *index, const char **value) {
    int is_input = !strcmp(what, "input");
    size_t count = is_input ? cf_model_input_count(model) : cf_model_output_count(model), best = 0;
    char names[400] = "";
    *value = NULL;
    for (size_t i = 0; i < count; i++) {
        const char *name = port_of(model, is_input, i)->name;
        size_t n = strlen(name), used = strlen(names);
        /* names may hold '=': the longest that fits */
        if (!strncmp(argument, name, n) && argument[n] == '=' && (!*value || n > best)) {
            *index = i;
            *value = argument + n + 1;
            best = n;
        }
        snprintf(names + used, sizeof names - used, "%s'%s'", i ? ", " : "", name);
    }
    if (*value)
        return CF_OK;
    return cf_fail(CF_ERR_INVALID, "--%s %s: the network has %s%s %s, no '%.*s'", option, argument,
                   count ? "" : "no ", what, count ? names : "at all", (int)strcspn(argument, "="),
                   argument);
}

/* "1x3x256x256"; "scalar" is a shape without dimensions. */
static int take_shape(const char *text, cf_shape *out) {
    *out = (cf_shape){0};
    if (!strcmp(text, "scalar"))
        return 1;
    for (;;) {
        char *end;
        if (*text < '0' || *text > '9' || out->rank == CF_NET_RANK)
            return 0;
        long value = strtol(text, &end, 10);
        if (value < 1 || value > CF_NET_ELEMENTS)
            return 0;
        out->dim[out->rank++] = value;
        if (!*end)
            return cf_shape_valid(out);
        if (*end != 'x')
            return 0;
        text = end + 1;
    }
}

static cf_status take_given(const cf_model_job *job, const cf_model *model, cf_shape *shapes) {
    char got[96], wanted[96];
    for (size_t i = 0; i < job->shape_count; i++) {
        size_t index = 0;
        const char *value;
        cf_shape shape;
        CF_TRY(cf_model_job_port("shape", "input", job->shapes[i], model, &index, &value));
        if (!take_shape(value, &shape))
            return cf_fail(CF_ERR_INVALID, "--shape %s: a shape is written like 1x3x256x256",
                           job->shapes[i]);
        const cf_shape *says = &cf_model_input(model, index)->shape;
        int suits = says->rank < 0 || says->rank == shape.rank;
        for (int d = 0; suits && d < says->rank; d++)
            suits = says->dim[d] < 0 || says->dim[d] == shape.dim[d];
        if (!suits)
            return cf_fail(CF_ERR_INVALID, "--shape %s: in the network that input is %s, not %s",
                           job->shapes[i], cf_shape_text(says, wanted), cf_shape_text(&shape, got));
        shapes[index] = shape;
    }
    return CF_OK;
}

/* Height and width of pictures, where they are open; a batch of one. */
static int take_size(const int size[2], cf_shape *s) {
    if (s->rank > 0 && s->dim[0] < 0)
        s->dim[0] = 1;
    if (s->rank != 4 || !size[0])
        return 0;
    if (s->dim[2] < 0)
        s->dim[2] = size[1];
    if (s->dim[3] < 0)
        s->dim[3] = size[0];
    return s->dim[2] == size[1] && s->dim[3] == size[0];
}

static int is_known(const cf_shape *s) {
    for (int d = 0; d < s->rank; d++)
        if (s->dim[d] < 0)
            return 0;
    return s->rank >= 0;
}

cf_status cf_model_job_shapes(const cf_model_job *job, const cf_model *model, cf_shape *shapes,
                              int *complete) {
    size_t count = cf_model_input_count(model), with_size = 0;
    char text[96] = "";
    *complete = 1;
    for (size_t i = 0; i < count; i++)
        shapes[i] = cf_model_input(model, i)->shape;
    CF_TRY(take_given(job, model, shapes));
    for (size_t i = 0; i < count; i++) {
        with_size += (size_t)take_size(job->size, &shapes[i]);
        *complete &= is_known(&shapes[i]);
    }
    if (job->size[0] && !with_size)
        return cf_fail(CF_ERR_INVALID, "%s: no input takes the size %dx%d%s%s%s%s", job->file,
                       job->size[0], job->size[1], count ? "; '" : "",
                       count ? cf_model_input(model, 0)->name : "", count ? "' is " : "",
                       count && shapes[0].rank >= 0 ? cf_shape_text(&shapes[0], text)
                       : count                      ? "of unknown shape"
                                                    : "");
    return CF_OK;
}

cf_status cf_model_job_all_shapes(const cf_model_job *job, const cf_model *model,
                                  cf_shape *shapes) {
    int complete;
    char text[96];
    CF_TRY(cf_model_job_shapes(job, model, shapes, &complete));
    for (size_t i = 0; !complete && i < cf_model_input_count(model); i++)
        if (!is_known(&shapes[i]))
            return cf_fail(CF_ERR_INVALID,
                           "%s: input '%s' is %s: give its size by --size WxH or --shape",
                           job->file, cf_model_input(model, i)->name,
                           shapes[i].rank < 0 ? "of any shape" : cf_shape_text(&shapes[i], text));
    return CF_OK;
}
