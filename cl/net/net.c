/* SPDX-License-Identifier: Apache-2.0 */
/* The public face of the executor: makes a plan, runs it, tells about it. */
#include "cl/net/net.h"

#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "cl/net/plan.h"

cf_status cf_plan_run_step(cf_cl *cl, const cf_step *step) {
    if (step->call)
        return step->call(cl, step->user);
    return cf_launch(cl, step->source, step->kernel, step->options, step->range, step->args,
                     step->count);
}

static cf_status run_steps(cf_net *net) {
    cf_status status = CF_OK;
    for (size_t i = 0; i < net->step_count && status == CF_OK; i++) {
        if (net->profile)
            cf_profile_label(net->cl, net->steps[i].label);
        status = cf_plan_run_step(net->cl, &net->steps[i]);
    }
    if (net->profile)
        cf_profile_label(net->cl, "");
    return status;
}

/* Copies of names and shapes that outlive the model. */
static cf_status make_ports(cf_planner *plan, cf_net *net) {
    const cf_model *model = plan->model;
    net->input_count = model->input_count;
    net->output_count = model->output_count;
    net->inputs = cf_region_alloc(&net->keep, model->input_count, sizeof *net->inputs);
    net->outputs = cf_region_alloc(&net->keep, model->output_count, sizeof *net->outputs);
    net->input_places = cf_region_alloc(&net->keep, model->input_count, sizeof(cf_place *));
    net->output_places = cf_region_alloc(&net->keep, model->output_count, sizeof(cf_place *));
    if (!net->inputs || !net->outputs || !net->input_places || !net->output_places)
        return CF_ERR_MEMORY;
    for (size_t i = 0; i < model->input_count + model->output_count; i++) {
        int is_input = i < model->input_count;
        size_t at = is_input ? i : i - model->input_count;
        const cf_tensor *t =
            &plan->values[is_input ? model->input_values[at] : model->output_values[at]].t;
        cf_model_port *port = is_input ? &net->inputs[at] : &net->outputs[at];
        *port = (cf_model_port){
            .name = cf_region_strdup(&net->keep, t->name), .type = t->type, .shape = t->shape};
        if (!port->name)
            return CF_ERR_MEMORY;
    }
    return CF_OK;
}

/* Every kernel is built, and compiled for its local size, by running it. */
static cf_status warm_up(cf_net *net) {
    size_t count = net->input_count + net->output_count, got = 0;
    cf_buffer **buffers = cf_alloc(count ? count : 1, sizeof *buffers);
    cf_status status = buffers ? CF_OK : CF_ERR_MEMORY;
    for (; status == CF_OK && got < count; got++) {
        const cf_model_port *port =
            got < net->input_count ? &net->inputs[got] : &net->outputs[got - net->input_count];
        status = cf_buffer_get(net->cl, cf_net_port_bytes(port), &buffers[got]);
        if (status == CF_OK)
            status = cf_buffer_fill(buffers[got], 0, cf_net_port_bytes(port));
    }
    if (status == CF_OK)
        status = cf_net_run(net, (const cf_buffer *const *)buffers, buffers + net->input_count);
    cf_status finished = cf_cl_finish(net->cl);
    for (size_t i = 0; buffers && i < got; i++)
        cf_buffer_put(&buffers[i]);
    cf_free(buffers);
    return status == CF_OK ? finished : status;
}

static cf_status make_plan(cf_planner *plan, cf_net *net) {
    CF_TRY(cf_plan_infer(plan, plan->params.shapes, plan->params.shape_count));
    CF_TRY(make_ports(plan, net));
    CF_TRY(cf_plan_fuse(plan));
    cf_status status = cf_plan_record(plan, net);
    net->constants = plan->constants; /* also when it failed: they are put back */
    net->constant_count = plan->constant_count;
    net->places = plan->places;
    CF_TRY(status);
    status = cf_plan_arena(plan, net);
    net->places = plan->places;
    CF_TRY(status);
    net->steps = plan->steps;
    net->step_count = plan->step_count;
    net->info.launches = plan->step_count;
    net->info.gflop = plan->gflop;
    net->info.weight_bytes = plan->weight_bytes;
    for (int i = 0; i < plan->op_count; i++)
        net->info.nodes += plan->ops[i].type != NULL;
    return CF_OK;
}

cf_status cf_net_create(cf_cl *cl, const cf_model *model, const cf_net_params *params,
                        cf_net **out) {
    const cf_net_params defaults = CF_NET_DEFAULTS;
    *out = NULL;
    cf_net *net = cf_alloc(1, sizeof *net);
    if (!net)
        return CF_ERR_MEMORY;
    net->cl = cl;
    cf_planner plan = {
        .cl = cl, .model = model, .params = params ? *params : defaults, .keep = &net->keep};
    net->profile = plan.params.profile;
    cf_status status = make_plan(&plan, net);
    cf_region_free(&plan.scratch);
    cf_model_forget_pages(model);
    cf_alloc_trim(); /* packing took blocks as large as the weights of a node */
    if (status == CF_OK && net->arena && plan.params.poison)
        status = cf_buffer_fill(net->arena, 0xff, net->info.arena_bytes);
    if (status == CF_OK)
        status = warm_up(net);
    if (status != CF_OK)
        cf_net_destroy(&net);
    *out = net;
    return status;
}

void cf_net_destroy(cf_net **handle) {
    if (!handle || !*handle)
        return;
    cf_net *net = *handle;
    (void)cf_cl_finish(net->cl);
    for (cf_place *p = net->places; p; p = p->next)
        if (p->kind == CF_PLACE_ARENA && p->buffer.mem)
            clReleaseMemObject(p->buffer.mem);
    cf_buffer_put(&net->arena);
    for (size_t i = 0; i < net->constant_count; i++)
        cf_buffer_put(&net->constants[i]);
    cf_region_free(&net->keep);
    cf_free(net);
    *handle = NULL;
}

const cf_model_port *cf_net_input(const cf_net *net, size_t index) {
    return &net->inputs[index];
}

const cf_model_port *cf_net_output(const cf_net *net, size_t index) {
    return &net->outputs[index];
}

size_t cf_net_input_count(const cf_net *net) {
    return net->input_count;
}

size_t cf_net_output_count(const cf_net *net) {
    return net->output_count;
}

size_t cf_net_port_bytes(const cf_model_port *port) {
    return (size_t)cf_shape_count(&port->shape) * sizeof(float);
}

cf_net_info cf_net_describe(const cf_net *net) {
    return net->info;
}

static cf_status bind_port(const cf_model_port *port, const char *what, const cf_buffer *given,
                           cf_place *place) {
    if (!given || given->bytes < cf_net_port_bytes(port))
        return cf_fail(CF_ERR_INVALID, "%s '%s' needs a buffer of %zu bytes, got %zu", what,
                       port->name, cf_net_port_bytes(port), given ? given->bytes : 0);
    place->buffer.mem = given->mem;
    return CF_OK;
}

cf_status cf_net_run(cf_net *net, const cf_buffer *const *inputs, cf_buffer *const *outputs) {
    for (size_t i = 0; i < net->input_count; i++)
        if (net->input_places[i])
            CF_TRY(bind_port(&net->inputs[i], "input", inputs[i], net->input_places[i]));
    for (size_t i = 0; i < net->output_count; i++)
        CF_TRY(bind_port(&net->outputs[i], "output", outputs[i], net->output_places[i]));
    return run_steps(net);
}
