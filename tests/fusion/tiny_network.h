/* SPDX-License-Identifier: Apache-2.0 */
/* A network with the colorizer's ports that can be worked out by hand. */
#ifndef CHROMAFUSE_TESTS_FUSION_TINY_NETWORK_H
#define CHROMAFUSE_TESTS_FUSION_TINY_NETWORK_H

#include "tests/cl/net/onnx_writer.h"

/* Ports to write otherwise than they ought to be; planes 0: leave it out. */
typedef struct {
    const char *port;
    int64_t planes;
    int type; /* 1 float, 7 integers */
} tiny_fault;

static inline void tiny_port(onnx_bytes *g, unsigned field, const char *name, int64_t planes,
                             const tiny_fault *fault) {
    int64_t dims[] = {0, planes, 0, 0, -1};
    int is_bad = fault && !strcmp(fault->port, name);
    if (is_bad && !fault->planes)
        return;
    dims[1] = is_bad ? fault->planes : planes;
    if (!strcmp(name, "vivid") && !is_bad)
        dims[0] = dims[2] = dims[3] = 1;
    onnx_bytes port = onnx_value(name, is_bad ? fault->type : 1, dims);
    onnx_part(g, field, &port);
}

static inline void tiny_node(onnx_bytes *g, const char *op, const char *in, const char *out) {
    onnx_bytes node = onnx_node(op, out, in, out);
    onnx_part(g, 1, &node);
}

/* chroma = transferred + vivid hint confidence, error = (doubt + sigma) mono. fault NULL: none. */
static inline onnx_bytes tiny_network(const tiny_fault *fault) {
    onnx_bytes g = {.size = 0};
    tiny_node(&g, "Mul", "hint confidence", "sure");
    tiny_node(&g, "Mul", "sure vivid", "step");
    tiny_node(&g, "Add", "transferred step", "chroma");
    tiny_node(&g, "Add", "doubt sigma", "both");
    tiny_node(&g, "Mul", "both mono", "error");
    tiny_port(&g, 11, "vivid", 1, fault); /* not in the usual order */
    tiny_port(&g, 11, "doubt", 1, fault);
    tiny_port(&g, 11, "transferred", 2, fault);
    tiny_port(&g, 11, "mono", 1, fault);
    tiny_port(&g, 11, "hint", 2, fault);
    tiny_port(&g, 11, "confidence", 1, fault);
    tiny_port(&g, 11, "sigma", 1, fault);
    tiny_port(&g, 12, "error", 1, fault);
    tiny_port(&g, 12, "chroma", 2, fault);
    return onnx_model(&g, 17);
}

#endif
