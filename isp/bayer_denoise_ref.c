/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `bayer_denoise`. */
#include "isp/bayer_denoise.h"

#include <math.h>

#include "base/alloc.h"
#include "isp/bayer_unpack.h"
#include "isp/denoise.h"

static void mix(const cf_plane_set *raw, const cf_plane_set *clean, float amount) {
    for (int y = 0; y < raw->height; y++) {
        const float *a = cf_row(raw, 0, y);
        float *b = cf_row(clean, 0, y);
        for (int x = 0; x < raw->width; x++)
            if (fabsf(a[x]) < 1e18F)
                b[x] = a[x] + amount * (b[x] - a[x]);
    }
}

cf_status cf_bayer_denoise_ref(const cf_stage_io *io, const void *params) {
    const cf_bayer_denoise_params *p = params;
    const cf_denoise_params denoise = CF_DENOISE_DEFAULTS;
    cf_stage_io pack = {.in[0] = io->in[0]}, shrink = {0}, unpack = {.in[0] = io->in[0]};
    CF_TRY(cf_stage_shape(&cf_stage_bayer_pack, &pack, &p->bayer, 0, &pack.out[0]));
    size_t half = cf_plane_set_bytes(&pack.out[0]) / sizeof(float);
    size_t full = (size_t)io->out[0].pitch * (size_t)io->out[0].height;
    float *scratch = cf_alloc(3 * half + full, sizeof(float));
    if (!scratch)
        return CF_ERR_MEMORY;
    pack.out[0].data = scratch;
    shrink.in[0] = shrink.out[0] = shrink.out[1] = pack.out[0];
    shrink.out[0].data = scratch + half;
    shrink.out[1].data = scratch + 2 * half;
    unpack.in[1] = shrink.out[0];
    unpack.in[2] = shrink.out[1];
    unpack.out[0] = unpack.out[1] = io->out[0];
    unpack.out[1].data = scratch + 3 * half;
    cf_status status = cf_bayer_pack_ref(&pack, &p->bayer);
    if (status == CF_OK)
        status = cf_denoise_ref(&shrink, &denoise);
    if (status == CF_OK)
        status = cf_bayer_unpack_ref(&unpack, &p->bayer);
    if (status == CF_OK)
        mix(&io->in[0], &io->out[0], p->amount);
    cf_free(scratch);
    return status;
}
