/* SPDX-License-Identifier: Apache-2.0 */
/* From a model to the nodes of a plan: shapes with known sizes, constants folded by the references.
 */
#include <string.h>

#include "base/log.h"
#include "cl/net/plan.h"

/* What folding may make in all: a file cannot ask for more memory or time than this. */
#ifndef FOLD_ELEMENTS /* the fuzzer has less patience */
#define FOLD_ELEMENTS ((size_t)1 << 26)
#endif
#define FOLD_FLOPS 2e8

cf_plan_value *cf_plan_value_of(cf_tensor *tensor) {
    return (cf_plan_value *)tensor; /* its first member */
}

void *cf_plan_keep(cf_planner *plan, size_t count, size_t size) {
    return cf_region_alloc(&plan->scratch, count, size);
}

const void *cf_plan_data(cf_planner *plan, cf_tensor *tensor) {
    if (tensor->data || !tensor->stored.bytes)
        return tensor->data;
    int64_t count = cf_shape_count(&tensor->shape);
    size_t size = tensor->type == CF_TYPE_FLOAT ? sizeof(float) : sizeof(int64_t);
    void *data = cf_plan_keep(plan, (size_t)count, size);
    if (!data)
        return NULL;
    if (tensor->type == CF_TYPE_FLOAT)
        cf_tensor_read(tensor, 0, count, data);
    else
        cf_tensor_read_int(tensor, 0, count, data);
    return tensor->data = data;
}

cf_status cf_plan_input_shape(const cf_model *model, size_t index, const cf_shape *given,
                              cf_shape *out) {
    const cf_model_port *port = &model->inputs[index];
    char wanted[96], got[96];
    *out = given ? *given : port->shape;
    int suits = out->rank >= 0 && (port->shape.rank < 0 || port->shape.rank == out->rank);
    for (int i = 0; suits && i < out->rank; i++) {
        if (out->dim[i] < 0)
            return cf_fail(CF_ERR_INVALID,
                           "%s: input '%s' is %s: say which size with the dimensions left open",
                           model->name, port->name, cf_shape_text(&port->shape, wanted));
        suits = out->dim[i] > 0 && (port->shape.rank < 0 || port->shape.dim[i] < 0 ||
                                    port->shape.dim[i] == out->dim[i]);
    }
    if (!suits)
        return cf_fail(CF_ERR_INVALID, "%s: input '%s' is %s and cannot be %s", model->name,
                       port->name,
                       port->shape.rank < 0 ? "of any shape" : cf_shape_text(&port->shape, wanted),
                       given && given->rank >= 0 ? cf_shape_text(given, got) : "unknown");
    if (!cf_shape_valid(out))
        return cf_fail(CF_ERR_INVALID, "%s: input '%s' of %s is too large", model->name, port->name,
                       cf_shape_text(out, got));
    return CF_OK;
}

/* An input that never changes is a constant from here on. */
static cf_status fix_input(cf_planner *plan, size_t index, cf_tensor *t) {
    const float *given = plan->params.fixed ? plan->params.fixed[index] : NULL;
    size_t count = (size_t)cf_shape_count(&t->shape);
    if (!given)
        return CF_OK;
    if (t->type != CF_TYPE_FLOAT)
        return cf_fail(CF_ERR_INVALID, "%s: input '%s' is of integers and cannot be fixed",
                       plan->model->name, t->name);
    t->data = cf_plan_keep(plan, count, sizeof *given);
    if (!t->data)
        return CF_ERR_MEMORY;
    memcpy(t->data, given, count * sizeof *given);
    return CF_OK;
}

static cf_status make_values(cf_planner *plan, const cf_shape *shapes, size_t count) {
    const cf_model *model = plan->model;
    plan->values = cf_region_alloc(&plan->scratch, model->value_count, sizeof *plan->values);
    if (!plan->values)
        return CF_ERR_MEMORY;
    for (size_t i = 0; i < model->value_count; i++) {
        plan->values[i] = (cf_plan_value){
            .t = model->values[i].constant, .producer = -1, .output = -1, .input = -1};
        plan->values[i].t.name = model->values[i].name;
    }
    if (count && count != model->input_count)
        return cf_fail(CF_ERR_INVALID, "%s has %zu inputs, not %zu", model->name,
                       model->input_count, count);
    for (size_t i = 0; i < model->input_count; i++) {
        cf_plan_value *v = &plan->values[model->input_values[i]];
        v->input = (int)i;
        v->t.type = model->inputs[i].type;
        CF_TRY(cf_plan_input_shape(model, i, count ? &shapes[i] : NULL, &v->t.shape));
        CF_TRY(fix_input(plan, i, &v->t));
    }
    for (size_t i = 0; i < model->output_count; i++) {
        cf_plan_value *v = &plan->values[model->output_values[i]];
        if (v->output < 0)
            v->output = (int)i;
    }
    return CF_OK;
}

