/* SPDX-License-Identifier: Apache-2.0 */
/* A whole network by the operators' references, on the host. */
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "cl/net/plan.h"

static size_t element_size(const cf_tensor *t) {
    return t->type == CF_TYPE_FLOAT ? sizeof(float) : sizeof(int64_t);
}

static cf_status run_op(cf_planner *plan, cf_op *op) {
    for (int i = 0; i < op->inputs; i++)
        if (op->in[i] && !cf_plan_data(plan, op->in[i]))
            return CF_ERR_MEMORY;
    for (int i = 0; i < op->outputs; i++) {
        size_t count = (size_t)cf_shape_count(&op->out[i]->shape);
        op->out[i]->data = cf_plan_keep(plan, count, element_size(op->out[i]));
        if (!op->out[i]->data)
            return CF_ERR_MEMORY;
    }
    return op->type->reference(op);
}

static cf_status give_output(cf_planner *plan, size_t i, void **out, cf_shape *shape) {
    cf_tensor *t = &plan->values[plan->model->output_values[i]].t;
    size_t count = (size_t)cf_shape_count(&t->shape);
    const void *data = cf_plan_data(plan, t);
    *shape = t->shape;
    *out = data ? cf_alloc(count, element_size(t)) : NULL;
    if (!*out)
        return CF_ERR_MEMORY;
    memcpy(*out, data, count * element_size(t));
    return CF_OK;
}

cf_status cf_net_reference(const cf_model *model, const cf_shape *input_shapes,
                           const void *const *inputs, void **outputs, cf_shape *output_shapes) {
    cf_region keep = {0};
    cf_planner plan = {.model = model, .keep = &keep};
    memset(outputs, 0, model->output_count * sizeof *outputs);
    cf_status status = cf_plan_infer(&plan, input_shapes, input_shapes ? model->input_count : 0);
    for (size_t i = 0; status == CF_OK && i < model->input_count; i++) {
        cf_tensor *t = &plan.values[model->input_values[i]].t;
        size_t count = (size_t)cf_shape_count(&t->shape);
        t->data = cf_plan_keep(&plan, count, element_size(t));
        if (!t->data)
            status = CF_ERR_MEMORY;
        else
            memcpy(t->data, inputs[i], count * element_size(t));
    }
    for (int o = 0; status == CF_OK && o < plan.op_count; o++)
        if (plan.ops[o].type)
            status = run_op(&plan, &plan.ops[o]);
    for (size_t i = 0; status == CF_OK && i < model->output_count; i++)
        status = give_output(&plan, i, &outputs[i], &output_shapes[i]);
    for (size_t i = 0; status != CF_OK && i < model->output_count; i++) {
        cf_free(outputs[i]);
        outputs[i] = NULL;
    }
    cf_region_free(&plan.scratch);
    cf_region_free(&keep);
    return status;
}

cf_status cf_net_measure(const cf_model *model, const cf_shape *shapes, size_t count,
                         cf_net_info *info) {
    cf_region keep = {0};
    cf_planner plan = {.model = model, .keep = &keep};
    *info = (cf_net_info){0};
    cf_status status = cf_plan_infer(&plan, shapes, count);
    for (int o = 0; status == CF_OK && o < plan.op_count; o++)
        for (int i = 0; plan.ops[o].type && i < plan.ops[o].outputs; i++) {
            info->nodes += i == 0;
            info->activation_bytes += cf_tensor_bytes(plan.ops[o].out[i]);
        }
    info->gflop = plan.gflop;
    cf_region_free(&plan.scratch);
    cf_region_free(&keep);
    return status;
}
