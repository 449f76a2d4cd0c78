/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `vst`. */
#include "isp/vst.h"

#include "isp/anscombe.h"

cf_status cf_vst_ref(const cf_stage_io *io, const void *params) {
    const cf_vst_params *p = params;
    for (int i = 0; i < io->in[0].planes; i++)
        for (int y = 0; y < io->in[0].height; y++) {
            const float *raw = cf_row(&io->in[0], i, y);
            float *stable = cf_row(&io->out[0], i, y);
            for (int x = 0; x < io->in[0].width; x++)
                stable[x] = cf_anscombe(fabsf(raw[x]) < 1e18F ? raw[x] : 0, p->scale, p->offset);
        }
    return CF_OK;
}
