/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses layouts and records what the operators launch. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "cl/net/layout.h"
#include "cl/net/plan.h"

cf_cl *cf_plan_device(const cf_planner *plan) {
    return plan->cl;
}

int cf_plan_tuning(const cf_planner *plan) {
    return plan->params.tune;
}

/* Sub-buffers must begin at multiples of what the device says (bits); kernels like cache lines. */
static size_t device_alignment(cf_cl *cl) {
    cl_uint bits = 0;
    clGetDeviceInfo(cl->device, CL_DEVICE_MEM_BASE_ADDR_ALIGN, sizeof bits, &bits, NULL);
    return bits / 8 > 256 ? bits / 8 : 256;
}

static cf_place *add_place(cf_planner *plan, enum cf_place_kind kind, size_t bytes) {
    size_t step = device_alignment(plan->cl);
    cf_place *place = cf_region_alloc(plan->keep, 1, sizeof *place);
    if (!place)
        return NULL;
    bytes = (bytes + step - 1) / step * step;
    *place = (cf_place){.buffer = {.cl = plan->cl, .bytes = bytes},
                        .kind = kind,
                        .first = 1 << 30,
                        .last = -1,
                        .next = plan->places};
    return plan->places = place;
}

cf_status cf_plan_scratch(cf_planner *plan, size_t bytes, const cf_buffer **out) {
    cf_place *place = add_place(plan, CF_PLACE_ARENA, bytes);
    *out = place ? &place->buffer : NULL;
    return place ? CF_OK : CF_ERR_MEMORY;
}

static cf_status add_constant(cf_planner *plan, const void *data, size_t bytes, cf_place **out) {
    cf_buffer *memory;
    if (plan->constant_count == plan->constant_room) {
        size_t room = plan->constant_room ? 2 * plan->constant_room : 64;
        cf_buffer **grown = cf_region_alloc(plan->keep, room, sizeof *grown);
        if (!grown)
            return CF_ERR_MEMORY;
        if (plan->constant_count)
            memcpy(grown, plan->constants, plan->constant_count * sizeof *grown);
        plan->constants = grown;
        plan->constant_room = room;
    }
    cf_place *place = add_place(plan, CF_PLACE_CONSTANT, bytes);
    if (!place)
        return CF_ERR_MEMORY;
    CF_TRY(cf_buffer_get(plan->cl, bytes, &memory));
    plan->constants[plan->constant_count++] = memory;
    plan->weight_bytes += memory->bytes;
    place->buffer.mem = memory->mem;
    place->buffer.bytes = memory->bytes;
    CF_TRY(cf_buffer_write(memory, 0, data, bytes));
    *out = place;
    return CF_OK;
}

cf_status cf_plan_constant(cf_planner *plan, const void *data, size_t bytes,
                           const cf_buffer **out) {
    cf_place *place;
    CF_TRY(add_constant(plan, data, bytes, &place));
    *out = &place->buffer;
    return CF_OK;
}

/* A constant as the device holds tensors: float32, in the tensor's layout. */
static cf_status upload(cf_planner *plan, cf_tensor *t, cf_place **out) {
    size_t count = (size_t)cf_shape_count(&t->shape), bytes = cf_tensor_bytes(t);
    const void *data = cf_plan_data(plan, t);
    float *packed = data ? cf_alloc(bytes / sizeof(float), sizeof *packed) : NULL;
    if (!packed)
        return CF_ERR_MEMORY;
    size_t channels = t->shape.rank > 1 ? (size_t)t->shape.dim[1] : 1;
    size_t pixels = t->layout == CF_LAYOUT_BLOCKED ? (size_t)cf_shape_span(&t->shape, 2, 4) : 1;
    for (size_t i = 0; i < count; i++) {
        size_t to = i;
        if (t->layout == CF_LAYOUT_BLOCKED) {
            size_t p = i % pixels, c = i / pixels % channels, n = i / pixels / channels;
            to = ((n * CF_NET_BLOCKS(channels) + c / CF_NET_BLOCK) * pixels + p) * CF_NET_BLOCK +
                 c % CF_NET_BLOCK;
        }
        packed[to] =
            t->type == CF_TYPE_FLOAT ? ((const float *)data)[i] : (float)((const int64_t *)data)[i];
    }
    cf_status status = add_constant(plan, packed, bytes, out);
    cf_free(packed);
    return status;
}

/* Made on first use, so that only what a launch names takes memory. */
static cf_status place_of(cf_planner *plan, cf_plan_value *v, cf_place **out) {
    if (!v->place) {
        if (cf_tensor_is_constant(&v->t)) {
            CF_TRY(upload(plan, &v->t, &v->place));
            v->place->tensor = 1;
        } else {
            enum cf_place_kind kind = v->input >= 0 ? CF_PLACE_INPUT
                                      : v->output >= 0 && v->t.layout == CF_LAYOUT_PLAIN
                                          ? CF_PLACE_OUTPUT
                                          : CF_PLACE_ARENA;
            v->place = add_place(plan, kind, cf_tensor_bytes(&v->t));
            if (!v->place)
                return CF_ERR_MEMORY;
        }
        v->t.buffer = &v->place->buffer;
    }
    *out = v->place;
    return CF_OK;
}

