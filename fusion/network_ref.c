/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `network`: every operator by its own reference. */
#include "fusion/network.h"

#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "cl/net/net.h"
#include "fusion/colorizer.h"

/* Arrays without padding, in the model's order. */
typedef struct {
    cf_shape in_shapes[CF_COLORIZER_INPUTS], out_shapes[2];
    const void *in[CF_COLORIZER_INPUTS];
    void *out[2];
} arrays;

static size_t row_bytes(const cf_plane_set *set) {
    return (size_t)set->width * sizeof(float);
}

static cf_status pack(const cf_plane_set *set, const void **out) {
    char *data = cf_alloc((size_t)set->planes * (size_t)set->height, row_bytes(set));
    if (!data)
        return CF_ERR_MEMORY;
    *out = data;
    for (int p = 0; p < set->planes; p++)
        for (int y = 0; y < set->height; y++, data += row_bytes(set))
            memcpy(data, cf_row(set, p, y), row_bytes(set));
    return CF_OK;
}

static cf_status unpack(const char *data, const cf_shape *shape, const cf_plane_set *set) {
    const cf_shape wanted = {4, {1, set->planes, set->height, set->width}};
    if (!cf_shape_equal(shape, &wanted))
        return cf_fail(CF_ERR_UNSUPPORTED, "network: an output of the wrong size");
    for (int p = 0; p < set->planes; p++)
        for (int y = 0; y < set->height; y++, data += row_bytes(set))
            memcpy(cf_row(set, p, y), data, row_bytes(set));
    return CF_OK;
}

static cf_status run(const cf_stage_io *io, const cf_model *model, const float *vivid, arrays *a) {
    size_t at[CF_COLORIZER_PORTS];
    CF_TRY(cf_colorizer_ports(model, at));
    for (int i = 0; i < CF_COLORIZER_VIVID; i++) {
        const cf_plane_set *set = &io->in[i];
        a->in_shapes[at[i]] = (cf_shape){4, {1, set->planes, set->height, set->width}};
        CF_TRY(pack(set, &a->in[at[i]]));
    }
    a->in_shapes[at[CF_COLORIZER_VIVID]] = (cf_shape){4, {1, 1, 1, 1}};
    a->in[at[CF_COLORIZER_VIVID]] = vivid;
    cf_status status = cf_net_reference(model, a->in_shapes, a->in, a->out, a->out_shapes);
    a->in[at[CF_COLORIZER_VIVID]] = NULL;
    for (int i = CF_COLORIZER_CHROMA; i <= CF_COLORIZER_ERROR && status == CF_OK; i++)
        status = unpack(a->out[at[i]], &a->out_shapes[at[i]], &io->out[i - CF_COLORIZER_CHROMA]);
    return status;
}

cf_status cf_network_ref(const cf_stage_io *io, const void *params) {
    const cf_network_params *p = params;
    cf_model *own = NULL;
    arrays a = {0};
    if (!p->model)
        CF_TRY(cf_colorizer_open(NULL, &own));
    cf_status status = run(io, p->model ? p->model : own, &p->vivid, &a);
    for (int i = 0; i < CF_COLORIZER_INPUTS; i++)
        cf_free((void *)a.in[i]);
    for (int i = 0; i < 2; i++)
        cf_free(a.out[i]);
    cf_model_destroy(&own);
    return status;
}
