/* SPDX-License-Identifier: Apache-2.0 */
/* The public view of a model that was read, and its end. */
#include "cl/net/graph.h"

#include <string.h>
#include <sys/mman.h>

#include "cl/net/reader.h"

void cf_model_destroy(cf_model **model) {
    if (!model || !*model)
        return;
    cf_model *m = *model;
    if (m->mapping)
        munmap(m->mapping, m->mapping_bytes);
    cf_reader_release(m);
    *model = NULL;
}

size_t cf_model_input_count(const cf_model *model) {
    return model->input_count;
}

size_t cf_model_output_count(const cf_model *model) {
    return model->output_count;
}

const cf_model_port *cf_model_input(const cf_model *model, size_t index) {
    return index < model->input_count ? &model->inputs[index] : NULL;
}

const cf_model_port *cf_model_output(const cf_model *model, size_t index) {
    return index < model->output_count ? &model->outputs[index] : NULL;
}

const cf_model_operator *cf_model_operators(const cf_model *model, size_t *count) {
    *count = model->operator_count;
    return model->operators;
}

const char *cf_model_metadata(const cf_model *model, const char *key) {
    for (size_t i = 0; i < model->note_count; i++)
        if (!strcmp(model->notes[i].key, key))
            return model->notes[i].value;
    return NULL;
}

cf_model_info cf_model_describe(const cf_model *model) {
    return model->info;
}
