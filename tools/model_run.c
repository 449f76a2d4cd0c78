/* SPDX-License-Identifier: Apache-2.0 */
/* `chromafuse model run`: NumPy files through a network, on the device or by the references. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "cl/buffer.h"
#include "tools/command.h"
#include "tools/json.h"
#include "tools/model.h"
#include "tools/npy.h"

/* One run; arrays in the model's order. */
typedef struct {
    const cf_model_job *job;
    cf_model *model;
    size_t input_count, output_count;
    cf_npy *inputs, *outputs;
    const char **paths; /* of outputs to write, else NULL */
    cf_shape *shapes;   /* of inputs */
} run;

static void convert(cf_npy *a, cf_type type) {
    size_t count = (size_t)cf_shape_count(&a->shape);
    if (a->type == type || type != CF_TYPE_FLOAT)
        return;
    /* in place: an int64_t is read before a float is written at or before it */
    for (size_t i = 0; i < count; i++) {
        int64_t v;
        memcpy(&v, (char *)a->data + i * sizeof v, sizeof v);
        float f = (float)v;
        memcpy((char *)a->data + i * sizeof f, &f, sizeof f);
    }
    a->type = CF_TYPE_FLOAT;
}

static cf_status read_input(run *r, const char *argument) {
    size_t i = 0;
    const char *path;
    char got[96], wanted[96];
    CF_TRY(cf_model_job_port("input", "input", argument, r->model, &i, &path));
    const cf_model_port *port = cf_model_input(r->model, i);
    if (r->inputs[i].data)
        return cf_fail(CF_ERR_INVALID, "--input %s: '%s' was given before", argument, port->name);
    CF_TRY(cf_npy_read(path, &r->inputs[i]));
    cf_npy *a = &r->inputs[i];
    if (a->type == CF_TYPE_FLOAT && port->type == CF_TYPE_INT64)
        return cf_fail(CF_ERR_INVALID, "%s: holds floats, but input '%s' takes integers", path,
                       port->name);
    convert(a, port->type);
    int suits = port->shape.rank < 0 || port->shape.rank == a->shape.rank;
    for (int d = 0; suits && d < port->shape.rank; d++)
        suits = port->shape.dim[d] < 0 || port->shape.dim[d] == a->shape.dim[d];
    if (!suits)
        return cf_fail(CF_ERR_INVALID, "%s: the array is %s, but input '%s' of the network is %s",
                       path, cf_shape_text(&a->shape, got), port->name,
                       cf_shape_text(&port->shape, wanted));
    r->shapes[i] = a->shape;
    return CF_OK;
}

static cf_status read_inputs(run *r) {
    for (size_t i = 0; i < r->job->input_count; i++)
        CF_TRY(read_input(r, r->job->inputs[i]));
    for (size_t i = 0; i < r->input_count; i++)
        if (!r->inputs[i].data)
            return cf_fail(CF_ERR_INVALID, "%s: input '%s' is not given (--input '%s=FILE.npy')",
                           r->job->file, cf_model_input(r->model, i)->name,
                           cf_model_input(r->model, i)->name);
    for (size_t i = 0; i < r->job->output_count; i++) {
        size_t index = 0;
        const char *path;
        CF_TRY(cf_model_job_port("output", "output", r->job->outputs[i], r->model, &index, &path));
        if (r->paths[index])
            return cf_fail(CF_ERR_INVALID, "--output %s: '%s' was given before", r->job->outputs[i],
                           cf_model_output(r->model, index)->name);
        r->paths[index] = path;
    }
    return CF_OK;
}

