/* SPDX-License-Identifier: Apache-2.0 */
/* NodeProto and AttributeProto: what a node is, reads and writes; names are resolved later. */
#include <onnx.pb-c.h>
#include <stdio.h>
#include <string.h>

#include "cl/net/reader.h"

enum { ATTRIBUTE = 5, ATTRIBUTE_TENSOR = 5 };
#define NODE_KEPT (CF_FIELD(1) | CF_FIELD(2) | CF_FIELD(3) | CF_FIELD(4) | CF_FIELD(7))
#define ATTRIBUTE_KEPT                                                                             \
    (CF_FIELD(1) | CF_FIELD(2) | CF_FIELD(3) | CF_FIELD(4) | CF_FIELD(7) | CF_FIELD(8) |           \
     CF_FIELD(20))

/* AttributeProto.AttributeType */
enum { FLOAT = 1, INT = 2, STRING = 3, TENSOR = 4, FLOATS = 6, INTS = 7 };

static cf_span find_tensor(cf_span message) {
    cf_wire_field field;
    cf_span found = {0};
    while (cf_wire_next(&message, &field) > 0)
        if (field.number == ATTRIBUTE_TENSOR && field.type == 2)
            found = field.bytes;
    return found;
}

static cf_status take_text(cf_reader *r, const Onnx__AttributeProto *a, cf_attribute *out) {
    char text[256];
    size_t size = a->s.len < sizeof text - 1 ? a->s.len : sizeof text - 1;
    if (size)
        memcpy(text, a->s.data, size);
    text[size] = '\0';
    out->s = cf_reader_printable(r, text);
    return out->s ? CF_OK : CF_ERR_MEMORY;
}

static cf_status take_list(cf_reader *r, const void *elements, size_t count, size_t size,
                           void *out) {
    void *copy = cf_reader_take(r, count ? count : 1, size);
    if (copy && count)
        memcpy(copy, elements, count * size);
    memcpy(out, &copy, sizeof copy);
    return copy ? CF_OK : CF_ERR_MEMORY;
}

static cf_status take_tensor(cf_reader *r, const cf_node *n, cf_span message, cf_attribute *out) {
    char owner[256];
    cf_tensor *t = cf_reader_take(r, 1, sizeof *t);
    if (!t)
        return CF_ERR_MEMORY;
    snprintf(owner, sizeof owner, "%s: attribute '%s'", n->label, out->name);
    if (!message.at)
        return cf_reader_fail(r, CF_ERR_FORMAT, "%s has no tensor", owner);
    out->tensor = t;
    return cf_reader_tensor(r, message, owner, t, NULL);
}

/* *known is 0 for kinds that no operator of ours has: subgraphs, lists of strings. */
static cf_status take_value(cf_reader *r, const cf_node *n, const Onnx__AttributeProto *a,
                            cf_span tensor, cf_attribute *out, int *known) {
    *known = 1;
    switch (a->type) {
    case INT:
        out->kind = CF_ATTR_INT;
        out->i = a->i;
        return CF_OK;
    case FLOAT:
        out->kind = CF_ATTR_FLOAT;
        out->f = a->f;
        return CF_OK;
    case STRING: out->kind = CF_ATTR_STRING; return take_text(r, a, out);
    case INTS:
        out->kind = CF_ATTR_INTS;
        out->count = a->n_ints;
        return take_list(r, a->ints, a->n_ints, sizeof *a->ints, &out->ints);
    case FLOATS:
        out->kind = CF_ATTR_FLOATS;
        out->count = a->n_floats;
        return take_list(r, a->floats, a->n_floats, sizeof *a->floats, &out->floats);
    case TENSOR: out->kind = CF_ATTR_TENSOR; return take_tensor(r, n, tensor, out);
    default: *known = 0; return CF_OK;
    }
}

