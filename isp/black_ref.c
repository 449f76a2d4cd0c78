/* SPDX-License-Identifier: Apache-2.0 */
/* Reference of stage `black`. */
#include "isp/black.h"

cf_status cf_black_ref(const cf_stage_io *io, const void *params) {
    const cf_black_params *p = params;
    const cf_plane_set *in = &io->in[0], *out = &io->out[0];
    for (int y = 0; y < in->height; y++) {
        const unsigned short *codes =
            (const unsigned short *)in->data + (size_t)y * (size_t)in->pitch;
        float *row = cf_row(out, 0, y);
        for (int x = 0; x < in->width; x++) {
            float black = p->black[(y & 1) * 2 + (x & 1)];
            row[x] = ((float)codes[x] - black) / (p->white - black);
        }
    }
    return CF_OK;
}
