/* SPDX-License-Identifier: Apache-2.0 */
/* Opens a network and finds its ports by name. */
#include "fusion/colorizer.h"

#include <stdint.h>
#include <string.h>

#include "base/log.h"

/* fusion/models/weights.S */
extern const unsigned char cf_colorizer_file[];
extern const uint64_t cf_colorizer_file_bytes;

static const struct {
    const char *name;
    int planes;
} ports[CF_COLORIZER_PORTS] = {
    [CF_COLORIZER_MONO] = {"mono", 1},
    [CF_COLORIZER_HINT] = {"hint", 2},
    [CF_COLORIZER_CONFIDENCE] = {"confidence", 1},
    [CF_COLORIZER_SIGMA] = {"sigma", 1},
    [CF_COLORIZER_TRANSFERRED] = {"transferred", 2},
    [CF_COLORIZER_DOUBT] = {"doubt", 1},
    [CF_COLORIZER_VIVID] = {"vivid", 1},
    [CF_COLORIZER_CHROMA] = {"chroma", 2},
    [CF_COLORIZER_ERROR] = {"error", 1},
};
#define NEEDED                                                                                     \
    "needed are inputs mono 1x1xHxW, hint 1x2xHxW, confidence, sigma 1x1xHxW, transferred "        \
    "1x2xHxW, doubt 1x1xHxW, vivid 1x1x1x1 and outputs chroma 1x2xHxW, error 1x1xHxW"

int cf_colorizer_planes(cf_colorizer_port port) {
    return ports[port].planes;
}

static int is_open_or(int64_t dim, int64_t wanted) {
    return dim < 0 || dim == wanted;
}

/* Outputs may say nothing of their shape: once planned they are looked at again. */
static int suits(const cf_model_port *port, cf_colorizer_port kind) {
    const cf_shape *s = &port->shape;
    if (port->type != CF_TYPE_FLOAT)
        return 0;
    if (s->rank < 0)
        return 1;
    if (s->rank != 4 || !is_open_or(s->dim[0], 1) || !is_open_or(s->dim[1], ports[kind].planes))
        return 0;
    return kind != CF_COLORIZER_VIVID || (is_open_or(s->dim[2], 1) && is_open_or(s->dim[3], 1));
}

static cf_status find(const cf_model *model, cf_colorizer_port kind, size_t *at) {
    int is_input = kind < CF_COLORIZER_INPUTS;
    size_t count = is_input ? cf_model_input_count(model) : cf_model_output_count(model);
    const char *what = is_input ? "input" : "output", *name = cf_model_describe(model).name;
    char text[96];
    for (size_t i = 0; i < count; i++) {
        const cf_model_port *port = is_input ? cf_model_input(model, i) : cf_model_output(model, i);
        if (strcmp(port->name, ports[kind].name) != 0)
            continue;
        *at = i;
        return suits(port, kind) ? CF_OK
                                 : cf_fail(CF_ERR_UNSUPPORTED,
                                           "%s: this network does not colour pictures here: its %s "
                                           "'%s' is %s%s; " NEEDED,
                                           name, what, port->name,
                                           port->type == CF_TYPE_FLOAT ? "" : "of integers, ",
                                           cf_shape_text(&port->shape, text));
    }
    return cf_fail(CF_ERR_UNSUPPORTED,
                   "%s: this network does not colour pictures here: it has no %s '%s'; " NEEDED,
                   name, what, ports[kind].name);
}

cf_status cf_colorizer_ports(const cf_model *model, size_t at[CF_COLORIZER_PORTS]) {
    for (int i = 0; i < CF_COLORIZER_PORTS; i++)
        CF_TRY(find(model, (cf_colorizer_port)i, &at[i]));
    size_t inputs = cf_model_input_count(model), outputs = cf_model_output_count(model);
    if (inputs != CF_COLORIZER_INPUTS || outputs != CF_COLORIZER_PORTS - CF_COLORIZER_INPUTS)
        return cf_fail(CF_ERR_UNSUPPORTED,
                       "%s: this network does not colour pictures here: it has %zu inputs and %zu "
                       "outputs; " NEEDED,
                       cf_model_describe(model).name, inputs, outputs);
    return CF_OK;
}

cf_status cf_colorizer_open(const char *path, cf_model **out) {
    size_t at[CF_COLORIZER_PORTS];
    if (path)
        CF_TRY(cf_model_load(path, out));
    else
        CF_TRY(cf_model_parse(cf_colorizer_file, (size_t)cf_colorizer_file_bytes,
                              "the built-in network", out));
    cf_status status = cf_colorizer_ports(*out, at);
    if (status != CF_OK)
        cf_model_destroy(out);
    return status;
}