static cf_status take_attribute(cf_reader *r, cf_node *n, cf_span message, cf_attribute *list) {
    Onnx__AttributeProto *a;
    char what[256];
    int known = 0;
    snprintf(what, sizeof what, "%s: an attribute", n->label);
    CF_TRY(
        cf_reader_unpack(r, &onnx__attribute_proto__descriptor, message, ATTRIBUTE_KEPT, what, &a));
    cf_attribute *out = &list[n->attribute_count];
    out->name = cf_reader_printable(r, a->name);
    cf_status status = out->name ? CF_OK : CF_ERR_MEMORY;
    for (size_t i = 0; status == CF_OK && i < n->attribute_count; i++)
        if (!strcmp(list[i].name, out->name))
            status = cf_reader_fail(r, CF_ERR_FORMAT, "%s: attribute '%s' is there twice", n->label,
                                    out->name);
    if (status == CF_OK)
        status = take_value(r, n, a, find_tensor(message), out, &known);
    if (status == CF_OK && !known && n->type)
        status = cf_reader_fail(r, CF_ERR_UNSUPPORTED,
                                "%s: attribute '%s' is of a kind (%d) that we do not have",
                                n->label, out->name, (int)a->type);
    cf_reader_free(r, a);
    n->attribute_count += status == CF_OK && known;
    return status;
}

static cf_status take_attributes(cf_reader *r, cf_node *n, cf_span message) {
    cf_wire_field field;
    cf_span walk = message;
    size_t count = 0;
    while (cf_wire_next(&walk, &field) > 0)
        count += field.number == ATTRIBUTE && field.type == 2;
    if (count > CF_GRAPH_ATTRIBUTES)
        return cf_reader_fail(r, CF_ERR_FORMAT, "%s: %zu attributes, more than %d", n->label, count,
                              CF_GRAPH_ATTRIBUTES);
    cf_attribute *list = cf_reader_take(r, count ? count : 1, sizeof *list);
    if (!list)
        return CF_ERR_MEMORY;
    n->attributes = list;
    while (cf_wire_next(&message, &field) > 0)
        if (field.number == ATTRIBUTE && field.type == 2)
            CF_TRY(take_attribute(r, n, field.bytes, list));
    return CF_OK;
}

/* Operator, label. An operator of another domain gets its domain before its name: we have none. */
static cf_status take_kind(cf_reader *r, const Onnx__NodeProto *p, cf_node *n) {
    char text[400];
    size_t number = r->file_nodes++;
    const char *domain = p->domain && strcmp(p->domain, "ai.onnx") != 0 ? p->domain : "";
    if (!p->op_type || !*p->op_type)
        return cf_reader_fail(r, CF_ERR_FORMAT, "node #%zu names no operator", number);
    snprintf(text, sizeof text, "%.100s%s%.100s", domain, *domain ? "." : "", p->op_type);
    n->op_type = cf_reader_printable(r, text);
    n->type = *domain ? NULL : cf_operator_find(p->op_type);
    const char *name = cf_reader_printable(r, p->name);
    if (!n->op_type || !name)
        return CF_ERR_MEMORY;
    if (*name)
        snprintf(text, sizeof text, "%.100s '%.100s'", n->op_type, name);
    else
        snprintf(text, sizeof text, "%.100s #%zu", n->op_type, number);
    n->label = cf_reader_copy(r, text);
    return n->label ? CF_OK : CF_ERR_MEMORY;
}

/* Names without those left out at the end. */
static size_t listed(char **names, size_t count) {
    while (count && !*names[count - 1])
        count--;
    return count;
}

