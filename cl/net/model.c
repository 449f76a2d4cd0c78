/* SPDX-License-Identifier: Apache-2.0 */
/* Reads ONNX files: ModelProto and GraphProto, and the public view of a model. */
#include "cl/net/model.h"

#include <errno.h>
#include <onnx.pb-c.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "cl/net/reader.h"

#define IR_MIN 3
#define OPSET_MIN 11
#define OPSET_MAX 20

/* Field numbers of ModelProto and GraphProto. */
enum {
    MODEL_IR = 1,
    MODEL_PRODUCER = 2,
    MODEL_PRODUCER_VERSION = 3,
    MODEL_GRAPH = 7,
    MODEL_OPSET = 8,
    MODEL_METADATA = 14,
    GRAPH_NODE = 1,
    GRAPH_INITIALIZER = 5,
    GRAPH_INPUT = 11,
    GRAPH_OUTPUT = 12,
    GRAPH_SPARSE = 15,
};

/* Calls take for each length-delimited field of that number. */
static cf_status each(cf_reader *r, cf_span message, uint32_t number,
                      cf_status (*take)(cf_reader *, cf_span)) {
    cf_wire_field field;
    while (cf_wire_next(&message, &field) > 0)
        if (field.number == number && field.type == 2)
            CF_TRY(take(r, field.bytes));
    return CF_OK;
}

static cf_status take_opset(cf_reader *r, cf_span message) {
    Onnx__OperatorSetIdProto *p;
    CF_TRY(cf_reader_unpack(r, &onnx__operator_set_id_proto__descriptor, message,
                            CF_FIELD(1) | CF_FIELD(2), "the list of operator sets", &p));
    if (!p->domain || !*p->domain || !strcmp(p->domain, "ai.onnx"))
        r->model->info.opset = p->version > 0 && p->version < 100000 ? (int)p->version : -1;
    cf_reader_free(r, p);
    return CF_OK;
}

static cf_status check_versions(const cf_reader *r) {
    const cf_model_info *info = &r->model->info;
    if (info->ir_version < IR_MIN)
        return cf_reader_fail(r, CF_ERR_UNSUPPORTED,
                              "ONNX IR version %d is older than %d, the first that is read",
                              info->ir_version, IR_MIN);
    if (!info->opset)
        return cf_reader_fail(r, CF_ERR_FORMAT, "says no version of the ONNX operators");
    if (info->opset < OPSET_MIN || info->opset > OPSET_MAX)
        return cf_reader_fail(r, CF_ERR_UNSUPPORTED,
                              "operators of opset %d; %d to %d are understood", info->opset,
                              OPSET_MIN, OPSET_MAX);
    return CF_OK;
}

/* "pytorch 2.4.0" */
static cf_status take_producer(cf_reader *r, cf_span name, cf_span version) {
    char text[128];
    int has_both = name.size && version.size;
    snprintf(text, sizeof text, "%.*s%s%.*s", name.size < 60 ? (int)name.size : 60,
             name.size ? (const char *)name.at : "", has_both ? " " : "",
             version.size < 60 ? (int)version.size : 60,
             version.size ? (const char *)version.at : "");
    r->model->info.producer = cf_reader_printable(r, text);
    return r->model->info.producer ? CF_OK : CF_ERR_MEMORY;
}

/* A StringStringEntryProto: kept where its key is ours. */
static cf_status take_note(cf_reader *r, cf_span message) {
    static const char prefix[] = "chromafuse.";
    enum { ENTRY_KEY = 1, ENTRY_VALUE = 2, SHOWN = 120 };
    cf_model *m = r->model;
    cf_wire_field field;
    char text[2][SHOWN + 1] = {"", ""};
    int more;
    while ((more = cf_wire_next(&message, &field)) > 0)
        if (field.type == 2 && (field.number == ENTRY_KEY || field.number == ENTRY_VALUE) &&
            field.bytes.size)
            snprintf(text[field.number - ENTRY_KEY], SHOWN + 1, "%.*s",
                     field.bytes.size < SHOWN ? (int)field.bytes.size : SHOWN,
                     (const char *)field.bytes.at);
    if (more)
        return cf_reader_fail(r, CF_ERR_FORMAT, "the metadata is damaged");
    if (strncmp(text[0], prefix, sizeof prefix - 1) != 0 || m->note_count == CF_GRAPH_NOTES)
        return CF_OK;
    cf_note *note = &m->notes[m->note_count];
    note->key = cf_reader_printable(r, text[0]);
    note->value = cf_reader_printable(r, text[1]);
    if (!note->key || !note->value)
        return CF_ERR_MEMORY;
    m->note_count++;
    return CF_OK;
}

