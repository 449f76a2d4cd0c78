/* SPDX-License-Identifier: Apache-2.0 */
/* `chromafuse bench`: each stage on made-up pictures, beside what the device reaches at best. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "cl/probe.h"
#include "fusion/stage_list.h"
#include "isp/stage_case.h"
#include "tools/bench_chain.h"
#include "tools/command.h"
#include "tools/json.h"
#include "tools/model.h"

#define MAX_SIZES 8
#define WARM_UP 3

typedef struct {
    int sizes[MAX_SIZES][2], size_count;
    const char *stage;
    long runs;
    int json, chain_only, stages_only;
    cf_model_job model; /* file NULL: no network */
    int of_model;       /* an option was given that is for networks alone */
} bench_options;

static const cf_cli_option options[] = {
    {"size", 's', "WxH", "picture size; may be repeated (default 640x480, 1280x720, 1920x1080)"},
    {"stage", 0, "NAME", "only this stage"},
    {"chain", 0, NULL, "only the whole chain"},
    {"stages", 0, NULL, "only the stages"},
    {"runs", 'n', "N", "timed runs of each (default 11)"},
    {"model", 'm', "FILE",
     "a network (ONNX) instead: --size is that of its pictures, once; where the\n"
     "file fixes its inputs' shapes it need not be given"},
    {"shape", 0, "NAME=1x3x256x256", "with --model: shape of an input; may be repeated"},
    {"frames", 0, "N", "with --model: timed runs, after two for warmth (default 20)"},
    {"tune", 0, NULL, "with --model: first measure each node's methods, and keep the choice"},
    {"profile", 0, NULL, "with --model: print device times per node and kernel"},
    {"json", 0, NULL, "print JSON"},
    {0},
};

static cf_status take_of_model(cf_model_job *job, const char *name, const char *value) {
    if (!strcmp(name, "frames"))
        return cf_cli_int(name, value, 1, 1000000, &job->frames);
    job->tune |= !strcmp(name, "tune");
    job->profile |= !strcmp(name, "profile");
    if (strcmp(name, "shape") != 0)
        return CF_OK;
    if (job->shape_count == CF_MODEL_ARGUMENTS || !strchr(value, '='))
        return cf_fail(CF_ERR_INVALID, "--shape needs NAME=SHAPE, at most %d times, not '%s'",
                       CF_MODEL_ARGUMENTS, value);
    job->shapes[job->shape_count++] = value;
    return CF_OK;
}

static cf_status take(void *target, const char *name, const char *value) {
    bench_options *o = target;
    if (!name)
        return cf_fail(CF_ERR_INVALID, "bench: takes no files, got '%s'", value);
    if (!strcmp(name, "size")) {
        if (o->size_count == MAX_SIZES)
            return cf_fail(CF_ERR_INVALID, "bench: at most %d sizes", MAX_SIZES);
        int *size = o->sizes[o->size_count++];
        return cf_cli_size(name, value, &size[0], &size[1]);
    }
    if (!strcmp(name, "runs"))
        return cf_cli_int(name, value, 1, 10000, &o->runs);
    if (!strcmp(name, "stage")) {
        o->stage = value;
        if (!cf_stage_find(value))
            return cf_fail(CF_ERR_INVALID, "bench: there is no stage '%s'", value);
    }
    if (!strcmp(name, "model")) {
        o->model.file = value;
        return *value ? CF_OK : cf_fail(CF_ERR_INVALID, "--model needs a file name");
    }
    if (!strcmp(name, "shape") || !strcmp(name, "frames") || !strcmp(name, "tune") ||
        !strcmp(name, "profile")) {
        o->of_model = 1;
        return take_of_model(&o->model, name, value);
    }
    o->json |= !strcmp(name, "json");
    o->chain_only |= !strcmp(name, "chain");
    o->stages_only |= !strcmp(name, "stages");
    return CF_OK;
}

static const cf_cli cli = {
    .command = "bench",
    .usage = "[--size WxH]... [--stage NAME] [--json]\n"
             "       chromafuse bench --model FILE [--size WxH] [--frames N] [--json]",
    .about = "Times every stage, and the whole chain, on made-up pictures: median, smallest and "
             "largest of\n"
             "several runs after warming up. GB/s counts each input and output once; beside it "
             "stands the share\n"
             "of what a plain copy kernel reaches on the same device in the same run.\n"
             "With --model: a network on normal noise, each frame until the device is done.\n",
    .examples = "  chromafuse bench --size 1280x720 --json > bench.json\n"
                "  chromafuse bench --stage demosaic\n"
                "  chromafuse bench --model colorizer.onnx --size 480x272 --json\n",
    .options = options,
    .take = take,
};

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double io_bytes(const cf_stage_io *io) {
    double bytes = 0;
    for (int i = 0; i < CF_STAGE_PORTS; i++)
        bytes += (double)cf_plane_set_bytes(&io->in[i]) + (double)cf_plane_set_bytes(&io->out[i]);
    return bytes;
}

cf_status cf_bench_time(cf_cl *cl, cf_bench_fn run, void *user, long runs, cf_bench_times *out) {
    double *ms = cf_alloc((size_t)runs, sizeof *ms);
    cf_status status = ms ? CF_OK : CF_ERR_MEMORY;
    for (long i = -WARM_UP; i < runs && status == CF_OK; i++) {
        double start = cf_clock_seconds();
        status = run(user);
        if (status == CF_OK)
            status = cf_cl_finish(cl);
        if (i >= 0)
            ms[i] = (cf_clock_seconds() - start) * 1e3;
    }
    if (status == CF_OK) {
        qsort(ms, (size_t)runs, sizeof *ms, ascending);
        *out = (cf_bench_times){ms[runs / 2], ms[0], ms[runs - 1]};
    }
    cf_free(ms);
    return status;
}