static cf_status check_attributes(const cf_op *op) {
    static const char kinds[] = {
        [CF_ATTR_INT] = 'i',  [CF_ATTR_FLOAT] = 'f',  [CF_ATTR_STRING] = 's',
        [CF_ATTR_INTS] = 'I', [CF_ATTR_FLOATS] = 'F', [CF_ATTR_TENSOR] = 't'};
    for (size_t i = 0; i < op->attribute_count; i++) {
        const cf_attribute *a = &op->attributes[i];
        const char *const *known = op->type->attributes;
        while (known && *known && strcmp(*known + 2, a->name) != 0)
            known++;
        if (!known || !*known)
            return cf_op_fail(op, CF_ERR_UNSUPPORTED, "attribute '%s' is not supported", a->name);
        if ((*known)[0] != kinds[a->kind])
            return cf_op_fail(op, CF_ERR_FORMAT, "attribute '%s' is of the wrong type", a->name);
    }
    return CF_OK;
}

static cf_status make_op(cf_planner *plan, const cf_node *node, cf_op *op) {
    *op = (cf_op){.type = node->type,
                  .label = node->label,
                  .opset = plan->model->info.opset,
                  .attributes = node->attributes,
                  .attribute_count = node->attribute_count,
                  .inputs = node->inputs,
                  .outputs = node->outputs};
    if (!op->type)
        return cf_op_fail(op, CF_ERR_UNSUPPORTED, "there is no operator %s here", node->op_type);
    while (op->inputs && node->in[op->inputs - 1] < 0)
        op->inputs--;
    while (op->outputs && node->out[op->outputs - 1] < 0)
        op->outputs--;
    if (op->inputs < op->type->inputs_min || op->inputs > op->type->inputs_max ||
        op->inputs > CF_OP_INPUTS)
        return cf_op_fail(op, CF_ERR_FORMAT, "%d inputs, where %d to %d are allowed", op->inputs,
                          op->type->inputs_min, op->type->inputs_max);
    if (op->outputs < 1 || op->outputs > op->type->outputs_max || op->outputs > CF_OP_OUTPUTS)
        return cf_op_fail(op, CF_ERR_FORMAT, "%d outputs, where 1 to %d are allowed", op->outputs,
                          op->type->outputs_max);
    for (int i = 0; i < op->inputs; i++) {
        op->in[i] = node->in[i] < 0 ? NULL : &plan->values[node->in[i]].t;
        if (!op->in[i] && i < op->type->inputs_min)
            return cf_op_fail(op, CF_ERR_FORMAT, "input %d is left out", i);
    }
    for (int i = 0; i < op->outputs; i++) {
        if (node->out[i] < 0) { /* left out in the middle: somewhere to write its shape to */
            cf_plan_value *unnamed = cf_plan_keep(plan, 1, sizeof *unnamed);
            if (!unnamed)
                return CF_ERR_MEMORY;
            *unnamed = (cf_plan_value){.t = {.name = ""}, .output = -1, .input = -1};
            op->out[i] = &unnamed->t;
        } else {
            op->out[i] = &plan->values[node->out[i]].t;
        }
        cf_plan_value_of(op->out[i])->producer = (int)(op - plan->ops);
    }
    return check_attributes(op);
}

/* Runs the reference of an op with constant inputs; it is then done with. */
static cf_status fold(cf_planner *plan, cf_op *op) {
    for (int i = 0; i < op->inputs; i++)
        if (op->in[i] && !cf_plan_data(plan, op->in[i]))
            return CF_ERR_MEMORY;
    for (int i = 0; i < op->outputs; i++) {
        size_t count = (size_t)cf_shape_count(&op->out[i]->shape);
        plan->folded += count;
        if (plan->folded > FOLD_ELEMENTS)
            return cf_op_fail(op, CF_ERR_UNSUPPORTED, "constants of the network grow too large");
        op->out[i]->data = cf_plan_keep(
            plan, count, op->out[i]->type == CF_TYPE_FLOAT ? sizeof(float) : sizeof(int64_t));
        if (!op->out[i]->data)
            return CF_ERR_MEMORY;
    }
    return op->type->reference(op);
}

