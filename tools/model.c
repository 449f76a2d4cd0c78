/* SPDX-License-Identifier: Apache-2.0 */
/* `chromafuse model`: looks into networks and runs them on NumPy files. */
#include "tools/model.h"

#include <string.h>

#include "base/log.h"
#include "tools/command.h"

static const cf_cli_option options[] = {
    {"size", 's', "WxH", "info: width and height of the pictures that the network gets"},
    {"shape", 0, "NAME=1x3x256x256",
     "info: shape of an input that the file leaves open; may be repeated"},
    {"input", 'i', "NAME=IN.npy", "run: an input; each must be given"},
    {"output", 'o', "NAME=OUT.npy",
     "run: write this output; may be repeated; without any, the outputs'\n"
     "shapes, smallest and largest values and means are listed"},
    {"reference", 0, NULL, "run: by the plain C references, without a device; slow"},
    {"json", 0, NULL, "print JSON"},
    {0},
};

static cf_status take_operand(cf_model_job *job, const char *value) {
    if (!job->verb) {
        if (strcmp(value, "info") != 0 && strcmp(value, "run") != 0)
            return cf_fail(CF_ERR_INVALID, "model: say 'info' or 'run' first, not '%s'", value);
        job->verb = value;
        return CF_OK;
    }
    if (job->file)
        return cf_fail(CF_ERR_INVALID, "model: one network at a time; '%s' is too many", value);
    job->file = value;
    return CF_OK;
}

static cf_status append(const char *name, const char *value, const char **list, size_t *count) {
    const char *equals = strchr(value, '=');
    if (!equals || !equals[1])
        return cf_fail(CF_ERR_INVALID, "--%s needs NAME=VALUE, not '%s'", name, value);
    if (*count == CF_MODEL_ARGUMENTS)
        return cf_fail(CF_ERR_INVALID, "--%s: at most %d times", name, CF_MODEL_ARGUMENTS);
    list[(*count)++] = value;
    return CF_OK;
}

static cf_status take(void *target, const char *name, const char *value) {
    cf_model_job *job = target;
    if (!name)
        return take_operand(job, value);
    if (!strcmp(name, "size"))
        return cf_cli_size(name, value, &job->size[0], &job->size[1]);
    if (!strcmp(name, "shape"))
        return append(name, value, job->shapes, &job->shape_count);
    if (!strcmp(name, "input"))
        return append(name, value, job->inputs, &job->input_count);
    if (!strcmp(name, "output"))
        return append(name, value, job->outputs, &job->output_count);
    job->json |= !strcmp(name, "json");
    job->reference |= !strcmp(name, "reference");
    return CF_OK;
}

static const cf_cli cli = {
    .command = "model",
    .usage = "info FILE [--size WxH] [--json]\n"
             "       chromafuse model run FILE --input NAME=IN.npy... [--output NAME=OUT.npy...]",
    .about = "Looks into a network (an ONNX file, opsets 11 to 20) or runs it on NumPy files.\n"
             "info tells inputs, outputs, operators and which of them are missing here, weights, "
             "and, where\n"
             "the inputs' sizes are known, the GFLOP of a run (a multiply-add counts as 2) and the "
             "memory it needs.\n",
    .examples = "  chromafuse model info colorizer.onnx --size 256x256\n"
                "  chromafuse model run colorizer.onnx --input mono=mono.npy --output "
                "chroma=chroma.npy\n",
    .options = options,
    .take = take,
};

static cf_status check(const cf_model_job *job) {
    if (!job->verb || !job->file)
        return cf_fail(CF_ERR_INVALID, "model: %s is missing",
                       job->verb ? "the network's file" : "'info' or 'run'");
    int runs = !strcmp(job->verb, "run");
    if (runs && (job->size[0] || job->shape_count))
        return cf_fail(CF_ERR_INVALID, "model run: sizes are those of the input files, "
                                       "--size and --shape are for info");
    if (!runs && (job->input_count || job->output_count || job->reference))
        return cf_fail(CF_ERR_INVALID, "model info: --input, --output and --reference are for run");
    return CF_OK;
}

int cf_command_model(int argc, char **argv) {
    cf_model_job job = {0};
    cf_status status = cf_cli_parse(&cli, argc, argv, &job);
    if (status != CF_OK)
        return status == CF_ERR_CANCELLED ? CF_EXIT_OK : CF_EXIT_USAGE;
    if (check(&job) != CF_OK) {
        fprintf(stderr, "Try 'chromafuse model --help'.\n");
        return CF_EXIT_USAGE;
    }
    return cf_cli_exit(!strcmp(job.verb, "run") ? cf_model_run(&job) : cf_model_info_print(&job));
}
