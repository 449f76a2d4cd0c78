/* SPDX-License-Identifier: Apache-2.0 */
/* Host side of stage `network`: plans the network for its sizes, then runs it on the planes as they
 * lie. */
#include "fusion/network.h"

#include "base/log.h"
#include "cl/net/net.h"
#include "fusion/cells.h"
#include "fusion/colorizer.h"

CF_CL_SOURCE(network);

static const cf_network_params defaults = CF_NETWORK_DEFAULTS;

static const cf_option options[] = {
    {"vivid", CF_OPTION_FLOAT, offsetof(cf_network_params, vivid), 1, 0, 1,
     "where nothing was measured: 0 correct, 0.5 the nearest guess, 1 like the world"},
    CF_OPTION_END,
};

/* What the step keeps. */
typedef struct {
    cf_net *net;
    size_t at[CF_COLORIZER_PORTS]; /* among the model's inputs and outputs */
} plan;

static cf_status bind(const cf_stage_context *context, void *params) {
    cf_network_params *p = params;
    p->model = context->network;
    p->vivid = context->vivid;
    return CF_OK;
}

/* Chroma and error stay the transfer's. */
static int identity(const cf_stage_context *context) {
    return !context->network;
}

static const cf_plane_set *planes_of(const cf_stage_io *io, int port) {
    int out = port - CF_COLORIZER_CHROMA;
    return out < 0 ? &io->in[port] : &io->out[out];
}

static cf_shape shape_of(const cf_plane_set *set) {
    return (cf_shape){4, {1, set->planes, set->height, set->width}};
}

/* The planned ports are of the size of the step's. */
static cf_status check_size(const plan *s, const cf_stage_io *io) {
    char got[96], wanted[96];
    for (int i = 0; i < CF_COLORIZER_PORTS; i++) {
        if (i == CF_COLORIZER_VIVID)
            continue;
        const cf_model_port *port = i < CF_COLORIZER_VIVID ? cf_net_input(s->net, s->at[i])
                                                           : cf_net_output(s->net, s->at[i]);
        cf_shape shape = shape_of(planes_of(io, i));
        if (!cf_shape_equal(&shape, &port->shape))
            return cf_fail(CF_ERR_UNSUPPORTED, "network: '%s' is %s where %s is needed", port->name,
                           cf_shape_text(&port->shape, got), cf_shape_text(&shape, wanted));
    }
    return CF_OK;
}

static cf_status make_plan(cf_cl *cl, const cf_stage_io *io, const cf_model *model, float vivid,
                           plan *s) {
    cf_shape shapes[CF_COLORIZER_INPUTS];
    const float *fixed[CF_COLORIZER_INPUTS] = {NULL};
    cf_net_params params = CF_NET_DEFAULTS;
    CF_TRY(cf_colorizer_ports(model, s->at));
    for (int i = 0; i < CF_COLORIZER_VIVID; i++)
        shapes[s->at[i]] = shape_of(&io->in[i]);
    shapes[s->at[CF_COLORIZER_VIVID]] = (cf_shape){4, {1, 1, 1, 1}};
    fixed[s->at[CF_COLORIZER_VIVID]] = &vivid;
    params.fixed = fixed;
    params.shapes = shapes;
    params.shape_count = CF_COLORIZER_INPUTS;
    CF_TRY(cf_net_create(cl, model, &params, &s->net));
    return check_size(s, io);
}

static void release(void *state) {
    plan *s = state;
    cf_net_destroy(&s->net);
}

static cf_status prepare(cf_cl *cl, const cf_stage_io *io, const void *params, void *state) {
    const cf_network_params *p = params;
    cf_model *own = NULL;
    cf_status status = p->model ? CF_OK : cf_colorizer_open(NULL, &own);
    if (status == CF_OK)
        status = make_plan(cl, io, p->model ? p->model : own, p->vivid, state);
    cf_model_destroy(&own);
    return status;
}

