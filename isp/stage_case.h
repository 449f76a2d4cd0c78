/* SPDX-License-Identifier: Apache-2.0 */
/* One run of one stage on made-up input, by reference and by kernel: what tests, checks and
 * benchmarks share. */
#ifndef CHROMAFUSE_ISP_STAGE_CASE_H
#define CHROMAFUSE_ISP_STAGE_CASE_H

#include "isp/stage.h"

typedef struct {
    int width, height;
    unsigned seed;
    int extra_pitch; /* multiples of 16 added to every pitch */
    int poison;      /* 1: sprinkle NaN and infinities over the inputs */
    int in_range;    /* 1: keep to the values real pictures have (benchmarks) */
} cf_case_spec;

/* Inputs, and outputs of both sides; outputs carry guard bytes behind their last row. */
typedef struct {
    const cf_stage *stage;
    const void *params;
    cf_cl *cl;
    cf_stage_io host, device;
} cf_stage_case;

/* Makes inputs and room for the outputs on both sides. params NULL: the defaults; must outlive the
 * case. cl NULL: host only. */
cf_status cf_stage_case_create(const cf_stage *stage, const void *params, const cf_case_spec *spec,
                               cf_cl *cl, cf_stage_case **out);
void cf_stage_case_destroy(cf_stage_case **test);

typedef struct {
    double max_error, mean_error; /* |kernel - reference| / max(1, |reference|) over all outputs */
    int worst_port, worst_plane, worst_x, worst_y;
    float worst_kernel, worst_reference;
    int finite_mismatch; /* samples finite in one and not in the other */
    int guard_broken;    /* writes behind the last row */
} cf_case_result;

/* Runs both sides on fresh outputs and compares. */
cf_status cf_stage_case_compare(cf_stage_case *test, cf_case_result *result);

/* Queues the kernel side alone, for timing. */
cf_status cf_stage_case_launch(cf_stage_case *test);

#endif