static cf_status run_reference(run *r) {
    const void *in[CF_MODEL_ARGUMENTS];
    void **out = cf_alloc(r->output_count, sizeof *out);
    cf_shape *shapes = cf_alloc(r->output_count, sizeof *shapes);
    cf_status status = out && shapes ? CF_OK : CF_ERR_MEMORY;
    for (size_t i = 0; i < r->input_count; i++)
        in[i] = r->inputs[i].data;
    if (status == CF_OK)
        status = cf_net_reference(r->model, r->shapes, in, out, shapes);
    for (size_t i = 0; status == CF_OK && i < r->output_count; i++)
        r->outputs[i] = (cf_npy){cf_model_output(r->model, i)->type, shapes[i], out[i]};
    cf_free(shapes);
    cf_free(out);
    return status;
}

/* Integers are floats on the device. */
static cf_status upload(cf_cl *cl, const cf_npy *a, cf_buffer **out) {
    size_t count = (size_t)cf_shape_count(&a->shape);
    CF_TRY(cf_buffer_get(cl, count * sizeof(float), out));
    if (a->type == CF_TYPE_FLOAT)
        return cf_buffer_write(*out, 0, a->data, count * sizeof(float));
    float *floats = cf_alloc(count, sizeof *floats);
    if (!floats)
        return CF_ERR_MEMORY;
    for (size_t i = 0; i < count; i++)
        floats[i] = (float)((const int64_t *)a->data)[i];
    cf_status status = cf_buffer_write(*out, 0, floats, count * sizeof(float));
    cf_free(floats);
    return status;
}

static int64_t to_integer(float v) {
    return v > -4e18f && v < 4e18f ? (int64_t)llrintf(v) : 0;
}

static cf_status download(const cf_model_port *port, const cf_buffer *buffer, cf_npy *out) {
    size_t count = (size_t)cf_shape_count(&port->shape);
    *out = (cf_npy){.type = port->type, .shape = port->shape};
    float *floats = cf_alloc(count, sizeof *floats);
    if (!floats)
        return CF_ERR_MEMORY;
    cf_status status = cf_buffer_read(buffer, 0, floats, count * sizeof *floats);
    out->data = floats;
    if (status != CF_OK || port->type == CF_TYPE_FLOAT)
        return status;
    int64_t *integers = cf_alloc(count, sizeof *integers);
    for (size_t i = 0; integers && i < count; i++)
        integers[i] = to_integer(floats[i]);
    cf_free(floats);
    out->data = integers;
    return integers ? CF_OK : CF_ERR_MEMORY;
}

static cf_status run_planned(run *r, cf_cl *cl, cf_net *net) {
    size_t count = r->input_count + r->output_count;
    cf_buffer **buffers = cf_alloc(count, sizeof(cf_buffer *));
    cf_status status = buffers ? CF_OK : CF_ERR_MEMORY;
    for (size_t i = 0; status == CF_OK && i < r->input_count; i++)
        status = upload(cl, &r->inputs[i], &buffers[i]);
    for (size_t i = 0; status == CF_OK && i < r->output_count; i++)
        status = cf_buffer_get(cl, cf_net_port_bytes(cf_net_output(net, i)),
                               &buffers[r->input_count + i]);
    if (status == CF_OK)
        status = cf_net_run(net, (const cf_buffer *const *)buffers, buffers + r->input_count);
    if (status == CF_OK)
        status = cf_cl_finish(cl);
    for (size_t i = 0; status == CF_OK && i < r->output_count; i++)
        status = download(cf_net_output(net, i), buffers[r->input_count + i], &r->outputs[i]);
    for (size_t i = 0; buffers && i < count; i++)
        cf_buffer_put(&buffers[i]);
    cf_free(buffers);
    return status;
}

static cf_status run_on_device(run *r) {
    const cf_cl_params params = {.device = cf_cli_device};
    const cf_net_params plan = {.shapes = r->shapes, .shape_count = r->input_count};
    cf_net *net = NULL;
    cf_cl *cl;
    CF_TRY(cf_cl_open(&params, &cl));
    cf_status status = cf_net_create(cl, r->model, &plan, &net);
    if (status == CF_OK)
        status = run_planned(r, cl, net);
    cf_net_destroy(&net);
    cf_cl_close(&cl);
    return status;
}