static cf_status take_initializer(cf_reader *r, cf_span message) {
    cf_tensor tensor;
    const char *raw;
    int index;
    CF_TRY(cf_reader_tensor(r, message, NULL, &tensor, &raw));
    CF_TRY(cf_reader_add(r, raw, "an initializer", &index));
    cf_value *v = &r->model->values[index];
    v->constant = tensor;
    v->constant.name = v->name;
    return CF_OK;
}

static cf_status take_dimensions(cf_reader *r, const Onnx__TensorShapeProto *s, const char *label,
                                 cf_shape *shape) {
    if (s->n_dim > CF_NET_RANK)
        return cf_reader_fail(r, CF_ERR_UNSUPPORTED, "%s has %zu dimensions, more than %d", label,
                              s->n_dim, CF_NET_RANK);
    shape->rank = (int)s->n_dim;
    for (int i = 0; i < shape->rank; i++) {
        int64_t d = s->dim[i]->has_dim_value ? s->dim[i]->dim_value : -1;
        if (d > CF_NET_ELEMENTS)
            return cf_reader_fail(r, CF_ERR_FORMAT, "%s is too large: dimension %d is %lld", label,
                                  i, (long long)d);
        shape->dim[i] = d > 0 ? d : -1; /* exporters write 0 and -1 for open ones, too */
    }
    return CF_OK;
}

/* needs_type 0: an output may say nothing of itself. */
static cf_status take_port(cf_reader *r, const Onnx__ValueInfoProto *p, const char *kind,
                           int needs_type, cf_model_port *out) {
    char label[256];
    out->name = cf_reader_printable(r, p->name);
    out->type = CF_TYPE_FLOAT;
    out->shape.rank = -1;
    if (!out->name)
        return CF_ERR_MEMORY;
    snprintf(label, sizeof label, "%s '%.200s'", kind, out->name);
    if (!p->type && !needs_type)
        return CF_OK;
    if (!p->type || !p->type->tensor_type)
        return cf_reader_fail(r, CF_ERR_UNSUPPORTED, "%s is not a tensor", label);
    int type = cf_onnx_type_class(p->type->tensor_type->elem_type);
    if (type < 0)
        return cf_reader_fail(r, CF_ERR_UNSUPPORTED,
                              "%s: its elements are of ONNX type %d, not numbers that we read",
                              label, (int)p->type->tensor_type->elem_type);
    out->type = (cf_type)type;
    return p->type->tensor_type->shape
               ? take_dimensions(r, p->type->tensor_type->shape, label, &out->shape)
               : CF_OK;
}

static cf_status take_input(cf_reader *r, cf_span message) {
    cf_model *m = r->model;
    cf_model_port *port = &m->inputs[m->input_count];
    Onnx__ValueInfoProto *p;
    int index = -1;
    CF_TRY(cf_reader_unpack(r, &onnx__value_info_proto__descriptor, message,
                            CF_FIELD(1) | CF_FIELD(2), "an input", &p));
    int known = p->name ? cf_reader_find(r, p->name) : -1;
    cf_status status = CF_OK;
    /* older files list initializers among the inputs: these need not be given */
    if (known < 0 || m->values[known].is_input) {
        status = take_port(r, p, "input", 1, port);
        if (status == CF_OK)
            status = cf_reader_add(r, p->name, "an input", &index);
    }
    cf_reader_free(r, p);
    if (status == CF_OK && index >= 0) {
        m->values[index].is_input = 1;
        m->input_values[m->input_count++] = index;
    }
    return status;
}

