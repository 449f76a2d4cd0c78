/* SPDX-License-Identifier: Apache-2.0 */
/* What `model info`, `model run` and `bench --model` share. */
#ifndef CHROMAFUSE_TOOLS_MODEL_H
#define CHROMAFUSE_TOOLS_MODEL_H

#include "cl/net/net.h"

#define CF_MODEL_ARGUMENTS 64 /* of one kind on a command line */

/* A command line. */
typedef struct {
    const char *verb; /* "info", "run"; NULL for bench */
    const char *file;
    const char *shapes[CF_MODEL_ARGUMENTS], *inputs[CF_MODEL_ARGUMENTS],
        *outputs[CF_MODEL_ARGUMENTS]; /* "NAME=VALUE" */
    size_t shape_count, input_count, output_count;
    int size[2]; /* width, height; 0: not said */
    long frames;
    int json, reference, tune, profile;
} cf_model_job;

/*
 * Shapes for the model's inputs: --shape of that name, else what the file says, open heights and
 * widths of inputs with four dimensions from --size, an open first dimension 1. *complete tells
 * whether all are then known. CF_ERR_INVALID: a --shape that is none, of an unknown input, or
 * against the file; a --size that no input takes.
 */
cf_status cf_model_job_shapes(const cf_model_job *job, const cf_model *model, cf_shape *shapes,
                              int *complete);

/* The same where every shape must be known: says which is not. */
cf_status cf_model_job_all_shapes(const cf_model_job *job, const cf_model *model, cf_shape *shapes);

/* Index of the port that "NAME=VALUE" is about and where VALUE begins; CF_ERR_INVALID lists the
 * names there are. `option` as on the command line, `what` "input" or "output". */
cf_status cf_model_job_port(const char *option, const char *what, const char *argument,
                            const cf_model *model, size_t *index, const char **value);

cf_status cf_model_info_print(const cf_model_job *job);
cf_status cf_model_run(const cf_model_job *job);

/* Times a network: `bench --model`. */
cf_status cf_bench_model(const cf_model_job *job);

#endif