static int all_constant(cf_tensor *const *tensors, int count) {
    for (int i = 0; i < count; i++)
        if (tensors[i] && !cf_tensor_is_constant(tensors[i]))
            return 0;
    return 1;
}

static int is_zero(cf_planner *plan, cf_tensor *t) {
    if (!cf_tensor_is_constant(t) || t->type != CF_TYPE_FLOAT || !cf_plan_data(plan, t))
        return 0;
    for (int64_t i = 0; i < cf_shape_count(&t->shape); i++)
        if (((const float *)t->data)[i] != 0)
            return 0;
    return 1;
}

/* With fixed inputs: a product with 0 is 0, and a sum with 0 is the other summand. */
static cf_status drop_zeros(cf_planner *plan, cf_op *op) {
    int is_product = !strcmp(op->type->name, "Mul"), is_sum = !strcmp(op->type->name, "Add");
    if (!plan->params.fixed || !(is_product || is_sum) || all_constant(op->in, 2) ||
        op->out[0]->type != CF_TYPE_FLOAT || !cf_shape_valid(&op->out[0]->shape))
        return CF_OK;
    int zero = is_zero(plan, op->in[0]) ? 0 : is_zero(plan, op->in[1]) ? 1 : -1;
    if (zero < 0)
        return CF_OK;
    if (is_sum && cf_shape_equal(&op->in[!zero]->shape, &op->out[0]->shape)) {
        op->type = cf_operator_find("Identity");
        op->in[0] = op->in[!zero];
        op->inputs = 1;
    } else if (is_product) {
        size_t count = (size_t)cf_shape_count(&op->out[0]->shape);
        plan->folded += count;
        if (plan->folded <= FOLD_ELEMENTS)
            op->out[0]->data = cf_plan_keep(plan, count, sizeof(float)); /* zeroed */
    }
    return CF_OK;
}

static cf_status infer_op(cf_planner *plan, cf_op *op) {
    char text[96];
    CF_TRY(op->type->infer(plan, op));
    CF_TRY(drop_zeros(plan, op));
    for (int i = 0; i < op->outputs; i++) {
        if (!cf_shape_valid(&op->out[i]->shape))
            return cf_op_fail(op, CF_ERR_UNSUPPORTED, "its output of %s is too large",
                              cf_shape_text(&op->out[i]->shape, text));
    }
    if (!all_constant(op->out, op->outputs)) {
        if (op->type->reference && all_constant(op->in, op->inputs) &&
            (!op->type->flops || op->type->flops(op) < FOLD_FLOPS)) {
            CF_TRY(fold(plan, op));
        } else {
            for (int i = 0; i < op->outputs; i++)
                if (cf_shape_count(&op->out[i]->shape) == 0)
                    return cf_op_fail(op, CF_ERR_UNSUPPORTED, "its output of %s is empty",
                                      cf_shape_text(&op->out[i]->shape, text));
            return CF_OK;
        }
    }
    op->type = NULL;
    for (int i = 0; i < op->outputs; i++)
        cf_plan_value_of(op->out[i])->producer = -1;
    return CF_OK;
}

/* Counts readers from the outputs backwards, dropping nodes that nothing reads. */
static void prune(cf_planner *plan) {
    for (size_t i = 0; i < plan->model->output_count; i++)
        plan->values[plan->model->output_values[i]].t.users++;
    for (int o = plan->op_count - 1; o >= 0; o--) {
        cf_op *op = &plan->ops[o];
        int used = 0;
        for (int i = 0; op->type && i < op->outputs; i++)
            used |= op->out[i]->users;
        if (!used)
            op->type = NULL;
        for (int i = 0; op->type && i < op->inputs; i++)
            if (op->in[i])
                op->in[i]->users++;
    }
}

cf_status cf_plan_infer(cf_planner *plan, const cf_shape *shapes, size_t count) {
    const cf_model *model = plan->model;
    CF_TRY(make_values(plan, shapes, count));
    plan->ops = cf_region_alloc(&plan->scratch, model->node_count, sizeof *plan->ops);
    if (!plan->ops)
        return CF_ERR_MEMORY;
    for (size_t i = 0; i < model->node_count; i++) {
        cf_op *op = &plan->ops[plan->op_count++];
        CF_TRY(make_op(plan, &model->nodes[i], op));
        CF_TRY(infer_op(plan, op));
    }
    prune(plan);
    for (int i = 0; i < plan->op_count; i++)
        if (plan->ops[i].type && plan->ops[i].type->flops)
            plan->gflop += plan->ops[i].type->flops(&plan->ops[i]) * 1e-9;
    return CF_OK;
}