static cf_status take_output(cf_reader *r, cf_span message) {
    cf_model *m = r->model;
    cf_model_port *port = &m->outputs[m->output_count];
    Onnx__ValueInfoProto *p;
    CF_TRY(cf_reader_unpack(r, &onnx__value_info_proto__descriptor, message,
                            CF_FIELD(1) | CF_FIELD(2), "an output", &p));
    cf_status status = take_port(r, p, "output", 0, port);
    int index = p->name ? cf_reader_find(r, p->name) : -1;
    cf_reader_free(r, p);
    CF_TRY(status);
    if (index < 0)
        return cf_reader_fail(r, CF_ERR_FORMAT, "output '%s' is made by nothing", port->name);
    for (size_t i = 0; i < m->output_count; i++)
        if (m->output_values[i] == index)
            return cf_reader_fail(r, CF_ERR_FORMAT, "output '%s' is listed twice", port->name);
    m->output_values[m->output_count++] = index;
    return CF_OK;
}

/* Numbers of things in a graph, before any memory is taken for them. */
typedef struct {
    size_t nodes, values, inputs, outputs, sparse;
} counts;

static int count_graph(cf_span graph, counts *out) {
    cf_wire_field field, inner;
    int more;
    *out = (counts){0};
    while ((more = cf_wire_next(&graph, &field)) > 0) {
        if (field.type != 2)
            continue;
        out->nodes += field.number == GRAPH_NODE;
        out->inputs += field.number == GRAPH_INPUT;
        out->outputs += field.number == GRAPH_OUTPUT;
        out->sparse += field.number == GRAPH_SPARSE;
        out->values += field.number == GRAPH_INITIALIZER || field.number == GRAPH_INPUT;
        if (field.number == GRAPH_NODE) {
            enum { NODE_OUTPUT = 2 };
            cf_span node = field.bytes;
            while (cf_wire_next(&node, &inner) > 0)
                out->values += inner.number == NODE_OUTPUT;
        }
    }
    return more == 0;
}

static cf_status check_counts(const cf_reader *r, const counts *c) {
    if (c->nodes > CF_GRAPH_NODES || c->values > CF_GRAPH_VALUES || c->outputs > CF_GRAPH_VALUES)
        return cf_reader_fail(r, CF_ERR_UNSUPPORTED,
                              "%zu nodes and %zu values; at most %d and %d are read", c->nodes,
                              c->values, CF_GRAPH_NODES, CF_GRAPH_VALUES);
    if (c->sparse)
        return cf_reader_fail(r, CF_ERR_UNSUPPORTED, "has sparse initializers, which are not read");
    if (!c->outputs)
        return cf_reader_fail(r, CF_ERR_FORMAT, "the network has no outputs");
    return CF_OK;
}

static cf_status make_room(cf_reader *r, const counts *c) {
    cf_model *m = r->model;
    size_t slots = 16;
    while (slots < 2 * c->values)
        slots *= 2;
    r->value_room = c->values;
    r->slot_mask = slots - 1;
    r->slots = cf_alloc(slots, sizeof *r->slots);
    r->raw = cf_alloc(c->values, sizeof *r->raw);
    r->drafts = cf_alloc(c->nodes, sizeof *r->drafts);
    m->values = cf_reader_take(r, c->values + 1, sizeof *m->values);
    m->inputs = cf_reader_take(r, c->inputs + 1, sizeof *m->inputs);
    m->input_values = cf_reader_take(r, c->inputs + 1, sizeof *m->input_values);
    m->outputs = cf_reader_take(r, c->outputs + 1, sizeof *m->outputs);
    m->output_values = cf_reader_take(r, c->outputs + 1, sizeof *m->output_values);
    return r->slots && r->raw && r->drafts && m->values && m->inputs && m->input_values &&
                   m->outputs && m->output_values
               ? CF_OK
               : CF_ERR_MEMORY;
}

