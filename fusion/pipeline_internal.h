/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the files of the runner: what a planned pipeline consists of. */
#ifndef CHROMAFUSE_FUSION_PIPELINE_INTERNAL_H
#define CHROMAFUSE_FUSION_PIPELINE_INTERNAL_H

#include "fusion/pipeline.h"

#define CF_PIPELINE_TENSORS 160
#define CF_PIPELINE_STEPS 96
#define CF_NOWHERE (-1)

typedef struct {
    char name[48];
    cf_plane_set set;
    int kept;     /* input, wanted or remembered: its buffer lives as long as the pipeline */
    int last_use; /* index of the last step that reads it */
    int same_as;  /* a left-out step's output: the tensor it equals; else CF_NOWHERE */
    int newest;   /* CF_LAST: the tensor whose value of the frame before this is; else CF_NOWHERE */
} cf_named_tensor;

typedef struct {
    const cf_stage *stage;
    cf_role role;
    int in[CF_STAGE_PORTS], out[CF_STAGE_PORTS];
    char settings[128];
    void *params;
    void *state; /* cf_stage.prepare's; NULL: none */
} cf_planned_step;

struct cf_pipeline {
    cf_cl *cl;
    cf_named_tensor tensors[CF_PIPELINE_TENSORS];
    int tensor_count;
    cf_planned_step steps[CF_PIPELINE_STEPS];
    int step_count;
    cf_planned_step left_out[CF_PIPELINE_STEPS]; /* their outputs equal their inputs */
    int left_out_count;
    const char *names[CF_PIPELINE_STEPS];
    char **settings;
    size_t setting_count;
};

/* Index of the tensor of that name, or of the one it equals; CF_NOWHERE when there is none. */
int cf_pipeline_find(const cf_pipeline *pipeline, const char *name);
cf_status cf_pipeline_add(cf_pipeline *pipeline, const char *name, int *index);
/* Fills io with what the tensors hold now. */
void cf_pipeline_connect(const cf_pipeline *pipeline, const cf_planned_step *step, cf_stage_io *io);

/* 1 when a name in a list begins with CF_LAST. */
int cf_pipeline_is_last(const char *name);
/* A tensor for a CF_LAST name that no step read before; its size is what the port asks for. */
cf_status cf_pipeline_add_last(cf_pipeline *pipeline, const cf_planned_step *step, int port,
                               const char *name, int *index);
/* Once all steps are known: finds what the CF_LAST tensors are the last value of. */
cf_status cf_pipeline_link_last(cf_pipeline *pipeline);
/* Memory, zeroed, for the CF_LAST tensors that steps read, and for what they remember. */
cf_status cf_pipeline_keep_last(cf_pipeline *pipeline);
/* Before a frame: what was the newest value becomes the last one. */
void cf_pipeline_turn_last(cf_pipeline *pipeline);

#endif
