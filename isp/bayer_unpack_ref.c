/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `bayer_unpack`. */
#include "isp/bayer_unpack.h"

#include "isp/anscombe.h"

cf_status cf_bayer_unpack_ref(const cf_stage_io *io, const void *params) {
    const cf_bayer_params *p = params;
    float basis[4][4];
    cf_bayer_basis(p->tint, basis);
    for (int y = 0; y < io->out[0].height; y++)
        for (int x = 0; x < io->out[0].width; x++) {
            int site = (y & 1) * 2 + (x & 1);
            float d = 0, power = 0;
            for (int i = 0; i < 4; i++) {
                float b = basis[i][site], s = cf_row(&io->in[2], i, y / 2)[x / 2];
                d += b * cf_row(&io->in[1], i, y / 2)[x / 2];
                power += b * b * s * s;
            }
            float v = cf_anscombe_inverse(d, p->scale, p->offset);
            v = cf_unclip(v, p->scale, p->offset);
            cf_row(&io->out[0], 0, y)[x] = v;
            cf_row(&io->out[1], 0, y)[x] = sqrtf(power) * cf_anscombe_slope(v, p->scale, p->offset);
        }
    return CF_OK;
}