static cf_status launch(void *user) {
    return cf_stage_case_launch(user);
}

static void print_row(cf_json *json, const cf_bench_row *row) {
    if (!json) {
        printf("%-22s %5dx%-5d %8.2f ms  (%.2f .. %.2f)", row->name, row->width, row->height,
               row->times.median, row->times.min, row->times.max);
        if (row->gb_s > 0)
            printf("  %6.2f GB/s  %3.0f %% of copy", row->gb_s, 100 * row->gb_s / row->copy_gb_s);
        putchar('\n');
        return;
    }
    cf_json_open(json, NULL, '{');
    cf_json_text(json, "name", row->name);
    cf_json_number(json, "width", row->width);
    cf_json_number(json, "height", row->height);
    cf_json_number(json, "median_ms", row->times.median);
    cf_json_number(json, "min_ms", row->times.min);
    cf_json_number(json, "max_ms", row->times.max);
    if (row->gb_s > 0) {
        cf_json_number(json, "gb_s", row->gb_s);
        cf_json_number(json, "share_of_copy", row->gb_s / row->copy_gb_s);
    }
    cf_json_close(json, '}');
}

static cf_status bench_stage(cf_cl *cl, const cf_stage *stage, const int size[2],
                             const bench_options *o, const cf_probe *probe, cf_json *json) {
    const cf_case_spec spec = {.width = size[0], .height = size[1], .seed = 1, .in_range = 1};
    cf_stage_case *test;
    cf_bench_row row = {
        .name = stage->name, .width = size[0], .height = size[1], .copy_gb_s = probe->copy_gb_s};
    CF_TRY(cf_stage_case_create(stage, NULL, &spec, cl, &test));
    double bytes = io_bytes(&test->device);
    cf_status status = cf_bench_time(cl, launch, test, o->runs, &row.times);
    cf_stage_case_destroy(&test);
    if (status != CF_OK)
        return status;
    row.gb_s = bytes / row.times.median * 1e-6;
    print_row(json, &row);
    return CF_OK;
}

static cf_status bench_all(cf_cl *cl, const bench_options *o, const cf_probe *probe,
                           cf_json *json) {
    for (int i = 0; i < o->size_count; i++) {
        for (const cf_stage *const *s = cf_stages; *s && !o->chain_only; s++)
            if (!o->stage || !strcmp((*s)->name, o->stage))
                CF_TRY(bench_stage(cl, *s, o->sizes[i], o, probe, json));
        if (!o->stage && !o->stages_only) {
            cf_bench_row row = {
                .name = "fuse (whole chain)", .width = o->sizes[i][0], .height = o->sizes[i][1]};
            CF_TRY(cf_bench_chain(cl, o->sizes[i][0], o->sizes[i][1], o->runs, &row.times));
            print_row(json, &row);
        }
    }
    return CF_OK;
}

static cf_status bench(const bench_options *o) {
    const cf_cl_params params = {.device = cf_cli_device};
    cf_json writer = {.to = stdout}, *json = o->json ? &writer : NULL;
    cf_probe probe;
    cf_cl *cl;
    CF_TRY(cf_cl_open(&params, &cl));
    cf_status status = cf_probe_run(cl, &probe);
    if (status == CF_OK && json) {
        cf_json_open(json, NULL, '{');
        cf_json_text(json, "device", cf_cl_device_info(cl)->name);
        cf_json_number(json, "copy_gb_s", probe.copy_gb_s);
        cf_json_number(json, "mad_gflops", probe.mad_gflops);
        cf_json_open(json, "rows", '[');
    } else if (status == CF_OK)
        printf("%s: plain copy %.1f GB/s, plain multiply-add %.0f GFLOPS\n",
               cf_cl_device_info(cl)->name, probe.copy_gb_s, probe.mad_gflops);
    if (status == CF_OK)
        status = bench_all(cl, o, &probe, json);
    if (json && json->depth) {
        cf_json_close(json, ']');
        cf_json_close(json, '}');
    }
    cf_cl_close(&cl);
    return status;
}

/* CF_ERR_INVALID: options that do not go together. */
static cf_status check(bench_options *o) {
    if (!o->model.file)
        return o->of_model ? cf_fail(CF_ERR_INVALID,
                                     "bench: --shape, --frames, --tune and --profile need --model")
                           : CF_OK;
    if (o->stage || o->chain_only || o->stages_only || o->size_count > 1)
        return cf_fail(CF_ERR_INVALID, "bench: with --model there is one size and no stages");
    o->model.json = o->json;
    memcpy(o->model.size, o->sizes[0], sizeof o->model.size);
    return CF_OK;
}

int cf_command_bench(int argc, char **argv) {
    static const int usual[][2] = {{640, 480}, {1280, 720}, {1920, 1080}};
    bench_options o = {.runs = 11, .model.frames = 20};
    cf_status status = cf_cli_parse(&cli, argc, argv, &o);
    if (status != CF_OK)
        return status == CF_ERR_CANCELLED ? CF_EXIT_OK : CF_EXIT_USAGE;
    if (check(&o) != CF_OK) {
        fprintf(stderr, "Try 'chromafuse bench --help'.\n");
        return CF_EXIT_USAGE;
    }
    if (o.model.file)
        return cf_cli_exit(cf_bench_model(&o.model));
    if (!o.size_count) {
        memcpy(o.sizes, usual, sizeof usual);
        o.size_count = 3;
    }
    return cf_cli_exit(bench(&o));
}