static cf_status take_ports(cf_reader *r, const Onnx__NodeProto *p, cf_draft *d) {
    cf_node *n = &d->node;
    size_t inputs = listed(p->input, p->n_input), outputs = listed(p->output, p->n_output);
    char what[300];
    if (inputs > CF_OP_INPUTS || outputs > CF_OP_OUTPUTS)
        return cf_reader_fail(r, CF_ERR_UNSUPPORTED,
                              "%s: %zu inputs and %zu outputs; at most %d and %d are possible",
                              n->label, inputs, outputs, CF_OP_INPUTS, CF_OP_OUTPUTS);
    if (!outputs)
        return cf_reader_fail(r, CF_ERR_FORMAT, "%s: has no outputs", n->label);
    int *out = cf_reader_take(r, outputs, sizeof *out);
    d->in_names = cf_reader_take(r, inputs ? inputs : 1, sizeof *d->in_names);
    if (!out || !d->in_names)
        return CF_ERR_MEMORY;
    for (size_t i = 0; i < inputs; i++)
        if (!(d->in_names[i] = cf_reader_copy(r, p->input[i])))
            return CF_ERR_MEMORY;
    snprintf(what, sizeof what, "output of %s", n->label);
    for (size_t i = 0; i < outputs; i++) {
        out[i] = -1;
        if (*p->output[i])
            CF_TRY(cf_reader_add(r, p->output[i], what, &out[i]));
    }
    n->inputs = (int)inputs;
    n->out = out;
    n->outputs = (int)outputs;
    return CF_OK;
}

static cf_status bad_constant(const cf_reader *r, const cf_node *n) {
    return cf_reader_fail(r, CF_ERR_FORMAT,
                          "%s: must have one output, no inputs and one value that is a number, a "
                          "list of numbers or a tensor",
                          n->label);
}

/* Constant is no node of ours: its output is a constant like the file's own. */
static cf_status make_constant(cf_reader *r, const cf_node *n) {
    if (n->attribute_count != 1 || n->outputs != 1 || n->inputs)
        return bad_constant(r, n);
    cf_value *v = &r->model->values[n->out[0]];
    const cf_attribute *a = &n->attributes[0];
    cf_tensor *t = &v->constant;
    if (!strcmp(a->name, "value") && a->kind == CF_ATTR_TENSOR)
        *t = *a->tensor;
    else if (!strcmp(a->name, "value_float") && a->kind == CF_ATTR_FLOAT)
        CF_TRY(cf_reader_list(r, 1, &a->f, 1, t));
    else if (!strcmp(a->name, "value_floats") && a->kind == CF_ATTR_FLOATS)
        CF_TRY(cf_reader_list(r, 1, a->floats, a->count, t));
    else if (!strcmp(a->name, "value_int") && a->kind == CF_ATTR_INT)
        CF_TRY(cf_reader_list(r, 7, &a->i, 1, t));
    else if (!strcmp(a->name, "value_ints") && a->kind == CF_ATTR_INTS)
        CF_TRY(cf_reader_list(r, 7, a->ints, a->count, t));
    else
        return bad_constant(r, n);
    if (a->kind == CF_ATTR_INT || a->kind == CF_ATTR_FLOAT)
        t->shape.rank = 0;
    t->name = v->name;
    return CF_OK;
}

cf_status cf_reader_node(cf_reader *r, cf_span message) {
    cf_draft *d = &r->drafts[r->draft_count];
    Onnx__NodeProto *p;
    char what[40];
    snprintf(what, sizeof what, "node #%zu", r->file_nodes);
    CF_TRY(cf_reader_unpack(r, &onnx__node_proto__descriptor, message, NODE_KEPT, what, &p));
    cf_status status = take_kind(r, p, &d->node);
    if (status == CF_OK)
        status = take_ports(r, p, d);
    cf_reader_free(r, p);
    CF_TRY(status);
    CF_TRY(take_attributes(r, &d->node, message));
    if (!strcmp(d->node.op_type, "Constant")) {
        status = make_constant(r, &d->node);
        *d = (cf_draft){0};
        return status;
    }
    for (int i = 0; i < d->node.outputs; i++)
        if (d->node.out[i] >= 0)
            r->model->values[d->node.out[i]].node = (int)r->draft_count;
    r->draft_count++;
    return CF_OK;
}
