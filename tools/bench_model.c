/* SPDX-License-Identifier: Apache-2.0 */
/* `chromafuse bench --model`: a network on made-up inputs, frame after frame. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/random.h"
#include "cl/profile.h"
#include "tools/command.h"
#include "tools/fuse_job.h"
#include "tools/json.h"
#include "tools/model.h"

#define WARM_UP 2 /* frames before the timed ones, whatever --frames says */

typedef struct {
    cf_cl *cl;
    cf_net *net;
    cf_buffer **buffers; /* inputs, then outputs */
    size_t inputs, count;
    double load_ms, plan_ms;
    double median, least, most; /* milliseconds */
} bench;

/* Normal noise, the same in every run; zeros where integers are wanted: they may be indices. */
static cf_status make_input(bench *b, size_t i) {
    const cf_model_port *port = cf_net_input(b->net, i);
    size_t count = cf_net_port_bytes(port) / sizeof(float);
    cf_random random;
    float *values = cf_alloc(count, sizeof *values);
    if (!values)
        return CF_ERR_MEMORY;
    cf_random_seed(&random, i + 1);
    for (size_t k = 0; k < count && port->type == CF_TYPE_FLOAT; k++)
        values[k] = (float)cf_random_normal(&random);
    cf_status status = cf_buffer_write(b->buffers[i], 0, values, count * sizeof *values);
    cf_free(values);
    return status;
}