static cf_status take_graph(cf_reader *r, cf_span graph) {
    cf_model *m = r->model;
    counts c;
    if (!count_graph(graph, &c))
        return cf_reader_fail(r, CF_ERR_FORMAT, "the graph is damaged");
    CF_TRY(check_counts(r, &c));
    CF_TRY(make_room(r, &c));
    CF_TRY(each(r, graph, GRAPH_INITIALIZER, take_initializer));
    CF_TRY(each(r, graph, GRAPH_INPUT, take_input));
    CF_TRY(each(r, graph, GRAPH_NODE, cf_reader_node));
    CF_TRY(each(r, graph, GRAPH_OUTPUT, take_output));
    CF_TRY(cf_reader_link(r));
    m->info.nodes = m->node_count;
    for (size_t i = 0; i < m->value_count; i++) {
        const cf_tensor *t = &m->values[i].constant;
        if (!cf_tensor_is_constant(t))
            continue;
        m->info.constants++;
        m->info.weights += t->type == CF_TYPE_FLOAT ? cf_shape_count(&t->shape) : 0;
    }
    return CF_OK;
}

static cf_status take_model(cf_reader *r, cf_span file) {
    cf_wire_field field;
    cf_span graph = {0}, producer = {0}, version = {0}, walk = file;
    int more, graphs = 0;
    while ((more = cf_wire_next(&walk, &field)) > 0) {
        if (field.number == MODEL_IR && field.type == 0)
            r->model->info.ir_version = field.value < 100000 ? (int)field.value : 100000;
        if (field.type != 2)
            continue;
        if (field.number == MODEL_GRAPH) {
            graph = field.bytes;
            graphs++;
        } else if (field.number == MODEL_PRODUCER)
            producer = field.bytes;
        else if (field.number == MODEL_PRODUCER_VERSION)
            version = field.bytes;
    }
    if (more || graphs != 1)
        return cf_reader_fail(r, CF_ERR_FORMAT,
                              more ? "not an ONNX model, or cut short" : "not an ONNX model");
    CF_TRY(take_producer(r, producer, version));
    CF_TRY(each(r, file, MODEL_OPSET, take_opset));
    CF_TRY(each(r, file, MODEL_METADATA, take_note));
    CF_TRY(check_versions(r));
    return take_graph(r, graph);
}

cf_status cf_model_parse(const void *data, size_t size, const char *name, cf_model **out) {
    cf_reader r = {.model = cf_alloc(1, sizeof *r.model)};
    *out = NULL;
    if (!r.model)
        return CF_ERR_MEMORY;
    r.model->name = ""; /* until it is there, for messages */
    r.model->name = cf_reader_printable(&r, name);
    r.model->info.name = r.model->name;
    r.model->info.file_bytes = size;
    cf_status status = r.model->name ? CF_OK : CF_ERR_MEMORY;
    if (status == CF_OK && size > CF_MODEL_MAX_BYTES)
        status = cf_reader_fail(&r, CF_ERR_UNSUPPORTED, "%zu bytes, more than the %zu accepted",
                                size, CF_MODEL_MAX_BYTES);
    if (status == CF_OK)
        status = take_model(&r, (cf_span){data, size});
    cf_free(r.drafts);
    cf_free(r.raw);
    cf_free(r.slots);
    if (status != CF_OK)
        cf_model_destroy(&r.model);
    *out = r.model;
    return status;
}

cf_status cf_model_load(const char *path, cf_model **out) {
    FILE *stream;
    size_t size;
    *out = NULL;
    CF_TRY(cf_file_open(path, &stream, &size));
    if (!size || size > CF_MODEL_MAX_BYTES) {
        fclose(stream);
        return cf_fail(CF_ERR_FORMAT,
                       size ? "%s: %zu bytes, more than the %zu accepted for a network"
                            : "%s: not an ONNX model: the file is empty",
                       path, size, CF_MODEL_MAX_BYTES);
    }
    void *at = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fileno(stream), 0);
    int why = errno;
    fclose(stream); /* the mapping stays */
    if (at == MAP_FAILED)
        return cf_fail(CF_ERR_IO, "%s: cannot map: %s", path, strerror(why));
    cf_status status = cf_model_parse(at, size, path, out);
    if (status != CF_OK) {
        munmap(at, size);
        return status;
    }
    (*out)->mapping = at;
    (*out)->mapping_bytes = size;
    return CF_OK;
}

void cf_model_forget_pages(const cf_model *model) {
    if (model->mapping)
        (void)madvise(model->mapping, model->mapping_bytes, MADV_DONTNEED);
}
