/* SPDX-License-Identifier: Apache-2.0 */
/* What kind of published colorizer a file holds, as its ports tell: lightness to ab, or lightness
 * and hints to ab. */
#ifndef CHROMAFUSE_FUSION_LAB_MODEL_H
#define CHROMAFUSE_FUSION_LAB_MODEL_H

#include "cl/net/model.h"

#define CF_LAB_MODEL_OUTPUTS 8

/*
 * Inputs: one of 1 plane (lightness: ECCV16); one of 4 (lightness, a and b of hints, a mask that is
 * 1 where they are); or three of 1, 2 and 1 planes, which are these (SIGGRAPH17). Of two inputs of
 * 1 plane the mask is the one with "mask" in its name, else the second. Output: the only one of 2
 * planes, or the only one; other outputs are ignored.
 */
typedef struct {
    size_t inputs;                /* 1 or 3 */
    size_t lightness, hint, mask; /* among the inputs; of three */
    size_t ab;                    /* among the outputs */
    int hints;                    /* 1: it takes hints */
    int grid[2];                  /* width and height that the file wants; 0: any */
    float range[2];               /* what it takes for black and white; the file's metadata
                                     chromafuse.lightness, else 0 and 100 */
    float unit; /* ab units per 1 of its planes of ab; metadata chromafuse.ab, else 1 */
} cf_lab_model;

/* Whether the file is another kind of network than ours, which has an input "transferred". */
int cf_lab_model_is_other(const cf_model *model);

/* CF_ERR_UNSUPPORTED: the ports are none of the above; CF_ERR_FORMAT: metadata that is no numbers.
 * The message names the file, what it has and what was expected. */
cf_status cf_lab_model_read(const cf_model *model, cf_lab_model *out);

#endif
