/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `vst_inverse`. */
#include "isp/vst_inverse.h"

#include "isp/anscombe.h"

cf_status cf_vst_inverse_ref(const cf_stage_io *io, const void *params) {
    const cf_vst_inverse_params *p = params;
    for (int i = 0; i < io->in[0].planes; i++)
        for (int y = 0; y < io->in[0].height; y++) {
            const float *clean = cf_row(&io->in[0], i, y), *left = cf_row(&io->in[1], i, y);
            float *linear = cf_row(&io->out[0], i, y), *sigma = cf_row(&io->out[1], i, y);
            for (int x = 0; x < io->in[0].width; x++) {
                float v = cf_anscombe_inverse(clean[x], p->scale, p->offset);
                v = fminf(fmaxf(cf_unclip(v, p->scale, p->offset), 0), 1);
                float s = left[x] * cf_anscombe_slope(v, p->scale, p->offset);
                linear[x] = v;
                sigma[x] = s / (2 * sqrtf(v + s + 1e-20F));
            }
        }
    return CF_OK;
}
