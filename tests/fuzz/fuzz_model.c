/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: any bytes as an ONNX file; shapes inferred, constants folded, and where that is
 * little work the whole network computed by the references; ports read as a colorizer's. */
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "cl/net/plan.h"
#include "fusion/lab_model.h"
#include "tests/fuzz/model_mutator.h"

#define MAX_PORTS 16
#define MAX_ELEMENTS 20000 /* of all activations: the references are slow */
#define MAX_GFLOP 1e-3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run_reference(const cf_model *model, const cf_shape *shapes) {
    void *inputs[MAX_PORTS] = {0}, *outputs[MAX_PORTS];
    cf_shape given[MAX_PORTS];
    size_t count = cf_model_input_count(model), made = 0;
    while (made < count && (inputs[made] = cf_alloc((size_t)cf_shape_count(&shapes[made]), 8)))
        made++;
    if (made == count &&
        cf_net_reference(model, shapes, (const void *const *)inputs, outputs, given) == CF_OK)
        for (size_t i = 0; i < cf_model_output_count(model); i++)
            cf_free(outputs[i]);
    for (size_t i = 0; i < made; i++)
        cf_free(inputs[i]);
}

/* What planning does before it needs a device. */
static void plan_on_host(const cf_model *model, const cf_shape *shapes) {
    cf_region keep = {0};
    cf_planner plan = {.model = model, .keep = &keep};
    if (cf_plan_infer(&plan, shapes, cf_model_input_count(model)) == CF_OK &&
        cf_plan_fuse(&plan) == CF_OK)
        for (int o = 0; o < plan.op_count; o++)
            if (plan.ops[o].type && plan.ops[o].type->layout)
                plan.ops[o].type->layout(&plan.ops[o]);
    cf_region_free(&plan.scratch);
    cf_region_free(&keep);
}

/* Shapes for the inputs, small where the file leaves them open; how many elements they have. */
static int64_t make_shapes(const cf_model *model, cf_shape *shapes) {
    int64_t elements = 0;
    for (size_t i = 0; i < cf_model_input_count(model); i++) {
        shapes[i] = cf_model_input(model, i)->shape;
        if (shapes[i].rank < 0)
            shapes[i] = (cf_shape){4, {1, 3, 6, 5}};
        for (int d = 0; d < shapes[i].rank; d++)
            if (shapes[i].dim[d] < 0)
                shapes[i].dim[d] = 4 + d;
        elements += cf_shape_valid(&shapes[i]) ? cf_shape_count(&shapes[i]) : MAX_ELEMENTS;
    }
    return elements;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cf_model *model;
    cf_net_info info;
    cf_lab_model kind;
    cf_shape shapes[MAX_PORTS];
    if (cf_model_parse(data, size, "fuzz.onnx", &model) != CF_OK)
        return 0;
    (void)cf_lab_model_read(model, &kind);
    size_t inputs = cf_model_input_count(model);
    if (inputs <= MAX_PORTS && cf_model_output_count(model) <= MAX_PORTS) {
        int64_t elements = make_shapes(model, shapes);
        plan_on_host(model, shapes);
        if (cf_net_measure(model, shapes, inputs, &info) == CF_OK && elements < MAX_ELEMENTS &&
            info.activation_bytes < MAX_ELEMENTS * sizeof(float) && info.gflop < MAX_GFLOP)
            run_reference(model, shapes);
    }
    cf_model_destroy(&model);
    return 0;
}
