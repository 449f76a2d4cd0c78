/* SPDX-License-Identifier: Apache-2.0 */
/* `chromafuse model info`: what a network is and what running it would take. */
#include <stdio.h>

#include "base/alloc.h"
#include "tools/command.h"
#include "tools/json.h"
#include "tools/model.h"

/* What is known of a network at some size. */
typedef struct {
    const cf_model *model;
    cf_model_info info;
    cf_shape *shapes; /* of inputs; NULL: not all known */
    size_t missing;   /* kinds of operators that we lack */
    int measured, planned;
    cf_net_info host, device;
} facts;

static const char *port_text(const cf_model_port *port, char text[96]) {
    return port->shape.rank < 0 ? "any shape" : cf_shape_text(&port->shape, text);
}

static void print_ports(const facts *f, int inputs) {
    size_t count = inputs ? cf_model_input_count(f->model) : cf_model_output_count(f->model);
    char text[96], at[96];
    for (size_t i = 0; i < count; i++) {
        const cf_model_port *p =
            inputs ? cf_model_input(f->model, i) : cf_model_output(f->model, i);
        printf("%-11s %s  %s  %s", inputs ? "input" : "output", p->name, port_text(p, text),
               p->type == CF_TYPE_FLOAT ? "float" : "integer");
        if (inputs && f->shapes && !cf_shape_equal(&f->shapes[i], &p->shape))
            printf("  at %s", cf_shape_text(&f->shapes[i], at));
        putchar('\n');
    }
}

static double mega(double bytes) {
    return bytes * 1e-6;
}

static void print_needs(const facts *f) {
    if (f->measured)
        printf("work        %.4g GFLOP a run, %zu nodes left after folding constants\n",
               f->host.gflop, f->host.nodes);
    if (f->planned)
        printf("memory      %.1f MB on the device: %.1f MB weights, %.1f MB activations and "
               "scratch\n"
               "            (activations alone without sharing: %.1f MB)\n"
               "plan        %zu nodes, %zu launches a run\n",
               mega((double)(f->device.weight_bytes + f->device.arena_bytes)),
               mega((double)f->device.weight_bytes), mega((double)f->device.arena_bytes),
               mega((double)f->host.activation_bytes), f->device.nodes, f->device.launches);
    else if (f->measured)
        printf("memory      %.1f MB weights, at most %.1f MB activations\n",
               mega((double)f->info.weights * 4), mega((double)f->host.activation_bytes));
    if (!f->shapes)
        printf("work        not known: --size WxH or --shape tells the inputs' open dimensions\n");
    if (f->missing)
        printf("work        not known: operators are missing\n");
}

static void print_text(const cf_model_job *job, const facts *f) {
    size_t kinds;
    const cf_model_operator *rows = cf_model_operators(f->model, &kinds);
    printf("%s: opset %d, IR version %d%s%s, %.1f MB\n", job->file, f->info.opset,
           f->info.ir_version, *f->info.producer ? ", by " : "", f->info.producer,
           mega((double)f->info.file_bytes));
    print_ports(f, 1);
    print_ports(f, 0);
    printf("weights     %.4g million in %zu constants\n", (double)f->info.weights * 1e-6,
           f->info.constants);
    printf("operators   %zu nodes of %zu kinds, %zu kinds missing\n", f->info.nodes, kinds,
           f->missing);
    for (size_t i = 0; i < kinds; i++)
        printf("  %6zu  %s%s\n", rows[i].count, rows[i].name, rows[i].supported ? "" : "  MISSING");
    print_needs(f);
}

static void print_shape(cf_json *json, const char *key, const cf_shape *s) {
    cf_json_open(json, key, '[');
    for (int d = 0; d < s->rank; d++) /* open: null */
        cf_json_number(json, NULL, s->dim[d] < 0 ? 1.0 / 0.0 : (double)s->dim[d]);
    cf_json_close(json, ']');
}

static void print_json_ports(cf_json *json, const facts *f, int inputs) {
    size_t count = inputs ? cf_model_input_count(f->model) : cf_model_output_count(f->model);
    cf_json_open(json, inputs ? "inputs" : "outputs", '[');
    for (size_t i = 0; i < count; i++) {
        const cf_model_port *p =
            inputs ? cf_model_input(f->model, i) : cf_model_output(f->model, i);
        cf_json_open(json, NULL, '{');
        cf_json_text(json, "name", p->name);
        cf_json_text(json, "type", p->type == CF_TYPE_FLOAT ? "float" : "integer");
        print_shape(json, "shape", &p->shape);
        if (inputs && f->shapes)
            print_shape(json, "at", &f->shapes[i]);
        cf_json_close(json, '}');
    }
    cf_json_close(json, ']');
}