cf_status cf_plan_tensor(cf_planner *plan, cf_tensor *tensor, const cf_buffer **out) {
    cf_place *place;
    CF_TRY(place_of(plan, cf_plan_value_of(tensor), &place));
    *out = &place->buffer;
    return CF_OK;
}

int cf_plan_alias(cf_planner *plan, cf_tensor *part, cf_tensor *whole, size_t offset) {
    cf_place *p, *w;
    if (offset % device_alignment(plan->cl) ||
        offset + cf_tensor_bytes(part) > cf_tensor_bytes(whole) ||
        place_of(plan, cf_plan_value_of(part), &p) != CF_OK ||
        place_of(plan, cf_plan_value_of(whole), &w) != CF_OK || p->kind != CF_PLACE_ARENA ||
        w->kind != CF_PLACE_ARENA || p->whole || p == w)
        return 0;
    for (const cf_place *up = w; up; up = up->whole)
        if (up == p)
            return 0;
    p->whole = w;
    p->offset = offset;
    return 1;
}

static cf_step *add_step(cf_planner *plan) {
    if (plan->step_count == plan->step_room) {
        size_t room = plan->step_room ? 2 * plan->step_room : 128;
        cf_step *grown = cf_region_alloc(plan->keep, room, sizeof *grown);
        if (!grown)
            return NULL;
        if (plan->step_count)
            memcpy(grown, plan->steps, plan->step_count * sizeof *grown);
        plan->steps = grown;
        plan->step_room = room;
    }
    cf_step *step = &plan->steps[plan->step_count++];
    *step = (cf_step){.op = plan->current};
    step->label =
        plan->current < 0 ? "output" : cf_region_strdup(plan->keep, plan->ops[plan->current].label);
    return step->label ? step : NULL;
}

/* Copies arguments; values by reference are copied, too. */
static cf_arg *copy_args(cf_region *region, const cf_arg *args, size_t count) {
    cf_arg *copy = cf_region_alloc(region, count, sizeof *copy);
    for (size_t i = 0; copy && i < count; i++) {
        copy[i] = args[i];
        if (args[i].type == CF_ARG_BYTES) {
            void *data = cf_region_alloc(region, args[i].value.bytes.size, 1);
            if (!data)
                return NULL;
            memcpy(data, args[i].value.bytes.data, args[i].value.bytes.size);
            copy[i].value.bytes.data = data;
        }
    }
    return copy;
}

/* A local size of 1x1x1 leaves it open: groups as large as wanted that divide the range, so that
 * kernels need no test of their bounds. */
static void choose_local(const cf_planner *plan, cf_range *range) {
    size_t lanes = (size_t)plan->params.lanes;
    if (!lanes)
        lanes = strcmp(plan->cl->info.type, "cpu") != 0 ? 64 : 1;
    if (range->local[0] * range->local[1] * range->local[2] != 1)
        return;
    for (int d = 0; d < 3; d++) {
        size_t size = lanes < range->global[d] ? lanes : range->global[d];
        while (size > 1 && range->global[d] % size)
            size--;
        range->local[d] = size ? size : 1;
        lanes /= range->local[d];
    }
}

cf_status cf_plan_launch(cf_planner *plan, const cf_cl_source *source, const char *kernel,
                         const char *options, cf_range range, const cf_arg *args, size_t count) {
    cf_step *step = add_step(plan);
    if (!step)
        return CF_ERR_MEMORY;
    step->source = source;
    step->kernel = cf_region_strdup(plan->keep, kernel);
    step->options = cf_region_strdup(plan->keep, options);
    step->range = range;
    int grouped = 0; /* local memory: the kernel knows its groups */
    for (size_t i = 0; i < count; i++)
        grouped |= args[i].type == CF_ARG_LOCAL;
    if (!grouped)
        choose_local(plan, &step->range);
    step->args = copy_args(plan->keep, args, count);
    step->count = count;
    return step->kernel && step->options && step->args ? CF_OK : CF_ERR_MEMORY;
}

cf_status cf_plan_call(cf_planner *plan, cf_plan_fn fn, const void *user, size_t size,
                       const cf_buffer *const *uses, size_t count) {
    cf_step *step = add_step(plan);
    if (!step)
        return CF_ERR_MEMORY;
    step->call = fn;
    step->user = cf_region_alloc(plan->keep, size, 1);
    step->args = cf_region_alloc(plan->keep, count, sizeof *step->args);
    step->count = count;
    if (!step->user || !step->args)
        return CF_ERR_MEMORY;
    memcpy(step->user, user, size);
    for (size_t i = 0; i < count; i++)
        step->args[i] = (cf_arg)CF_BUF(uses[i]);
    return CF_OK;
}

