/* SPDX-License-Identifier: Apache-2.0 */
/* Networks with the ports of published colorizers that can be worked out by hand. */
#ifndef CHROMAFUSE_TESTS_FUSION_TINY_LAB_H
#define CHROMAFUSE_TESTS_FUSION_TINY_LAB_H

#include <stdio.h>

#include "tests/cl/net/onnx_writer.h"

/* Adds an input (field 11) or output (12); a side of 0 is open; planes 0 too. */
static inline void lab_port(onnx_bytes *g, unsigned field, const char *name, int64_t planes,
                            int64_t width, int64_t height) {
    const int64_t dims[] = {1, planes, height, width, -1};
    onnx_bytes port = onnx_value(name, 1, dims);
    onnx_part(g, field, &port);
}

/* A 1x1 convolution of `planes` to 2, each output row of weights followed by its bias; stride. */
static inline void lab_mix(onnx_bytes *g, const char *in, const char *out, int planes,
                           const float *rows, int stride) {
    const int64_t w_dims[] = {2, planes, 1, 1, -1}, b_dims[] = {2, -1};
    float w[8], b[2];
    onnx_bytes node = onnx_node("Conv", "mix", "", ""), strides = onnx_attribute("strides", 7);
    node.size = 0;
    onnx_text(&node, 1, in);
    onnx_text(&node, 1, "w");
    onnx_text(&node, 1, "b");
    onnx_text(&node, 2, out);
    onnx_text(&node, 4, "Conv");
    for (int i = 0; i < 2; i++) {
        onnx_int(&strides, 8, stride);
        memcpy(w + i * planes, rows + i * (planes + 1), (size_t)planes * sizeof *w);
        b[i] = rows[i * (planes + 1) + planes];
    }
    onnx_part(&node, 5, &strides);
    onnx_bytes weights = onnx_tensor("w", 1, w_dims, w, 2 * (size_t)planes * sizeof *w);
    onnx_bytes bias = onnx_tensor("b", 1, b_dims, b, sizeof b);
    onnx_part(g, 1, &node);
    onnx_part(g, 5, &weights);
    onnx_part(g, 5, &bias);
}

/* a = 0.5 l - 10, b = 20 - l, on every stride-th cell. */
static inline onnx_bytes lab_single(int64_t width, int64_t height, int stride) {
    static const float rows[] = {0.5F, -10, -1, 20};
    onnx_bytes g = {.size = 0};
    lab_mix(&g, "l", "ab", 1, rows, stride);
    lab_port(&g, 11, "l", 1, width, height);
    lab_port(&g, 12, "ab", 2, 0, 0);
    return onnx_model(&g, 17);
}

/* ab = hint mask + l, with the inputs in that order. */
static inline onnx_bytes lab_three(const char *hint, const char *mask, const char *l) {
    onnx_bytes g = {.size = 0}, node = {.size = 0};
    char names[64];
    snprintf(names, sizeof names, "%s %s", hint, mask);
    node = onnx_node("Mul", "m", names, "seen");
    onnx_part(&g, 1, &node);
    snprintf(names, sizeof names, "seen %s", l);
    node = onnx_node("Add", "a", names, "ab");
    onnx_part(&g, 1, &node);
    lab_port(&g, 11, hint, 2, 0, 0);
    lab_port(&g, 11, mask, 1, 0, 0);
    lab_port(&g, 11, l, 1, 0, 0);
    lab_port(&g, 12, "ab", 2, 0, 0);
    return onnx_model(&g, 17);
}

/* a' = 0.25 L + a + 3 mask, b' = b - 2 mask of one input of 4 planes. */
static inline onnx_bytes lab_four(void) {
    static const float rows[] = {0.25F, 1, 0, 3, 0, 0, 0, 1, -2, 0};
    onnx_bytes g = {.size = 0};
    lab_mix(&g, "x", "ab", 4, rows, 1);
    lab_port(&g, 11, "x", 4, 0, 0);
    lab_port(&g, 12, "ab", 2, 0, 0);
    return onnx_model(&g, 17);
}

static inline void lab_note(onnx_bytes *model, const char *key, const char *value) {
    onnx_bytes entry = {.size = 0};
    onnx_text(&entry, 1, key);
    onnx_text(&entry, 2, value);
    onnx_part(model, 14, &entry);
}

#endif