static void print_json_needs(cf_json *json, const facts *f) {
    if (f->measured) {
        cf_json_number(json, "gflop", f->host.gflop);
        cf_json_number(json, "activation_bytes", (double)f->host.activation_bytes);
    }
    if (f->planned) {
        cf_json_number(json, "weight_bytes", (double)f->device.weight_bytes);
        cf_json_number(json, "arena_bytes", (double)f->device.arena_bytes);
        cf_json_number(json, "memory_bytes",
                       (double)(f->device.weight_bytes + f->device.arena_bytes));
        cf_json_number(json, "plan_nodes", (double)f->device.nodes);
        cf_json_number(json, "launches", (double)f->device.launches);
    }
}

static void print_json(const cf_model_job *job, const facts *f) {
    cf_json json = {.to = stdout};
    size_t kinds;
    const cf_model_operator *rows = cf_model_operators(f->model, &kinds);
    cf_json_open(&json, NULL, '{');
    cf_json_text(&json, "file", job->file);
    cf_json_text(&json, "producer", f->info.producer);
    cf_json_number(&json, "opset", f->info.opset);
    cf_json_number(&json, "ir_version", f->info.ir_version);
    cf_json_number(&json, "file_bytes", (double)f->info.file_bytes);
    print_json_ports(&json, f, 1);
    print_json_ports(&json, f, 0);
    cf_json_number(&json, "nodes", (double)f->info.nodes);
    cf_json_number(&json, "constants", (double)f->info.constants);
    cf_json_number(&json, "weights", (double)f->info.weights);
    cf_json_open(&json, "operators", '[');
    for (size_t i = 0; i < kinds; i++) {
        cf_json_open(&json, NULL, '{');
        cf_json_text(&json, "name", rows[i].name);
        cf_json_number(&json, "count", (double)rows[i].count);
        cf_json_bool(&json, "supported", rows[i].supported);
        cf_json_close(&json, '}');
    }
    cf_json_close(&json, ']');
    cf_json_open(&json, "missing", '[');
    for (size_t i = 0; i < kinds; i++)
        if (!rows[i].supported)
            cf_json_text(&json, NULL, rows[i].name);
    cf_json_close(&json, ']');
    print_json_needs(&json, f);
    cf_json_close(&json, '}');
}

/* The plan as this device would run it. */
static cf_status plan(facts *f) {
    const cf_cl_params params = {.device = cf_cli_device};
    const cf_net_params at = {.shapes = f->shapes, .shape_count = cf_model_input_count(f->model)};
    cf_net *net = NULL;
    cf_cl *cl;
    CF_TRY(cf_cl_open(&params, &cl));
    cf_status status = cf_net_create(cl, f->model, &at, &net);
    if (status == CF_OK) {
        f->device = cf_net_describe(net);
        f->planned = 1;
    }
    cf_net_destroy(&net);
    cf_cl_close(&cl);
    return status;
}

static cf_status gather(const cf_model_job *job, facts *f) {
    size_t kinds, inputs = cf_model_input_count(f->model);
    const cf_model_operator *rows = cf_model_operators(f->model, &kinds);
    int complete;
    cf_shape *shapes = cf_alloc(inputs, sizeof *shapes);
    if (!shapes)
        return CF_ERR_MEMORY;
    f->info = cf_model_describe(f->model);
    for (size_t i = 0; i < kinds; i++)
        f->missing += !rows[i].supported;
    f->shapes = shapes;
    CF_TRY(cf_model_job_shapes(job, f->model, shapes, &complete));
    if (!complete) {
        cf_free(shapes);
        f->shapes = NULL;
    }
    return CF_OK;
}

/* What could be found out is printed even where planning fails: that is what info is for. */
cf_status cf_model_info_print(const cf_model_job *job) {
    cf_model *model;
    CF_TRY(cf_model_load(job->file, &model));
    facts f = {.model = model};
    cf_status status = gather(job, &f);
    if (status == CF_OK) {
        if (f.shapes && !f.missing) {
            status = cf_net_measure(model, f.shapes, cf_model_input_count(model), &f.host);
            f.measured = status == CF_OK;
            if (f.measured)
                status = plan(&f);
        }
        if (job->json)
            print_json(job, &f);
        else
            print_text(job, &f);
    }
    cf_free(f.shapes);
    cf_model_destroy(&model);
    return status;
}
