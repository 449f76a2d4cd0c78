/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a list of stages over named tensors on one device: plans once, then queues frames without
 * allocating. */
#ifndef CHROMAFUSE_FUSION_PIPELINE_H
#define CHROMAFUSE_FUSION_PIPELINE_H

#include "isp/stage.h"

/* Which camera's profile a step sees as context->camera. */
typedef enum { CF_ROLE_MONO = 0, CF_ROLE_COLOR } cf_role;

/* In place of an input tensor: the table that the stage makes from the context (cf_stage.table). */
#define CF_TABLE "@"

/*
 * In front of an input tensor's name, CF_LAST "name": the value that the tensor had in the frame
 * before; zeros in the first frame. A later step, or the step itself, may make it; its size must be
 * what the port asks for.
 */
#define CF_LAST "last:"

/* One step: a stage by name and the tensors on its ports, in port order. A list of steps ends with
 * a NULL stage. */
typedef struct {
    const char *stage;
    cf_role role;
    const char *in[CF_STAGE_PORTS];
    const char *out[CF_STAGE_PORTS];
    const char *settings; /* "name=value name=value" on top of defaults and bind; NULL: none */
} cf_step;

/* A picture or table that the caller puts in before each frame, or once. */
typedef struct {
    const char *name;
    cf_plane_set
        shape; /* width, height, planes, elem, domain; pitch and buf are set by the pipeline */
} cf_pipeline_input;

typedef struct {
    const cf_step *steps;
    const cf_stage_context *context; /* read at creation and by cf_pipeline_rebind */
    const cf_pipeline_input *inputs; /* tensors that no step makes */
    size_t input_count;
    const char *const
        *wanted; /* tensors kept for the caller; steps that lead to none of them are left out */
    size_t wanted_count;
    const char *const *settings; /* "stage.name=value" for every step of that stage; may be NULL */
    size_t setting_count;
} cf_pipeline_plan;

typedef struct cf_pipeline cf_pipeline;

/*
 * Resolves stages, parameters and sizes, and gets memory for the inputs and the wanted tensors.
 * CF_ERR_INVALID, with a line that names the step and tensor, when the list does not fit together.
 * The plan's arrays may go when this returns.
 */
cf_status cf_pipeline_create(cf_cl *cl, const cf_pipeline_plan *plan, cf_pipeline **out);
void cf_pipeline_destroy(cf_pipeline **pipeline);

/*
 * Computes the parameters of every step again, for a frame with other gain or exposure; allocates
 * nothing. *fits 0: with this context other steps or sizes are needed, and the pipeline must be
 * created anew.
 */
cf_status cf_pipeline_rebind(cf_pipeline *pipeline, const cf_stage_context *context, int *fits);

/* Input or wanted tensor by name, with its device buffer; NULL when there is none. Valid until
 * destroy. */
const cf_plane_set *cf_pipeline_tensor(const cf_pipeline *pipeline, const char *name);

/* Uploads all planes of an input tensor from a host view of the same size. */
cf_status cf_pipeline_write(cf_pipeline *pipeline, const char *name, const cf_image *image);

/* Queues one frame: no waiting, no compilation and no allocation from the second frame on. */
cf_status cf_pipeline_run(cf_pipeline *pipeline);

/* Waits and copies a wanted tensor to a host view of the same size and sample type. */
cf_status cf_pipeline_read(const cf_pipeline *pipeline, const char *name, cf_image *image);

/*
 * The same, queued only: the host's picture must stay until a ticket (cl/ticket.h) that is taken
 * afterwards is done. Read: every step-th row, (height + step - 1) / step of them.
 */
cf_status cf_pipeline_queue_write(cf_pipeline *pipeline, const char *name, const cf_image *image);
cf_status cf_pipeline_queue_read(const cf_pipeline *pipeline, const char *name, int step,
                                 cf_image *image);

/* Queues: the next frame is a first one, with zeros for what CF_LAST names. */
cf_status cf_pipeline_forget(cf_pipeline *pipeline);

/* What `from`, about to be destroyed, remembers of its latest frame (CF_LAST) becomes this one's,
 * as far as names and sizes agree. */
void cf_pipeline_adopt(cf_pipeline *pipeline, cf_pipeline *from);

/*
 * Queues a copy of rows first_row.. of a kept tensor of one pipeline into all rows of an input of
 * another on the same device. CF_ERR_INVALID unless they have the same width, planes and samples,
 * and so many rows.
 */
cf_status cf_pipeline_queue_copy(const cf_pipeline *from, const char *from_name, int first_row,
                                 cf_pipeline *to, const char *to_name);

/* Names of the stages that run, in order; *count tells how many. */
const char *const *cf_pipeline_stages(const cf_pipeline *pipeline, size_t *count);

#endif