static void describe(const cf_npy *a, const char *name, cf_json *json) {
    size_t count = (size_t)cf_shape_count(&a->shape), valid = 0;
    double least = INFINITY, most = -INFINITY, sum = 0;
    char text[96];
    for (size_t i = 0; i < count; i++) {
        double v = a->type == CF_TYPE_FLOAT ? (double)((const float *)a->data)[i]
                                            : (double)((const int64_t *)a->data)[i];
        if (isnan(v))
            continue;
        least = v < least ? v : least;
        most = v > most ? v : most;
        sum += v;
        valid++;
    }
    if (!json) {
        printf("%s  %s  min %.7g  max %.7g  mean %.7g", name, cf_shape_text(&a->shape, text), least,
               most, sum / (double)valid);
        printf(valid < count ? "  (%zu are not a number)\n" : "\n", count - valid);
        return;
    }
    cf_json_open(json, NULL, '{');
    cf_json_text(json, "name", name);
    cf_json_open(json, "shape", '[');
    for (int d = 0; d < a->shape.rank; d++)
        cf_json_number(json, NULL, (double)a->shape.dim[d]);
    cf_json_close(json, ']');
    cf_json_number(json, "min", least);
    cf_json_number(json, "max", most);
    cf_json_number(json, "mean", sum / (double)valid);
    cf_json_number(json, "not_a_number", (double)(count - valid));
    cf_json_close(json, '}');
}

static cf_status give_outputs(run *r) {
    cf_json writer = {.to = stdout}, *json = r->job->json ? &writer : NULL;
    for (size_t i = 0; i < r->output_count; i++)
        if (r->paths[i])
            CF_TRY(cf_npy_write(r->paths[i], &r->outputs[i]));
    if (r->job->output_count && !json)
        return CF_OK;
    if (json) {
        cf_json_open(json, NULL, '{');
        cf_json_open(json, "outputs", '[');
    }
    for (size_t i = 0; i < r->output_count; i++)
        describe(&r->outputs[i], cf_model_output(r->model, i)->name, json);
    if (json) {
        cf_json_close(json, ']');
        cf_json_close(json, '}');
    }
    return CF_OK;
}

static cf_status run_model(run *r) {
    r->input_count = cf_model_input_count(r->model);
    r->output_count = cf_model_output_count(r->model);
    if (r->input_count > CF_MODEL_ARGUMENTS)
        return cf_fail(CF_ERR_UNSUPPORTED, "%s: %zu inputs, more than %d", r->job->file,
                       r->input_count, CF_MODEL_ARGUMENTS);
    r->inputs = cf_alloc(r->input_count, sizeof *r->inputs);
    r->outputs = cf_alloc(r->output_count, sizeof *r->outputs);
    r->paths = cf_alloc(r->output_count, sizeof *r->paths);
    r->shapes = cf_alloc(r->input_count, sizeof *r->shapes);
    if (!r->inputs || !r->outputs || !r->paths || !r->shapes)
        return CF_ERR_MEMORY;
    CF_TRY(read_inputs(r));
    CF_TRY(r->job->reference ? run_reference(r) : run_on_device(r));
    return give_outputs(r);
}

cf_status cf_model_run(const cf_model_job *job) {
    run r = {.job = job};
    CF_TRY(cf_model_load(job->file, &r.model));
    cf_status status = run_model(&r);
    for (size_t i = 0; r.inputs && i < r.input_count; i++)
        cf_npy_clear(&r.inputs[i]);
    for (size_t i = 0; r.outputs && i < r.output_count; i++)
        cf_npy_clear(&r.outputs[i]);
    cf_free(r.shapes);
    cf_free((void *)r.paths);
    cf_free(r.outputs);
    cf_free(r.inputs);
    cf_model_destroy(&r.model);
    return status;
}