static cf_status make_buffers(bench *b) {
    b->inputs = cf_net_input_count(b->net);
    b->count = b->inputs + cf_net_output_count(b->net);
    b->buffers = cf_alloc(b->count, sizeof(cf_buffer *));
    if (!b->buffers)
        return CF_ERR_MEMORY;
    for (size_t i = 0; i < b->count; i++) {
        const cf_model_port *port =
            i < b->inputs ? cf_net_input(b->net, i) : cf_net_output(b->net, i - b->inputs);
        CF_TRY(cf_buffer_get(b->cl, cf_net_port_bytes(port), &b->buffers[i]));
        if (i < b->inputs)
            CF_TRY(make_input(b, i));
    }
    return CF_OK;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static cf_status run_frames(bench *b, long frames, int profile) {
    double *ms = cf_alloc((size_t)frames, sizeof *ms);
    cf_status status = ms ? CF_OK : CF_ERR_MEMORY;
    for (long i = -WARM_UP; i < frames && status == CF_OK; i++) {
        if (profile && !i)
            cf_profile_reset(b->cl);
        double start = cf_clock_seconds();
        status = cf_net_run(b->net, (const cf_buffer *const *)b->buffers, b->buffers + b->inputs);
        if (status == CF_OK)
            status = cf_cl_finish(b->cl);
        if (i >= 0)
            ms[i] = (cf_clock_seconds() - start) * 1e3;
        if (profile && status == CF_OK)
            status = cf_profile_collect(b->cl);
        if (cf_cli_interrupted())
            status = CF_ERR_CANCELLED;
    }
    if (status == CF_OK) {
        qsort(ms, (size_t)frames, sizeof *ms, ascending);
        b->median = (ms[(frames - 1) / 2] + ms[frames / 2]) / 2;
        b->least = ms[0];
        b->most = ms[frames - 1];
    }
    cf_free(ms);
    return status;
}

/* Largest resident set of this program so far. Not getrusage's: that counts what the process held
 * before it became this program, a large Python's memory for instance. */
static double peak_bytes(void) {
    char line[256];
    double kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (!strncmp(line, "VmHWM:", 6))
            kib = strtod(line + 6, NULL);
    if (status)
        fclose(status);
    return kib * 1024;
}

static void print_json(const cf_model_job *job, const bench *b, const cf_net_info *info) {
    cf_json json = {.to = stdout};
    cf_json_open(&json, NULL, '{');
    cf_json_text(&json, "model", job->file);
    cf_json_text(&json, "device", cf_cl_device_info(b->cl)->name);
    cf_json_open(&json, "inputs", '[');
    for (size_t i = 0; i < b->inputs; i++) {
        char text[96];
        cf_json_text(&json, NULL, cf_shape_text(&cf_net_input(b->net, i)->shape, text));
    }
    cf_json_close(&json, ']');
    cf_json_number(&json, "frames", (double)job->frames);
    cf_json_number(&json, "median_ms", b->median);
    cf_json_number(&json, "min_ms", b->least);
    cf_json_number(&json, "max_ms", b->most);
    cf_json_number(&json, "gflop", info->gflop);
    cf_json_number(&json, "gflops", info->gflop / b->median * 1e3);
    cf_json_number(&json, "load_ms", b->load_ms);
    cf_json_number(&json, "plan_ms", b->plan_ms);
    cf_json_number(&json, "nodes", (double)info->nodes);
    cf_json_number(&json, "launches", (double)info->launches);
    cf_json_number(&json, "weight_bytes", (double)info->weight_bytes);
    cf_json_number(&json, "arena_bytes", (double)info->arena_bytes);
    cf_json_number(&json, "peak_bytes", peak_bytes());
    cf_json_close(&json, '}');
}

static void print_text(const cf_model_job *job, const bench *b, const cf_net_info *info) {
    printf("%s on %s: %.4g GFLOP in %zu launches, read in %.0f ms, planned in %.0f ms\n", job->file,
           cf_cl_device_info(b->cl)->name, info->gflop, info->launches, b->load_ms, b->plan_ms);
    printf("%ld frames: median %.2f ms (%.2f .. %.2f), %.1f GFLOPS\n", job->frames, b->median,
           b->least, b->most, info->gflop / b->median * 1e3);
    printf(
        "memory: %.1f MB weights, %.1f MB activations and scratch, %.1f MB peak of the process\n",
        (double)info->weight_bytes * 1e-6, (double)info->arena_bytes * 1e-6, peak_bytes() * 1e-6);
}

static cf_status time_net(const cf_model_job *job, bench *b) {
    CF_TRY(make_buffers(b));
    if (job->profile)
        cf_profile_enable(b->cl, 1);
    CF_TRY(run_frames(b, job->frames, job->profile));
    cf_net_info info = cf_net_describe(b->net);
    if (job->json)
        print_json(job, b, &info);
    else
        print_text(job, b, &info);
    if (job->profile)
        cf_fuse_print_profile(b->cl, (size_t)job->frames, job->json ? stderr : stdout);
    return CF_OK;
}

/* The model is given back as soon as the plan stands. */
static cf_status load_and_plan(const cf_model_job *job, bench *b) {
    double start = cf_clock_seconds();
    cf_model *model;
    CF_TRY(cf_model_load(job->file, &model));
    b->load_ms = (cf_clock_seconds() - start) * 1e3;
    size_t inputs = cf_model_input_count(model);
    cf_shape *shapes = cf_alloc(inputs, sizeof *shapes);
    const cf_net_params params = {
        .shapes = shapes, .shape_count = inputs, .tune = job->tune, .profile = job->profile};
    cf_status status = shapes ? cf_model_job_all_shapes(job, model, shapes) : CF_ERR_MEMORY;
    start = cf_clock_seconds();
    if (status == CF_OK)
        status = cf_net_create(b->cl, model, &params, &b->net);
    b->plan_ms = (cf_clock_seconds() - start) * 1e3;
    cf_free(shapes);
    cf_model_destroy(&model);
    return status;
}

cf_status cf_bench_model(const cf_model_job *job) {
    const cf_cl_params params = {.device = cf_cli_device};
    bench b = {0};
    CF_TRY(cf_cl_open(&params, &b.cl));
    cf_status status = load_and_plan(job, &b);
    if (status == CF_OK)
        status = time_net(job, &b);
    for (size_t i = 0; b.buffers && i < b.count; i++)
        cf_buffer_put(&b.buffers[i]);
    cf_free(b.buffers);
    cf_net_destroy(&b.net);
    cf_cl_close(&b.cl);
    return status;
}
