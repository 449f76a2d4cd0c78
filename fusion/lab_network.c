/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `lab_network`: plans the network once for its grid. */
#include "fusion/lab_network.h"

#include "base/log.h"
#include "cl/net/net.h"
#include "fusion/lab_model.h"

CF_CL_SOURCE(lab_network);

static const cf_lab_network_params defaults = CF_LAB_NETWORK_DEFAULTS;

static const cf_option options[] = {
    {"lightness", CF_OPTION_FLOAT, offsetof(cf_lab_network_params, lightness), 2, -1000, 1000,
     "what the network takes for black and white"},
    {"unit", CF_OPTION_FLOAT, offsetof(cf_lab_network_params, unit), 1, 0.001, 1000,
     "ab units per 1 of the network's planes"},
    CF_OPTION_END,
};

/* What the step keeps. */
typedef struct {
    cf_lab_model ports;
    cf_net *net; /* NULL: no network */
    cf_buffer *in[3], *out[CF_LAB_MODEL_OUTPUTS];
} plan;

static cf_status bind(const cf_stage_context *context, void *params) {
    cf_lab_network_params *p = params;
    cf_lab_model ports;
    p->model = context->network;
    if (!p->model)
        return CF_OK;
    CF_TRY(cf_lab_model_read(p->model, &ports));
    p->lightness[0] = ports.range[0];
    p->lightness[1] = ports.range[1];
    p->unit = ports.unit;
    return CF_OK;
}

/* Planes of the stage's input that go to a port: first, count. */
static void planes_of(const cf_lab_model *ports, size_t port, int *first, int *count) {
    int is_hint = port == ports->hint, is_mask = port == ports->mask;
    *first = ports->inputs == 1 ? 0 : is_hint ? 1 : is_mask ? 3 : 0;
    *count = ports->inputs == 1 ? ports->hints ? 4 : 1 : is_hint ? 2 : 1;
}

static cf_status check_output(const cf_model *model, const cf_model_port *port) {
    char text[96];
    const cf_shape *s = &port->shape;
    return s->rank == 4 && s->dim[0] == 1 && s->dim[1] == 2
               ? CF_OK
               : cf_fail(CF_ERR_UNSUPPORTED,
                         "%s: output '%.60s' is %s, not 2 planes (ab) of a picture",
                         cf_model_describe(model).name, port->name, cf_shape_text(s, text));
}

static cf_status prepare(cf_cl *cl, const cf_stage_io *io, const void *params, void *state) {
    const cf_plane_set *lab = &io->in[0];
    const cf_model *model = ((const cf_lab_network_params *)params)->model;
    plan *s = state;
    cf_shape shapes[3];
    cf_net_params net = CF_NET_DEFAULTS;
    if (!model)
        return CF_OK;
    CF_TRY(cf_lab_model_read(model, &s->ports));
    for (size_t i = 0; i < s->ports.inputs; i++) {
        int first, count;
        planes_of(&s->ports, i, &first, &count);
        shapes[i] = (cf_shape){4, {1, count, lab->height, lab->width}};
    }
    net.shapes = shapes;
    net.shape_count = s->ports.inputs;
    CF_TRY(cf_net_create(cl, model, &net, &s->net));
    CF_TRY(check_output(model, cf_net_output(s->net, s->ports.ab)));
    for (size_t i = 0; i < s->ports.inputs; i++)
        CF_TRY(cf_buffer_get(cl, cf_net_port_bytes(cf_net_input(s->net, i)), &s->in[i]));
    for (size_t i = 0; i < cf_net_output_count(s->net); i++)
        CF_TRY(cf_buffer_get(cl, cf_net_port_bytes(cf_net_output(s->net, i)), &s->out[i]));
    return CF_OK;
}

static void release(void *state) {
    plan *s = state;
    cf_net_destroy(&s->net);
    for (int i = 0; i < 3; i++)
        cf_buffer_put(&s->in[i]);
    for (int i = 0; i < CF_LAB_MODEL_OUTPUTS; i++)
        cf_buffer_put(&s->out[i]);
}

static cf_status feed(cf_cl *cl, const plan *s, const cf_plane_set *lab,
                      const cf_lab_network_params *p) {
    for (size_t i = 0; i < s->ports.inputs; i++) {
        int first, count;
        planes_of(&s->ports, i, &first, &count);
        for (int k = 0; k < count; k++) {
            int plane = first + k, h = lab->height;
            float scale = plane == 0  ? (p->lightness[1] - p->lightness[0]) / 100
                          : plane < 3 ? 1 / p->unit
                                      : 1;
            CF_TRY(cf_launch(cl, &cf_kernel_lab_network, "lab_feed", "",
                             CF_RANGE(lab->width, h, 64, 1),
                             CF_ARGS(CF_BUF(lab->buf), CF_INT(lab->pitch), CF_INT(plane * h),
                                     CF_BUF(s->in[i]), CF_INT(k * h), CF_INT(lab->width), CF_INT(h),
                                     CF_FLOAT(scale), CF_FLOAT(plane ? 0 : p->lightness[0]))));
        }
    }
    return CF_OK;
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    const cf_lab_network_params *p = params;
    const plan *s = io->state;
    const cf_plane_set *lab = &io->in[0], *ab = &io->out[0];
    const cf_range range = CF_RANGE(ab->width, 2 * ab->height, 64, 1);
    if (!s->net)
        return cf_launch(cl, &cf_kernel_lab_network, "lab_hints_alone", "", range,
                         CF_ARGS(CF_BUF(lab->buf), CF_INT(lab->pitch), CF_BUF(ab->buf),
                                 CF_INT(ab->pitch), CF_INT(ab->width), CF_INT(ab->height)));
    CF_TRY(feed(cl, s, lab, p));
    CF_TRY(cf_net_run(s->net, (const cf_buffer *const *)s->in, s->out));
    const cf_shape *shape = &cf_net_output(s->net, s->ports.ab)->shape;
    return cf_launch(cl, &cf_kernel_lab_network, "lab_take", "", range,
                     CF_ARGS(CF_BUF(s->out[s->ports.ab]), CF_INT((int)shape->dim[3]),
                             CF_INT((int)shape->dim[2]), CF_BUF(ab->buf), CF_INT(ab->pitch),
                             CF_INT(ab->width), CF_INT(ab->height), CF_FLOAT(p->unit)));
}

const cf_stage cf_stage_lab_network = {
    .name = "lab_network",
    .summary = "a published colorizer on its own grid",
    .in = {{.name = "lab", .domain = CF_DOMAIN_LAB, .planes = 4}},
    .out = {{.name = "ab", .domain = CF_DOMAIN_LAB, .planes = 2}},
    .params_size = sizeof(cf_lab_network_params),
    .defaults = &defaults,
    .options = options,
    .margin = -1,
    .tol_max = 1e-3,
    .tol_mean = 1e-4,
    .tol_why = "some twenty layers whose convolutions are summed in another order",
    .bind = bind,
    .state_size = sizeof(plan),
    .prepare = prepare,
    .release = release,
    .run_ref = cf_lab_network_ref,
    .run_cl = run_cl,
};