static cf_status repitch(cf_cl *cl, const cf_plane_set *set, const cf_buffer *from, int from_pitch,
                         cf_buffer *to, int to_pitch) {
    int rows = set->height * set->planes;
    return cf_launch(cl, &cf_kernel_network, "repitch", "", CF_RANGE(set->width / 16, rows, 8, 1),
                     CF_ARGS(CF_BUF(from), CF_INT(from_pitch), CF_BUF(to), CF_INT(to_pitch),
                             CF_INT(set->width), CF_INT(rows)));
}

/* A port's planes without padding: as they are, or `spare` with a copy of them. */
static cf_status tight(cf_cl *cl, const cf_plane_set *set, int is_input, cf_buffer **spare,
                       cf_buffer **out) {
    *out = set->buf;
    if (set->pitch == set->width)
        return CF_OK;
    size_t samples = (size_t)set->width * (size_t)set->height * (size_t)set->planes;
    CF_TRY(cf_buffer_get(cl, samples * sizeof(float), spare));
    *out = *spare;
    return is_input ? repitch(cl, set, set->buf, set->pitch, *spare, set->width) : CF_OK;
}

static cf_status run_net(cf_cl *cl, const plan *s, const cf_stage_io *io,
                         cf_buffer *spare[CF_COLORIZER_PORTS]) {
    const cf_buffer *in[CF_COLORIZER_INPUTS];
    cf_buffer *out[2], *given;
    for (int i = 0; i < CF_COLORIZER_VIVID; i++) {
        CF_TRY(tight(cl, &io->in[i], 1, &spare[i], &given));
        in[s->at[i]] = given;
    }
    in[s->at[CF_COLORIZER_VIVID]] = NULL; /* fixed */
    for (int i = CF_COLORIZER_CHROMA; i < CF_COLORIZER_PORTS; i++)
        CF_TRY(tight(cl, planes_of(io, i), 0, &spare[i], &out[s->at[i]]));
    CF_TRY(cf_net_run(s->net, in, out));
    for (int i = CF_COLORIZER_CHROMA; i < CF_COLORIZER_PORTS; i++) {
        const cf_plane_set *set = planes_of(io, i);
        if (spare[i])
            CF_TRY(repitch(cl, set, spare[i], set->width, set->buf, set->pitch));
    }
    return CF_OK;
}

static cf_status run_cl(cf_cl *cl, const cf_stage_io *io, const void *params) {
    cf_buffer *spare[CF_COLORIZER_PORTS] = {NULL};
    (void)params;
    CF_TRY(check_size(io->state, io));
    cf_status status = run_net(cl, io->state, io, spare);
    for (int i = 0; i < CF_COLORIZER_PORTS; i++)
        cf_buffer_put(&spare[i]);
    return status;
}

const cf_stage cf_stage_network = {
    .name = "network",
    .summary = "corrects and completes chroma on the grid of cells",
    .in = {{.name = "transferred", .domain = CF_DOMAIN_CHROMA, .planes = 2},
           {.name = "doubt", .domain = CF_DOMAIN_SIGMA, .planes = 1},
           {.name = "mono", .domain = CF_DOMAIN_UNIT, .planes = 1},
           {.name = "hint", .domain = CF_DOMAIN_CHROMA, .planes = 2},
           {.name = "confidence", .domain = CF_DOMAIN_UNIT, .planes = 1},
           {.name = "sigma", .domain = CF_DOMAIN_SIGMA, .planes = 1}},
    .out = {{.name = "chroma", .domain = CF_DOMAIN_CHROMA, .planes = 2},
            {.name = "error", .domain = CF_DOMAIN_SIGMA, .planes = 1}},
    .params_size = sizeof(cf_network_params),
    .defaults = &defaults,
    .options = options,
    .multiple = CF_CELLS_MULTIPLE,
    .margin = -1,
    .tol_max = 2e-4,
    .tol_mean = 1e-5,
    .tol_why =
        "20 layers whose convolutions are summed in another order, some by Winograd's method",
    .identity = identity,
    .bind = bind,
    .state_size = sizeof(plan),
    .prepare = prepare,
    .release = release,
    .run_ref = cf_network_ref,
    .run_cl = run_cl,
};