cf_status cf_plan_in_layout(cf_planner *plan, cf_tensor *tensor, cf_layout layout,
                            cf_tensor **out) {
    cf_plan_value *v = cf_plan_value_of(tensor);
    if (tensor->layout == layout || tensor->shape.rank != 4) {
        *out = tensor;
        return CF_OK;
    }
    if (!v->other) {
        const cf_buffer *from, *to;
        cf_plan_value *other = cf_plan_keep(plan, 1, sizeof *other);
        if (!other)
            return CF_ERR_MEMORY;
        *other = *v;
        other->t.layout = layout;
        other->t.buffer = NULL;
        other->place = NULL;
        other->input = other->output = -1;
        other->other = v;
        if (!cf_tensor_is_constant(tensor)) { /* a constant is uploaded in this layout, too */
            CF_TRY(cf_plan_tensor(plan, tensor, &from));
            CF_TRY(cf_plan_tensor(plan, &other->t, &to));
            CF_TRY(cf_plan_reorder(plan, from, tensor->layout, to, &tensor->shape));
        }
        v->other = other;
    }
    *out = &v->other->t;
    return CF_OK;
}

static cf_status record_op(cf_planner *plan, cf_op *op) {
    if (!op->type->plan)
        return cf_op_fail(op, CF_ERR_UNSUPPORTED,
                          "works only on values that are known before the run");
    for (int i = 0; i < op->inputs; i++)
        if (op->in[i])
            CF_TRY(cf_plan_in_layout(plan, op->in[i], op->want[i], &op->in[i]));
    for (int i = 0; op->post && i < op->post->side_count; i++)
        CF_TRY(cf_plan_in_layout(plan, op->post->side[i], op->out[0]->layout, &op->post->side[i]));
    return op->type->plan(plan, op);
}

typedef struct {
    const cf_buffer *from, *to;
    size_t bytes;
} copy_call;

static cf_status run_copy(cf_cl *cl, const void *user) {
    const copy_call *c = user;
    if (!c->bytes)
        return CF_OK;
    cl_event *event = cf_profile_slot(cl, "copy");
    cl_int error =
        clEnqueueCopyBuffer(cl->queue, c->from->mem, c->to->mem, 0, 0, c->bytes, 0, NULL, event);
    if (error != CL_SUCCESS)
        return cf_fail(cf_cl_error_status(error), "%s: cannot copy %zu bytes: %s", cl->info.name,
                       c->bytes, cf_cl_error_text(error));
    cf_profile_added(cl);
    return CF_OK;
}

/* Brings network output i into the caller's buffer where its node does not write there itself. */
static cf_status record_output(cf_planner *plan, size_t i, cf_place **out) {
    cf_plan_value *v = &plan->values[plan->model->output_values[i]];
    const cf_buffer *from;
    CF_TRY(cf_plan_tensor(plan, &v->t, &from));
    if (v->place->kind == CF_PLACE_OUTPUT && v->output == (int)i) {
        *out = v->place;
        return CF_OK;
    }
    size_t bytes = (size_t)cf_shape_count(&v->t.shape) * sizeof(float);
    *out = add_place(plan, CF_PLACE_OUTPUT, bytes);
    if (!*out)
        return CF_ERR_MEMORY;
    if (v->t.layout != CF_LAYOUT_PLAIN)
        return cf_plan_reorder(plan, from, v->t.layout, &(*out)->buffer, &v->t.shape);
    const copy_call copy = {from, &(*out)->buffer, bytes};
    return cf_plan_call(plan, run_copy, &copy, sizeof copy,
                        (const cf_buffer *[]){from, &(*out)->buffer}, 2);
}

static void choose_layouts(cf_planner *plan) {
    for (int o = 0; o < plan->op_count; o++) {
        cf_op *op = &plan->ops[o];
        if (op->type && op->type->layout)
            op->type->layout(op);
    }
}

/* Weights are read once, when they are packed: the file's pages need not stay beside the copies. */
#define FORGET_EVERY ((size_t)4 << 20)

cf_status cf_plan_record(cf_planner *plan, cf_net *net) {
    static const float zeros[64];
    size_t forgotten = 0;
    plan->current = -1;
    CF_TRY(add_constant(plan, zeros, sizeof zeros, &plan->empty));
    choose_layouts(plan);
    for (int o = 0; o < plan->op_count; o++) {
        plan->current = o;
        if (plan->ops[o].type)
            CF_TRY(record_op(plan, &plan->ops[o]));
        if (plan->weight_bytes - forgotten > FORGET_EVERY) {
            cf_model_forget_pages(plan->model);
            forgotten = plan->weight_bytes;
        }
    }
    plan->current = -1;
    for (size_t i = 0; i < net->input_count; i++) {
        cf_plan_value *v = &plan->values[plan->model->input_values[i]];
        if (!cf_tensor_is_constant(&v->t)) /* fixed: no place, runs do not bind it */
            CF_TRY(place_of(plan, v, &net->input_places[i]));
    }
    for (size_t i = 0; i < net->output_count; i++)
        CF_TRY(record_output(plan, i, &net->output_places[i]));
    return CF_OK;
}
